"""The vault: sealed messages as files, which are the only truth about voicemail."""

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from clinicpbx.adapters.vault.durable import locked, make_folder, sync_folder, write_durably
from clinicpbx.adapters.vault.envelope import TAG, Damaged, Header, open_sealed, read_preamble, seal
from clinicpbx.adapters.vault.keyring import KeyDestroyed, Keyring, month_of
from clinicpbx.adapters.vault.message import Message, State, duration_of
from clinicpbx.adapters.vault.names import NameRefused, checked
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance

AUDIO = ".cpx"
META = ".meta"
PART = ".part"
KINDS = {AUDIO: "voicemail", PART: "voicemail", META: "voicemail-meta"}


class NoSuchMessage(ClinicPBXError):
    """There is no message of this id in the mailbox (any more)."""

    exit_code = 65


@dataclass(frozen=True, slots=True)
class Damage:
    """A sealed file that does not open, and why."""

    mailbox: str
    message: str
    file: str
    why: str


@dataclass(frozen=True, slots=True)
class Listing:
    """What a mailbox holds, newest first. A message of which only the sound is readable is in both."""

    messages: tuple[Message, ...]
    damaged: tuple[Damage, ...]


Damages = list[Damage]
Messages = list[Message]


class Vault:
    """Safe to share among threads; several processes may use one vault."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.keyring = Keyring(instance)

    def mailboxes(self) -> list[str]:
        """The mailboxes that ever held a message."""
        root = self.instance.vault
        return sorted(path.name for path in root.iterdir() if path.is_dir()) if root.is_dir() else []

    def path(self, mailbox: str, message: str, suffix: str) -> Path:
        """Where a sealed file is; NameRefused for a name that could leave the vault."""
        folder = self.instance.vault / checked(mailbox, "mailbox")
        return folder / (checked(message, "message") + suffix)

    def list(self, mailbox: str) -> Listing:
        """Messages not deleted, newest first, and what is damaged. KeyRefused where the root key is not there."""
        folder = self.instance.vault / checked(mailbox, "mailbox")
        names = os.listdir(folder) if folder.is_dir() else []
        self.keyring.root()
        present = {suffix: {n[: -len(suffix)] for n in names if n.endswith(suffix)} for suffix in KINDS}
        messages: Messages = []
        damaged: Damages = []
        for id in sorted(present[AUDIO] | present[META] - present[PART]):
            try:
                found = self._known(mailbox, id, id in present[META])
            except (Damaged, KeyDestroyed, NameRefused) as error:
                damaged.append(Damage(mailbox, id, id + META, error.what))
                found = None
            if found is None and id in present[AUDIO]:
                found = self._unlabelled(mailbox, id, damaged)
            if found is None or found.state is State.DELETED:
                continue
            if id not in present[AUDIO]:
                damaged.append(Damage(mailbox, id, id + AUDIO, "its sound is missing"))
                continue
            messages.append(found)
        messages.sort(key=lambda message: (message.received, message.id), reverse=True)
        return Listing(tuple(messages), tuple(damaged))

    def counts(self, mailbox: str) -> tuple[int, int]:
        """How many messages are new, and how many heard."""
        states = [message.state for message in self.list(mailbox).messages]
        return states.count(State.NEW), states.count(State.HEARD)

    def message(self, mailbox: str, id: str) -> Message:
        """What is known of a message; NoSuchMessage where it is not there or deleted."""
        meta = self.path(mailbox, id, META).exists()
        found = self._known(mailbox, id, meta)
        if found is None and self.path(mailbox, id, AUDIO).exists():
            found = self._unlabelled(mailbox, id, [])
        if found is None or found.state is State.DELETED:
            raise NoSuchMessage(f"no message {id} in mailbox {mailbox}")
        return found

    def audio(self, mailbox: str, id: str) -> Iterator[bytes]:
        """The sound (µ-law, 8 kHz), chunk by chunk, each verified; read to the end before acting on it."""
        return self._open(mailbox, id, AUDIO)

    def label(self, message: Message) -> None:
        """Writes what is known of a message, whole or not at all."""
        path = self.path(message.mailbox, message.id, META)
        make_folder(path.parent)
        header, dek = self.header(message.mailbox, message.id, META, message.received)
        write_durably(path, seal(header, dek, message.encode()))

    def amend(self, mailbox: str, id: str, **changes: Any) -> Message:
        """Changes fields of a message, such as `number`, `confirmed`, `state`."""
        folder = self.path(mailbox, id, META).parent
        if not folder.is_dir():
            raise NoSuchMessage(f"no message {id} in mailbox {mailbox}")
        with locked(folder):
            changed = replace(self.message(mailbox, id), **changes)
            self.label(changed)
        return changed

    def mark_heard(self, mailbox: str, id: str) -> None:
        """Somebody listened; NoSuchMessage where it is not there."""
        self.amend(mailbox, id, state=State.HEARD)

    def delete(self, mailbox: str, id: str) -> None:
        """Removes the sound and what was known, and leaves a tombstone without numbers; twice is once."""
        audio, meta = self.path(mailbox, id, AUDIO), self.path(mailbox, id, META)
        if not (audio.exists() or meta.exists()):
            raise NoSuchMessage(f"no message {id} in mailbox {mailbox}")
        with locked(audio.parent):
            try:
                known = self._known(mailbox, id, meta.exists())
            except (Damaged, KeyDestroyed):
                known = None
            if known is None or known.state is not State.DELETED:
                gone = known or Message(mailbox=mailbox, id=id, call="", received=datetime.now(UTC))
                self.label(gone.tombstone())
            audio.unlink(missing_ok=True)
            sync_folder(audio.parent)

    def deleted(self, mailbox: str, id: str) -> bool:
        """Whether there is a tombstone; a label that does not open is none."""
        try:
            known = self._known(mailbox, id, self.path(mailbox, id, META).exists())
        except (Damaged, KeyDestroyed):
            return False
        return known is not None and known.state is State.DELETED

    def verify(self, mailbox: str) -> Iterator[Damage | Message]:
        """Opens every sealed file of *mailbox* to its end: a Message where all is well, else a Damage."""
        listing = self.list(mailbox)
        yield from listing.damaged
        for message in listing.messages:
            try:
                for _ in self.audio(mailbox, message.id):
                    pass
            except (Damaged, KeyDestroyed) as error:
                yield Damage(mailbox, message.id, message.id + AUDIO, error.what)
            else:
                yield message

    def header(self, mailbox: str, id: str, suffix: str, at: datetime) -> tuple[Header, bytes]:
        """A header with a new data key for a file of this vault, and that key."""
        dek, wrapped, key_id = self.keyring.new_dek(mailbox, month_of(at))
        header = Header(
            obj=id,
            mailbox=mailbox,
            kind=KINDS[suffix],
            codec="json" if suffix == META else "ulaw",
            created=at.astimezone(UTC).isoformat(),
            key_id=key_id,
            wrapped_dek=wrapped,
        )
        return header, dek

    def key_for(self, mailbox: str, id: str, suffix: str, header: Header) -> bytes:
        """The data key of *header*; Damaged where the file is not the one its name says."""
        place = (id, mailbox, KINDS[suffix], mailbox)
        if (header.obj, header.mailbox, header.kind, header.key_id.partition("/")[0]) != place:
            raise Damaged("it was sealed as another message", where=f"{mailbox}/{id}{suffix}")
        try:
            return self.keyring.unwrap(header.key_id, header.wrapped_dek)
        except ValueError:
            raise Damaged("its key is not of this mailbox and month", where=f"{mailbox}/{id}{suffix}") from None

    def _open(self, mailbox: str, id: str, suffix: str) -> Iterator[bytes]:
        path = self.path(mailbox, id, suffix)
        try:
            with path.open("rb") as stream:
                yield from open_sealed(stream, lambda header: self.key_for(mailbox, id, suffix, header))
        except FileNotFoundError:
            raise NoSuchMessage(f"no message {id} in mailbox {mailbox}") from None
        except Damaged as error:
            raise Damaged(error.what, where=f"{mailbox}/{id}{suffix}") from None

    def _known(self, mailbox: str, id: str, present: bool) -> Message | None:
        """The label, where there is one."""
        if not present:
            return None
        try:
            message = Message.decode(b"".join(self._open(mailbox, id, META)))
        except NoSuchMessage:
            return None
        except ValueError:
            raise Damaged("its label is no label", where=f"{mailbox}/{id}{META}") from None
        if (message.mailbox, message.id) != (mailbox, id):
            raise Damaged("its label is of another message", where=f"{mailbox}/{id}{META}")
        return message

    def _unlabelled(self, mailbox: str, id: str, damaged: Damages) -> Message | None:
        """A message whose sound is there and whose label is not: nobody may miss it."""
        path = self.path(mailbox, id, AUDIO)
        try:
            with path.open("rb") as stream:
                opening = read_preamble(stream)
                sealed = path.stat().st_size - stream.tell()
            header = opening.header
            self.key_for(mailbox, id, AUDIO, header)
            received = datetime.fromisoformat(header.created)
            return Message(mailbox=mailbox, id=id, call="", received=received, duration=_length(header, sealed))
        except (Damaged, KeyDestroyed, ValueError) as error:
            why = error.what if isinstance(error, ClinicPBXError) else "its header has no time"
            damaged.append(Damage(mailbox, id, id + AUDIO, why))
            return None


def _length(header: Header, sealed: int) -> timedelta:
    chunks = -(-sealed // (header.chunk + TAG))
    return duration_of(max(0, sealed - TAG * chunks))


def plain_of(vault: Vault, mailbox: str, id: str) -> bytes:
    """The whole sound at once, after all of it is verified."""
    sound = io.BytesIO()
    sound.writelines(vault.audio(mailbox, id))
    return sound.getvalue()
