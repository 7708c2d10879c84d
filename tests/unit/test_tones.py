"""The ears of the integration tests."""

from pathlib import Path

import pytest

from tests.support.sound import samples, tone
from tests.support.tones import Tones, steady

pytestmark = pytest.mark.unit


def test_every_prompt_is_told_from_every_other(tmp_path: Path) -> None:
    tones = Tones(("en", f"prompt-{n}") for n in range(200))
    tones.record(tmp_path, "en")
    for name in tones.hertz:
        assert tones.heard(tmp_path / f"{name}.wav") == [name]


def test_silence_is_no_tone(tmp_path: Path) -> None:
    assert steady(samples(tone(tmp_path / "quiet.wav", 1000, 0.1, level=100))) is None
