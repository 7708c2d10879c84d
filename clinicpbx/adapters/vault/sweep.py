"""Brings recordings that a crash left behind into the letterbox. Needs no key that opens."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from clinicpbx.adapters.vault.claim import RECORDED, Claim, claims, drop_claim, torn_claims
from clinicpbx.adapters.vault.durable import Checkpoint, pass_by, untouched
from clinicpbx.adapters.vault.letterbox import PART, Letterbox
from clinicpbx.adapters.vault.message import Message, duration_of
from clinicpbx.adapters.vault.names import NameRefused, checked
from clinicpbx.adapters.vault.sealer import SealJob, being_written
from clinicpbx.errors import ClinicPBXError

FALLBACK = "fallback"
UNCLAIMED = "unclaimed"
WRITTEN = 60.0
"""Seconds; longer than any file of the vault is written."""
WAITS = "The recording stays in memory and is tried again"


Place = tuple[str, str]
"""Mailbox and message."""


@dataclass(slots=True)
class Swept:
    """What a sweep did: *sealed* recordings, and what it had to leave in the tmpfs, each with the reason."""

    sealed: list[Message] = field(default_factory=list)
    left: list[ClinicPBXError] = field(default_factory=list)


def interrupted(letterbox: Letterbox, live: Collection[str] = ()) -> list[Place]:
    """Messages cut off by a loss of power: begun, and their recording is gone. The vault process recovers them.

    Drops claims of recordings that are not there, and files left half-written. *live* as in `seal_left`.
    """
    busy: set[Place] = set()
    for torn in torn_claims(letterbox.instance):
        torn.unlink(missing_ok=True)
    for claim in claims(letterbox.instance):
        if claim.source.stem in live or claim.source.exists():
            busy.add((claim.message.mailbox, claim.message.id))
        else:
            drop_claim(letterbox.instance, claim.source)
    found = []
    for mailbox in letterbox.mailboxes():
        for path in letterbox.folder(mailbox).glob(".*.tmp"):
            if untouched(path, WRITTEN):
                path.unlink(missing_ok=True)
        found += [(mailbox, id) for id in sorted(letterbox.present(mailbox)[PART]) if (mailbox, id) not in busy]
    return [place for place in found if _named(place)]


def seal_left(letterbox: Letterbox, live: Collection[str] = (), *, checkpoint: Checkpoint = pass_by) -> Swept:
    """Seals every recording that nobody writes: every few seconds, for what the fallback dialplan recorded.

    *live*: names of recordings that somebody else is sealing, or that Asterisk calls live. A recording nobody
    claimed goes to the mailbox `unclaimed`.
    """
    done = Swept()
    known = {claim.source: claim for claim in claims(letterbox.instance)}
    for source in _recordings(letterbox.instance.recordings):
        if source.stem in live or being_written(source):
            continue
        try:
            if source not in known and source.stat().st_size == 0:
                source.unlink()
                continue
            job = SealJob(letterbox, known.get(source) or _claim(source), checkpoint=checkpoint)
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


def _named(place: Place) -> bool:
    try:
        return bool(checked(place[0], "mailbox") and checked(place[1], "message"))
    except NameRefused:
        return False
