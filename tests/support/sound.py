"""Sound for tests: tones to play, and what a recording holds."""

import math
import struct
import wave
from itertools import pairwise
from pathlib import Path

RATE = 8000


def tone(path: Path, hertz: float = 440, seconds: float = 1.0, level: int = 8000) -> Path:
    """A sine of *hertz* in a WAV file of 8 kHz, mono, 16 bit."""
    samples = (round(level * math.sin(2 * math.pi * hertz * n / RATE)) for n in range(int(RATE * seconds)))
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, RATE, 0, "NONE", ""))
        out.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return path


def samples(path: Path) -> list[int]:
    with wave.open(str(path)) as recording:
        raw = recording.readframes(recording.getnframes())
    return [value for (value,) in struct.iter_unpack("<h", raw)]


def loudness(path: Path) -> float:
    """Root mean square of the samples, 0 (silence) to 32767."""
    heard = samples(path)
    return math.sqrt(sum(s * s for s in heard) / len(heard)) if heard else 0.0


def pitch(path: Path) -> float:
    """Hertz, counted by the upward zero crossings of the loud part."""
    loud = [s for s in samples(path) if abs(s) > 200]
    if not loud:
        return 0.0
    heard = samples(path)
    first = next(i for i, s in enumerate(heard) if abs(s) > 1000)
    heard = heard[first : first + RATE]
    rises = sum(1 for a, b in pairwise(heard) if a < 0 <= b)
    return rises * RATE / len(heard)
