"""Sealed files, format CPX1 (docs/sealed-format.md): authenticated chunk by chunk, whole or refused."""

import base64
import binascii
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from hashlib import sha256
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from clinicpbx.errors import ClinicPBXError

MAGIC = b"CPBXENC1"
CHUNK = 16 * 1024
TAG = 16
SALT = 32
PREFIX = 7
MAX_HEADER = 4096
MAX_CHUNK = 1024 * 1024
MAX_CHUNKS = 2**32


class Damaged(ClinicPBXError):
    """A sealed file is not what was sealed: cut, altered, of another place, or no sealed file at all."""

    exit_code = 65


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a sealed file says of itself, in clear but bound to its key. *created*: ISO 8601 UTC."""

    obj: str
    mailbox: str
    kind: str
    codec: str
    created: str
    key_id: str
    wrapped_dek: bytes
    chunk: int = CHUNK
    v: int = 1
    suite: int = 2

    def _fields(self) -> dict[str, object]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def encode(self) -> bytes:
        """Canonical JSON: keys sorted, no blanks, ASCII; the wrapped key in base64."""
        named = self._fields() | {"wrapped_dek": base64.b64encode(self.wrapped_dek).decode()}
        return json.dumps(named, sort_keys=True, separators=(",", ":")).encode("ascii")

    @classmethod
    def decode(cls, encoded: bytes) -> "Header":
        """Damaged unless *encoded* is exactly what `encode` writes, of a version and suite known here."""
        try:
            named = json.loads(encoded)
            wrapped = base64.b64decode(named.pop("wrapped_dek"), validate=True)
            header = cls(**named, wrapped_dek=wrapped)
            same = header.encode() == encoded
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, binascii.Error):
            raise Damaged("its header is not readable") from None
        if not same or any(type(v) is not type(getattr(_EXAMPLE, k)) for k, v in header._fields().items()):
            raise Damaged("its header is not canonical")
        if header.v != 1 or header.suite not in (1, 2):
            raise Damaged(f"its version {header.v}, suite {header.suite} is not known here")
        if not 1 <= header.chunk <= MAX_CHUNK:
            raise Damaged("its chunk size is out of bounds")
        return header


_EXAMPLE = Header(obj="", mailbox="", kind="", codec="", created="", key_id="", wrapped_dek=b"")

KeyFor = Callable[[Header], bytes]


@dataclass(frozen=True, slots=True)
class Preamble:
    """All that stands before the first chunk: header, salt, nonce prefix."""

    header: Header
    salt: bytes
    prefix: bytes

    def encode(self) -> bytes:
        header = self.header.encode()
        if len(header) > MAX_HEADER:
            raise ValueError("header too long")
        return MAGIC + len(header).to_bytes(2, "big") + header + self.salt + self.prefix

    def cipher(self, dek: bytes) -> AESGCM:
        """The object's own cipher; every byte before the first chunk goes into its key."""
        if len(dek) != 32:
            raise ValueError("a data key has 32 bytes")
        info = b"cpbx/v1/stream" + sha256(self.encode()).digest()
        return AESGCM(HKDF(algorithm=SHA256(), length=32, salt=self.salt, info=info).derive(dek))

    def nonce(self, index: int, last: bool) -> bytes:
        if index >= MAX_CHUNKS:
            raise ValueError("too many chunks")
        return self.prefix + index.to_bytes(4, "big") + bytes([last])


def read_preamble(stream: BinaryIO) -> Preamble:
    """Reads up to the first chunk; Damaged where that is not possible. Nothing of it is verified yet."""
    head = _exactly(stream, len(MAGIC) + 2)
    length = int.from_bytes(head[len(MAGIC) :], "big")
    if head[: len(MAGIC)] != MAGIC:
        raise Damaged("it is no sealed file")
    if length > MAX_HEADER:
        raise Damaged("its header is too long")
    header = Header.decode(_exactly(stream, length))
    return Preamble(header, _exactly(stream, SALT), _exactly(stream, PREFIX))


