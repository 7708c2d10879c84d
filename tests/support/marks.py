"""Looks for what a patient said, or their number, in every file it must not be in."""

import math
from collections.abc import Iterable
from pathlib import Path

from clinicpbx.paths import Instance

NEEDLE = 24


def _ulaw(sample: int) -> int:
    """G.711 µ-law of one 16 bit sample."""
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), 32635) + 132
    exponent = max(0, magnitude.bit_length() - 8)
    return ~(sign | exponent << 4 | magnitude >> (exponent + 3) & 0x0F) & 0xFF


def tone(seconds: float, hertz: int = 437) -> bytes:
    """A sine in µ-law at 8 kHz, of a frequency whose bytes occur in no prompt."""
    step = 2 * math.pi * hertz / 8000
    return bytes(_ulaw(int(12000 * math.sin(step * n))) for n in range(int(seconds * 8000)))


def _needles(pattern: bytes) -> set[bytes]:
    """Windows of *pattern*, one every 160 bytes: a part of it in a file is found as well as the whole."""
    if len(pattern) <= NEEDLE:
        return {pattern}
    return {pattern[i : i + NEEDLE] for i in range(0, min(len(pattern), 8000) - NEEDLE, 160)}


def find_plain(folder: Path, patterns: Iterable[bytes], *, except_below: Path | None = None) -> list[Path]:
    """The files below *folder* that hold (a part of) one of *patterns*, in content or name."""
    needles = [needle for pattern in patterns for needle in _needles(pattern)]
    found = []
    for path in sorted(folder.rglob("*")):
        if except_below is not None and path.is_relative_to(except_below):
            continue
        if not path.is_file() or path.is_symlink():
            continue
        content = path.read_bytes() + b"\n" + str(path.relative_to(folder)).encode()
        if any(needle in content for needle in needles):
            found.append(path)
    return found


def assert_nothing_in_clear(instance: Instance, *patterns: bytes | str, tmpfs_too: bool = False) -> None:
    """No file of *instance* outside its tmpfs (with *tmpfs_too*: none at all) holds one of *patterns*."""
    wanted = [pattern.encode() if isinstance(pattern, str) else pattern for pattern in patterns]
    found = find_plain(instance.home, wanted, except_below=None if tmpfs_too else instance.clear)
    assert not found, f"in clear: {[str(path.relative_to(instance.home)) for path in found]}"
