"""Brings what a crash left behind into the vault, and removes what is in clear without need."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from clinicpbx.adapters.vault.claim import RECORDED, Claim, claims, drop_claim
from clinicpbx.adapters.vault.durable import Checkpoint, locked, pass_by, sync_folder, write_durably
from clinicpbx.adapters.vault.envelope import Damaged, open_truncated, seal
from clinicpbx.adapters.vault.keyring import KeyDestroyed
from clinicpbx.adapters.vault.message import Message, duration_of
from clinicpbx.adapters.vault.names import NameRefused, checked
from clinicpbx.adapters.vault.sealer import SealJob, being_written
from clinicpbx.adapters.vault.store import AUDIO, META, PART, NoSuchMessage, Vault
from clinicpbx.errors import ClinicPBXError

FALLBACK = "fallback"
UNCLAIMED = "unclaimed"
WAITS = "The recording stays in memory and is tried again"


@dataclass(slots=True)
class Swept:
    """What a sweep did: sealed recordings, messages cut by a loss of power, and what it could not do:
    recordings *left* in the tmpfs, files of the vault that are *damaged*."""

    sealed: list[Message] = field(default_factory=list)
    recovered: list[Message] = field(default_factory=list)
    left: list[ClinicPBXError] = field(default_factory=list)
    damaged: list[ClinicPBXError] = field(default_factory=list)


def sweep(vault: Vault, live: Collection[str] = (), *, checkpoint: Checkpoint = pass_by) -> Swept:
    """At start: seals every recording that nobody writes any more, recovers every `.part` without a recording,
    ends deletions that were cut off. *live* as in `seal_left`. Safe to repeat, and to be killed anywhere."""
    done = seal_left(vault, live, checkpoint=checkpoint)
    open_claims = claims(vault.instance)
    for claim in open_claims:
        if claim.source.stem not in live and not claim.source.exists():
            drop_claim(vault.instance, claim.source)
    busy = {
        (claim.message.mailbox, claim.message.id)
        for claim in open_claims
        if claim.source.stem in live or claim.source.exists()
    }
    for mailbox in vault.mailboxes():
        _tidy(vault, mailbox, busy, done, checkpoint)
    return done


def seal_left(vault: Vault, live: Collection[str] = (), *, checkpoint: Checkpoint = pass_by) -> Swept:
    """Seals every recording that nobody writes: every few seconds, for what the fallback dialplan recorded.

    *live*: names of recordings that somebody else is sealing, or that Asterisk calls live. A recording nobody
    claimed goes to the mailbox `unclaimed`.
    """
    done = Swept()
    known = {claim.source: claim for claim in claims(vault.instance)}
    for source in _recordings(vault.instance.recordings):
        if source.stem in live or being_written(source):
            continue
        try:
            if source not in known and source.stat().st_size == 0:
                source.unlink()
                continue
            job = SealJob(vault, known.get(source) or _claim(source), checkpoint=checkpoint)
            try:
                done.sealed.append(job.finish())
            finally:
                job.close()
        except ClinicPBXError as error:
            done.left.append(error)
        except OSError as error:
            done.left.append(ClinicPBXError(error.strerror or "failed", where=str(source.parent), do=WAITS))
    return done


def _recordings(folder: Path) -> list[Path]:
    found = sorted(folder.glob(f"*{RECORDED}")) + sorted(folder.glob(f"{FALLBACK}/*/*{RECORDED}"))
    return [path for path in found if path.is_file() and not path.is_symlink()]


def _claim(source: Path) -> Claim:
    """For a recording without a claim: the fallback dialplan's path names mailbox and call, ARI's the call."""
    received = _began(source)
    if source.parent.parent.name == FALLBACK:
        mailbox = checked(source.parent.name, "mailbox")
        call = checked(source.stem, "recording")
        return Claim(source, Message(mailbox=mailbox, id=f"{call}.{FALLBACK}", call=call, received=received))
    name = checked(source.stem, "recording")
    call = name.rsplit(".", 2)[0]
    return Claim(source, Message(mailbox=UNCLAIMED, id=name, call=call, received=received))


def _began(source: Path) -> datetime:
    stat = source.stat()
    return datetime.fromtimestamp(stat.st_mtime, UTC) - duration_of(stat.st_size)


def _tidy(vault: Vault, mailbox: str, busy: Collection[tuple[str, str]], done: Swept, checkpoint: Checkpoint) -> None:
    folder = vault.instance.vault / mailbox
    for path in sorted(folder.iterdir()):
        id = path.stem
        if path.name.startswith(".") and path.suffix == ".tmp" and _old(path):
            path.unlink(missing_ok=True)
        try:
            checked(id, "message")
        except NameRefused:
            continue
        try:
            if path.suffix == PART and (mailbox, id) not in busy and not being_written(path):
                _recover(vault, mailbox, id, done, checkpoint)
            elif path.suffix == AUDIO and vault.deleted(mailbox, id):
                path.unlink(missing_ok=True)
        except ClinicPBXError as error:
            done.damaged.append(error)
        except OSError as error:
            done.damaged.append(ClinicPBXError(error.strerror or "failed", where=f"{mailbox}/{path.name}"))


def _old(path: Path) -> bool:
    """Older than any write takes: a temporary file may be another process's, just now."""
    return datetime.now(UTC).timestamp() - path.stat().st_mtime > 60


def _recover(vault: Vault, mailbox: str, id: str, done: Swept, checkpoint: Checkpoint) -> None:
    """Makes a message of what was sealed before the power went; without any of it, only what was known stays."""
    part = vault.path(mailbox, id, PART)
    with locked(part.parent):
        if vault.deleted(mailbox, id) or vault.path(mailbox, id, AUDIO).exists():
            part.unlink(missing_ok=True)
            return
        try:
            with part.open("rb") as stream:
                found = open_truncated(stream, lambda header: vault.key_for(mailbox, id, PART, header))
            plain, complete, at = found.plain, found.complete, datetime.fromisoformat(found.header.created)
        except Damaged as error:
            if part.stat().st_size > 512:
                raise Damaged(error.what, where=f"{mailbox}/{part.name}") from None
            plain, complete, at = b"", False, _began(part)
        known = _label(vault, mailbox, id)
        if not plain and known is None:
            part.unlink()
            return
        known = known or Message(mailbox=mailbox, id=id, call="", received=at)
        message = replace(known, duration=duration_of(len(plain)), truncated=not complete)
        header, dek = vault.header(mailbox, id, AUDIO, message.received)
        vault.label(message)
        checkpoint("recovered label")
        write_durably(vault.path(mailbox, id, AUDIO), seal(header, dek, plain))
        checkpoint("recovered sound")
        part.unlink()
        sync_folder(part.parent)
        checkpoint("part removed")
        done.recovered.append(message)


def _label(vault: Vault, mailbox: str, id: str) -> Message | None:
    if not vault.path(mailbox, id, META).exists():
        return None
    try:
        return vault.message(mailbox, id)
    except (Damaged, KeyDestroyed, NoSuchMessage):
        return None
