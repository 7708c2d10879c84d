"""The clinic's prompts as sound: a recording where there is one, else a draft spoken by espeak-ng."""

import shutil
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

from clinicpbx.adapters.asterisk.files import write_if_changed
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance

VOICES = {"en": "en-us", "es": "es-419", "fr": "fr-fr"}
_WORDS_A_MINUTE = "150"
_SOX = ("sox", "-q", "-t", "wav", "-", "-r", "8000", "-c", "1", "-b", "16", "-t", "wav")


def make_prompts(instance: Instance, texts: Iterable[tuple[str, str, str]]) -> int:
    """Make prompts/LANGUAGE/NAME.wav (8 kHz, mono, 16 bit) of each (language, name, text); returns how many were made.

    A recording rules/prompts/LANGUAGE/NAME.wav wins over the draft. A draft is made anew only where its text changed.
    Errors: ClinicPBXError where espeak-ng or sox is missing or refuses.
    """
    with ThreadPoolExecutor(2) as pool:
        return sum(pool.map(lambda spoken: _make(instance, *spoken), texts))


def _make(instance: Instance, language: str, name: str, text: str) -> int:
    sound = instance.prompts / language / f"{name}.wav"
    stamp = sound.with_suffix(".source")
    sound.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    recording = instance.rules / "prompts" / language / f"{name}.wav"
    source = sha256(recording.read_bytes() if recording.exists() else f"{language}:{text}".encode()).hexdigest()
    if sound.exists() and stamp.exists() and stamp.read_text() == source:
        return 0
    draft = sound.with_suffix(".new")
    if recording.exists():
        shutil.copyfile(recording, draft)
    else:
        _speak(VOICES.get(language, language), text, draft)
    draft.chmod(0o640)
    draft.replace(sound)
    write_if_changed(stamp, source)
    return 1


def _speak(voice: str, text: str, target: Path) -> None:
    try:
        spoken = subprocess.run(
            ["espeak-ng", "-v", voice, "-s", _WORDS_A_MINUTE, "--stdout"],
            input=text.encode(),
            capture_output=True,
            check=True,
        )
        subprocess.run([*_SOX, str(target)], input=spoken.stdout, capture_output=True, check=True)
    except FileNotFoundError as missing:
        raise ClinicPBXError(
            f"{missing.filename} is not installed", where="prompts", do="apt install espeak-ng sox"
        ) from None
    except subprocess.CalledProcessError as failed:
        do = f"Record {target.with_suffix('.wav').name} and put it into rules/prompts/"
        raise ClinicPBXError(f"{failed.cmd[0]} cannot speak the prompt", where=str(target), do=do) from None
