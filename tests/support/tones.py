"""Prompts as tones, one frequency a prompt and language, so that a phone's recording tells what was played."""

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from tests.support.sound import RATE, samples, tone

LOWEST, HIGHEST, STEP = 1000, 3400, 9  # hertz; within a telephone's band, above the loud notes of Asterisk's music
SECONDS = 1.0
WINDOW = RATE // 20
LOUD = 1500


class Tones:
    """*prompts* are (language, name) pairs; each gets the next frequency."""

    def __init__(self, prompts: Iterable[tuple[str, str]]) -> None:
        self.hertz = {f"{language}/{name}": LOWEST + STEP * n for n, (language, name) in enumerate(prompts)}
        assert max(self.hertz.values()) <= HIGHEST, "more prompts than a telephone's band has tones for"

    def record(self, folder: Path, *languages: str) -> None:
        """Write FOLDER/LANGUAGE/NAME.wav for every prompt of *languages*, as a clinic that records its own prompts."""
        for prompt, hertz in self.hertz.items():
            if prompt.partition("/")[0] not in languages:
                continue
            path = folder / f"{prompt}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            tone(path, hertz, SECONDS)

    def heard(self, recording: Path) -> list[str]:
        """The prompts in *recording* in order, repeated ones once; speech and music are left out."""
        sound = samples(recording)
        names = [self._name(sound[start : start + WINDOW]) for start in range(0, len(sound), WINDOW)]
        sure = [a for a, b, c in zip(names, names[1:], names[2:], strict=False) if a == b == c and a]
        return [name for n, name in enumerate(sure) if n == 0 or sure[n - 1] != name]

    def _name(self, window: list[int]) -> str:
        found = steady(window)
        if found is None:
            return ""
        return next((name for name, hertz in self.hertz.items() if abs(hertz - found) < STEP / 3), "")


def steady(window: list[int]) -> float | None:
    """The frequency of *window* in hertz where it is one tone; None for silence, speech and music."""
    if max(map(abs, window), default=0) < LOUD:
        return None
    rises = [n + a / (a - b) for n, (a, b) in enumerate(pairwise(window)) if a < 0 <= b]
    if len(rises) < 8:
        return None
    mean = (rises[-1] - rises[0]) / (len(rises) - 1)
    if any(abs(later - earlier - mean) > mean / 5 for earlier, later in pairwise(rises)):
        return None
    half = len(window) // 2
    first, second = max(map(abs, window[:half])), max(map(abs, window[half:]))
    return RATE / mean if abs(first - second) < max(first, second) / 8 else None  # a note of music dies away
