"""What the morning's people say, spoken by espeak-ng into the instance's tmpfs."""

import hashlib
import subprocess
from functools import cache
from pathlib import Path

from clinicpbx.demo.morning import VOICES


@cache
def spoken(folder: Path, words: str, language: str = "en") -> Path:
    """A WAV file (8 kHz, mono, 16 bit) in *folder* with *words*. CalledProcessError where espeak-ng or sox fails."""
    path = folder / f"demo-{hashlib.sha256(f'{language}:{words}'.encode()).hexdigest()[:12]}.wav"
    voice = ["espeak-ng", "-v", VOICES[language], "--stdout"]
    speech = subprocess.run(voice, input=words.encode(), capture_output=True, check=True)
    sox = ["sox", "-q", "-t", "wav", "-", "-r", "8000", "-c", "1", "-b", "16", str(path)]
    subprocess.run(sox, input=speech.stdout, capture_output=True, check=True)
    return path
