"""Whose a recording is, noted beside it in the tmpfs, so that a restarted daemon still knows."""

import contextlib
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from clinicpbx.adapters.vault.durable import PRIVATE_FILE, make_folder, untouched
from clinicpbx.adapters.vault.message import Message
from clinicpbx.adapters.vault.names import checked
from clinicpbx.paths import Instance

RECORDED = ".ulaw"
TORN = 10.0  # seconds; a claim is written in one


@dataclass(frozen=True, slots=True)
class Claim:
    """The recording *source* (its path in clear) becomes *message*."""

    source: Path
    message: Message

    @classmethod
    def on(cls, instance: Instance, recording: str, message: Message) -> "Claim":
        """The claim on the ARI recording named *recording*."""
        return cls(instance.recordings / (checked(recording, "recording") + RECORDED), message)


def claims_folder(instance: Instance) -> Path:
    """In the tmpfs: claims carry numbers in clear."""
    return instance.clear / "claims"


def _path(instance: Instance, source: Path) -> Path:
    parts = source.relative_to(instance.recordings).with_suffix("").parts
    return claims_folder(instance) / ("@".join(checked(part, "recording") for part in parts) + ".json")


def write_claim(instance: Instance, claim: Claim) -> None:
    """Notes *claim*, at once and whole; it need not outlive the tmpfs."""
    path = _path(instance, claim.source)
    make_folder(path.parent)
    hidden = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    content = json.dumps({"source": str(claim.source), "message": claim.message.encode().decode()})
    opened = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    try:
        with os.fdopen(opened, "w") as stream:
            stream.write(content)
        hidden.replace(path)
    except BaseException:
        hidden.unlink(missing_ok=True)
        raise


def drop_claim(instance: Instance, source: Path) -> None:
    """Forgets the claim on *source*; twice is once."""
    _path(instance, source).unlink(missing_ok=True)


def torn_claims(instance: Instance) -> list[Path]:
    """What a process that died left half written: numbers in clear that nobody asks for any more."""
    folder = claims_folder(instance)
    return [path for path in folder.glob(".*.tmp") if untouched(path, TORN)] if folder.is_dir() else []


def claims(instance: Instance) -> list[Claim]:
    """Every claim there is; one that cannot be read counts as none."""
    folder = claims_folder(instance)
    found = []
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else []:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            fields = json.loads(path.read_text())
            found.append(Claim(Path(fields["source"]), Message.decode(fields["message"].encode())))
    return found