class Sealer:
    """Seals one object piece by piece: write `preamble`, then what `feed` returns, then `finish`.

    A full chunk is held back until more follows, so that an object has one form only: its last chunk is
    empty only where the object is.
    """

    def __init__(self, header: Header, dek: bytes) -> None:
        self._opening = Preamble(header, os.urandom(SALT), os.urandom(PREFIX))
        self._cipher = self._opening.cipher(dek)
        self._held = b""
        self._index = 0
        self._finished = False
        self.preamble = self._opening.encode()

    def feed(self, piece: bytes) -> bytes:
        """The sealed chunks that *piece* completed, possibly none."""
        if self._finished:
            raise ValueError("already finished")
        self._held += piece
        size = self._opening.header.chunk
        whole = max(0, (len(self._held) - 1) // size)
        sealed = b"".join(self._seal(self._held[i * size : (i + 1) * size], False) for i in range(whole))
        self._held = self._held[whole * size :]
        return sealed

    def finish(self) -> bytes:
        """The final chunk."""
        if self._finished:
            raise ValueError("already finished")
        self._finished = True
        return self._seal(self._held, True)

    def _seal(self, plain: bytes, last: bool) -> bytes:
        sealed = self._cipher.encrypt(self._opening.nonce(self._index, last), plain, None)
        self._index += 1
        return sealed


def seal(header: Header, dek: bytes, plain: bytes) -> bytes:
    """A whole sealed object at once."""
    sealer = Sealer(header, dek)
    return sealer.preamble + sealer.feed(plain) + sealer.finish()


def open_sealed(stream: BinaryIO, key_for: KeyFor) -> Iterator[bytes]:
    """The plain chunks, each verified before it is handed out; *key_for* unwraps the header's data key.

    Damaged at the first byte that is not as sealed. That the end is missing shows only at the end: who must
    not act on a part reads to the end first.
    """
    opening = read_preamble(stream)
    cipher = opening.cipher(key_for(opening.header))
    size = opening.header.chunk + TAG
    index = 0
    block, follows = stream.read(size), stream.read(size)
    while follows:
        yield _open(cipher, opening, index, False, block)
        index += 1
        block, follows = follows, stream.read(size)
    plain = _open(cipher, opening, index, True, block)
    if index and not plain:
        raise Damaged("its last chunk is empty")
    yield plain


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a file without its end still held; *complete* when the end was there after all."""

    header: Header
    plain: bytes
    complete: bool


def open_truncated(stream: BinaryIO, key_for: KeyFor) -> Recovered:
    """Recovers a file whose writing was cut off, up to its last whole chunk: only for `.part` files.

    At most the last block may be torn; anything wrong before it is Damaged.
    """
    opening = read_preamble(stream)
    cipher = opening.cipher(key_for(opening.header))
    size = opening.header.chunk + TAG
    blocks = list(iter(lambda: stream.read(size), b""))
    plain = [_open(cipher, opening, i, False, block) for i, block in enumerate(blocks[:-1])]
    complete = False
    for last in (True, False):
        try:
            plain += [_open(cipher, opening, len(blocks) - 1, last, block) for block in blocks[-1:]]
        except Damaged:
            continue
        complete = last and bool(blocks)
        break
    return Recovered(opening.header, b"".join(plain), complete)


def _open(cipher: AESGCM, opening: Preamble, index: int, last: bool, block: bytes) -> bytes:
    try:
        return cipher.decrypt(opening.nonce(index, last), block, None)
    except (InvalidTag, ValueError):
        raise Damaged(f"chunk {index} is not as it was sealed") from None


def _exactly(stream: BinaryIO, size: int) -> bytes:
    block = stream.read(size)
    if len(block) != size:
        raise Damaged("it ends before its first chunk")
    return block
