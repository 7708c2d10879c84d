"""Prompts are made once, anew when their text changes, and never over a recording."""

import shutil
import wave
from pathlib import Path

import pytest

from clinicpbx.adapters.asterisk.prompts import make_prompts
from clinicpbx.paths import Instance

pytestmark = [
    pytest.mark.unit,
    pytest.mark.skipif(not (shutil.which("espeak-ng") and shutil.which("sox")), reason="needs espeak-ng and sox"),
]


def test_a_draft_is_what_asterisk_plays(tmp_path: Path) -> None:
    instance = Instance(tmp_path)
    assert make_prompts(instance, [("en", "hi", "Hello."), ("es", "hi", "-v; Hola.")]) == 2
    for language in ("en", "es"):
        with wave.open(str(tmp_path / "prompts" / language / "hi.wav")) as sound:
            assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (8000, 1, 2)
            assert sound.getnframes() > 1000
    assert make_prompts(instance, [("en", "hi", "Hello."), ("es", "hi", "¡Buenas!")]) == 1


def test_a_recording_wins_and_stays(tmp_path: Path) -> None:
    instance = Instance(tmp_path)
    recording = tmp_path / "rules" / "prompts" / "en" / "hi.wav"
    recording.parent.mkdir(parents=True)
    recording.write_bytes(b"RIFF our receptionist")
    assert make_prompts(instance, [("en", "hi", "Hello.")]) == 1
    assert make_prompts(instance, [("en", "hi", "Hello again.")]) == 0
    assert (tmp_path / "prompts" / "en" / "hi.wav").read_bytes() == recording.read_bytes()
    recording.unlink()
    assert make_prompts(instance, [("en", "hi", "Hello.")]) == 1
