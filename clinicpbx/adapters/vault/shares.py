"""A key on paper: printable text with a checksum, split so that any *needed* of its parts give it back.

Shamir, How to share a secret, CACM 22 (1979), byte by byte over GF(256) with the polynomial of AES (FIPS 197, 4.2).
Fewer parts than are needed say nothing of the key.
"""

import base64
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from clinicpbx.errors import ClinicPBXError

MOST = 20
_LINE = re.compile(r"CPBX1-([0-9]+)-([0-9]+)-([A-Z2-7-]+)")


class PartRefused(ClinicPBXError):
    """A part that was not written like this, or parts that do not belong together."""

    exit_code = 65


@dataclass(frozen=True, slots=True)
class Part:
    """Point *x* (1 …) of every byte's polynomial; *needed* of them give the secret. *set* is drawn for a splitting."""

    needed: int
    x: int
    set: bytes
    values: bytes

    def __str__(self) -> str:
        """`CPBX1-NEEDED-NUMBER-` and groups of four letters, the last bytes a checksum."""
        body = bytes([self.needed, self.x]) + self.set + self.values
        text = base64.b32encode(self.set + self.values + sha256(body).digest()[:4]).decode().rstrip("=")
        return f"CPBX1-{self.needed}-{self.x}-" + "-".join(text[i : i + 4] for i in range(0, len(text), 4))

    @classmethod
    def read(cls, text: str) -> "Part":
        """The part of `str`, in letters of either case, blanks in it passed over; PartRefused."""
        found = _LINE.fullmatch(re.sub(r"\s", "", text).upper())
        try:
            assert found is not None
            needed, x, letters = int(found[1]), int(found[2]), found[3].replace("-", "")
            content = base64.b32decode(letters + "=" * (-len(letters) % 8))
            part = cls(needed, x, content[:2], content[2:-4])
            if str(part).replace("-", "") != found[0].replace("-", ""):
                raise ValueError
        except (AssertionError, ValueError):
            raise PartRefused("a part is not as it was printed", do="Look at each letter again") from None
        return part


def split(secret: bytes, parts: int, needed: int) -> list[Part]:
    """*parts* parts of which any *needed* give *secret*. ValueError for numbers that make no sense."""
    if not 1 <= needed <= parts <= MOST:
        raise ValueError(f"of 1 to {MOST} parts at least one and at most all can be needed")
    name = secrets.token_bytes(2)
    polynomials = [[byte, *secrets.token_bytes(needed - 1)] for byte in secret]
    return [Part(needed, x, name, bytes(_at(each, x) for each in polynomials)) for x in range(1, parts + 1)]


def combine(parts: Sequence[Part]) -> bytes:
    """The secret of *parts*; PartRefused where there are too few, or they are of two secrets."""
    distinct = {part.x: part for part in parts}
    kinds = {(part.needed, part.set, len(part.values)) for part in parts}
    if len(kinds) != 1:
        raise PartRefused("these parts are not of one splitting")
    needed = next(iter(kinds))[0]
    if len(distinct) < needed:
        raise PartRefused(f"{needed} parts are needed, and {len(distinct)} are there")
    used = list(distinct.values())[:needed]
    return bytes(_at_zero([(part.x, part.values[i]) for part in used]) for i in range(len(used[0].values)))


def _times(a: int, b: int) -> int:
    product = 0
    while b:
        product ^= a * (b & 1)
        a = a << 1 ^ (0x11B if a & 0x80 else 0)
        b >>= 1
    return product


def _over(a: int, b: int) -> int:
    """a / b: b to the 254th is its inverse."""
    for _ in range(254):
        a = _times(a, b)
    return a


def _at(polynomial: Sequence[int], x: int) -> int:
    value = 0
    for coefficient in reversed(polynomial):
        value = _times(value, x) ^ coefficient
    return value


def _at_zero(points: Sequence[tuple[int, int]]) -> int:
    """Lagrange: the polynomial through *points*, at 0."""
    total = 0
    for x, y in points:
        for other, _ in points:
            if other != x:
                y = _times(y, _over(other, other ^ x))
        total ^= y
    return total
