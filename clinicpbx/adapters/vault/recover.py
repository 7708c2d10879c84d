"""Makes messages of what was sealed before the power went: the vault process does, for it opens what is there."""

import fcntl
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from clinicpbx.adapters.vault.durable import SHARED_FILE, Checkpoint, locked, pass_by, sync_folder, write_durably
from clinicpbx.adapters.vault.envelope import Damaged, open_truncated, seal
from clinicpbx.adapters.vault.letterbox import AUDIO, META, PART
from clinicpbx.adapters.vault.message import Message, duration_of
from clinicpbx.adapters.vault.publickeys import KeyDestroyed
from clinicpbx.adapters.vault.store import NoSuchMessage, Vault

SMALLEST = 640
"""A torn header is no damage: nothing was sealed behind it yet."""


def recover(vault: Vault, mailbox: str, id: str, *, checkpoint: Checkpoint = pass_by) -> Message | None:
    """The message made of `.part`, *truncated* unless its end was there; None where there is nothing, or a job has it.

    Damaged where it was altered. Safe to repeat, and to be killed anywhere.
    """
    part = vault.path(mailbox, id, PART)
    try:
        with part.open("rb") as stream, locked(part.parent):
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if vault.is_gone(mailbox, id) or vault.path(mailbox, id, AUDIO).exists():
                part.unlink(missing_ok=True)
                return None
            return _recover(vault, part, stream, checkpoint)
    except (FileNotFoundError, BlockingIOError):
        return None


def _recover(vault: Vault, part: Path, stream: BinaryIO, checkpoint: Checkpoint) -> Message | None:
    mailbox, id = part.parent.name, part.name.removesuffix(PART)
    plain, complete, at = _opened(vault, part, stream)
    known = _label(vault, mailbox, id)
    if not plain and known is None:
        part.unlink()
        return None
    known = known or Message(mailbox=mailbox, id=id, call="", received=at)
    message = replace(known, duration=duration_of(len(plain)), truncated=not complete)
    header, dek = vault.header(mailbox, id, AUDIO, message.received)
    vault.label(message)
    checkpoint("recovered label")
    write_durably(vault.path(mailbox, id, AUDIO), seal(header, dek, plain), SHARED_FILE)
    checkpoint("recovered sound")
    part.unlink()
    sync_folder(part.parent)
    checkpoint("part removed")
    return message


def _opened(vault: Vault, part: Path, stream: BinaryIO) -> tuple[bytes, bool, datetime]:
    mailbox, id = part.parent.name, part.name.removesuffix(PART)
    try:
        found = open_truncated(stream, lambda header: vault.key_for(mailbox, id, PART, header))
        return found.plain, found.complete, datetime.fromisoformat(found.header.created)
    except Damaged as error:
        if part.stat().st_size > SMALLEST:
            raise Damaged(error.what, where=f"{mailbox}/{part.name}") from None
        return b"", False, datetime.fromtimestamp(part.stat().st_mtime, UTC)


def _label(vault: Vault, mailbox: str, id: str) -> Message | None:
    if not vault.path(mailbox, id, META).exists():
        return None
    try:
        return vault.message(mailbox, id)
    except (Damaged, KeyDestroyed, NoSuchMessage):
        return None
