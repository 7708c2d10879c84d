"""The vault: what opens, holds and destroys messages. The files are the only truth about voicemail."""

import builtins
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from clinicpbx.adapters.vault.durable import (
    NO_ROOM,
    SHARED_FILE,
    Checkpoint,
    create_durably,
    locked,
    pass_by,
    remove_durably,
    sync_folder,
)
from clinicpbx.adapters.vault.envelope import Damaged, Header, open_sealed, read_preamble
from clinicpbx.adapters.vault.keyring import Keyring
from clinicpbx.adapters.vault.labels import Labels, Shelf
from clinicpbx.adapters.vault.letterbox import AUDIO, GONE, HEARD, HOLD, KINDS, META, PART, Letterbox, tombstone
from clinicpbx.adapters.vault.message import Message, State
from clinicpbx.adapters.vault.names import NameRefused
from clinicpbx.adapters.vault.publickeys import ANY, KeyDestroyed, month_of
from clinicpbx.adapters.vault.root import Root
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance


class NoSuchMessage(ClinicPBXError):
    """There is no message of this id in the mailbox (any more)."""

    exit_code = 65


class Held(ClinicPBXError):
    """A legal hold keeps the message: it is neither deleted nor expired."""

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


@dataclass(frozen=True, slots=True)
class Destroyed:
    """A message that was deleted: *deleted* is when, *received* when it came, where that is known."""

    mailbox: str
    message: str
    received: datetime | None
    deleted: datetime
    why: str


Damages = list[Damage]
Messages = list[Message]


class Vault(Letterbox):
    """A letterbox with the keys. Only the vault process has it."""

    def __init__(self, instance: Instance, root: Root | None = None) -> None:
        super().__init__(instance)
        self.keyring = Keyring(instance, root)
        self._labels = Labels()

    def list(self, mailbox: str) -> Listing:
        """Messages not deleted, newest first, and what is damaged. KeyRefused where the root key is not there."""
        self.keyring.root()
        own = self.instance.message_keys / mailbox
        return self._list(mailbox, self._labels.shelf(self.folder(mailbox), self.keyring.names(mailbox), own))

    def _list(self, mailbox: str, shelf: Shelf) -> Listing:
        present = self.present(mailbox)
        messages: Messages = []
        damaged: Damages = []
        for id in sorted((present[AUDIO] | present[META] - present[PART]) - present[GONE]):
            try:
                found = shelf.get(id) or self._known(mailbox, id, id in present[META])
                if found is not None:
                    shelf.keep(id, found)
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
            messages.append(replace(found, state=State.HEARD) if id in present[HEARD] else found)
        messages.sort(key=lambda message: (message.received, message.id), reverse=True)
        return Listing(tuple(messages), tuple(damaged))

    def message(self, mailbox: str, id: str) -> Message:
        """What is known of a message; NoSuchMessage where it is not there or deleted."""
        meta = self.path(mailbox, id, META).exists() and not self.is_gone(mailbox, id)
        found = self._known(mailbox, id, meta)
        if found is None and self.path(mailbox, id, AUDIO).exists() and not self.is_gone(mailbox, id):
            found = self._unlabelled(mailbox, id, [])
        if found is None or found.state is State.DELETED:
            raise _no_such(mailbox, id)
        return replace(found, state=State.HEARD) if self.is_heard(mailbox, id) else found

    def audio(self, mailbox: str, id: str) -> Iterator[bytes]:
        """The sound (µ-law, 8 kHz), chunk by chunk, each verified; read to the end before acting on it."""
        if self.is_gone(mailbox, id):
            raise _no_such(mailbox, id)
        return self._open(mailbox, id, AUDIO)

    def mark_heard(self, mailbox: str, id: str) -> None:
        """Somebody listened; NoSuchMessage where it is not there. Twice is once."""
        self._there(mailbox, id)
        create_durably(self.path(mailbox, id, HEARD), b"", SHARED_FILE)

    def hold(self, mailbox: str, id: str, reason: str, at: datetime) -> None:
        """Keeps the message from deletion and expiry until `unhold`; *reason* is sealed as the message is."""
        self._there(mailbox, id)
        with locked(self.folder(mailbox)):
            self.put(mailbox, id, HOLD, at, json.dumps({"reason": reason, "since": at.isoformat()}).encode())

    def unhold(self, mailbox: str, id: str) -> None:
        self._there(mailbox, id)
        remove_durably(self.path(mailbox, id, HOLD))

    def held(self, mailbox: str) -> dict[str, str]:
        """The messages on hold, and why; "" where the reason cannot be read."""
        reasons = {}
        for id in self.present(mailbox)[HOLD]:
            try:
                reasons[id] = str(json.loads(b"".join(self._open(mailbox, id, HOLD)))["reason"])
            except (ClinicPBXError, ValueError, KeyError):
                reasons[id] = ""
        return reasons

    def delete(self, mailbox: str, id: str, why: str = "deleted", *, checkpoint: Checkpoint = pass_by) -> None:
        """Destroys the message's own key, then its files: no copy of it opens any more. Twice is once.

        *why* stays in its tombstone, without anything of the patient. Held; NoSuchMessage.
        """
        if self.is_gone(mailbox, id):
            return self._end_deletion(mailbox, id, checkpoint)
        self._there(mailbox, id)
        with locked(self.folder(mailbox)):
            if self.path(mailbox, id, HOLD).exists():
                do = "clinicpbx voicemail unhold, if the hold has ended"
                raise Held("a legal hold keeps it", where=f"{mailbox}/{id}", do=do)
            try:
                received = self.received(mailbox, id)[0]
            except (Damaged, OSError):
                received = None
            content = tombstone(received, datetime.now(UTC), why)
            try:
                create_durably(self.path(mailbox, id, GONE), content, SHARED_FILE)
            except OSError as error:
                if error.errno not in NO_ROOM:
                    raise
                create_durably(self.path(mailbox, id, GONE), b"", SHARED_FILE)  # to delete is what makes room
        checkpoint("tombstone")
        self._end_deletion(mailbox, id, checkpoint)

    def _end_deletion(self, mailbox: str, id: str, checkpoint: Checkpoint = pass_by) -> None:
        self.message_keys.destroy(mailbox, id)
        checkpoint("key destroyed")
        for suffix in (AUDIO, META, PART, HEARD):
            self.path(mailbox, id, suffix).unlink(missing_ok=True)
            checkpoint("file removed")
        sync_folder(self.folder(mailbox))

    def destroyed(self, mailbox: str) -> Iterator[Destroyed]:
        """Every message of *mailbox* that was deleted."""
        for id in sorted(self.present(mailbox)[GONE]):
            path = self.path(mailbox, id, GONE)
            try:
                told = json.loads(path.read_bytes())
                received = datetime.fromisoformat(told["received"]) if told["received"] else None
                yield Destroyed(mailbox, id, received, datetime.fromisoformat(told["deleted"]), told["why"])
            except (ValueError, KeyError, TypeError):
                yield Destroyed(mailbox, id, None, datetime.fromtimestamp(path.stat().st_mtime, UTC), "")

    def destroy(self, mailbox: str, month: str) -> builtins.list[str]:
        """Destroys the key of that month and every message received in it; their ids. Held, and nothing is done."""
        present = self.present(mailbox)
        ids = [id for id in sorted(present[AUDIO] - present[GONE]) if self._month(mailbox, id) == month]
        if held := sorted(set(ids) & present[HOLD]):
            raise Held(f"legal holds keep {', '.join(held)}", where=mailbox, do="End the holds first")
        for id in ids:
            self.delete(mailbox, id, "destroyed")
        self.keyring.destroy(mailbox, month)
        return ids

    def settle(self) -> None:
        """At start: ends deletions that were cut off, and takes over what suite 1 kept in its labels."""
        for mailbox in self.mailboxes():
            present = self.present(mailbox)
            for id in present[GONE] & (present[AUDIO] | present[META] | present[PART]):
                self._end_deletion(mailbox, id)
            for id in present[META] - present[GONE] - present[HEARD]:
                try:
                    known = self._known(mailbox, id, self._suite(mailbox, id) == 1)
                except (ClinicPBXError, OSError):
                    continue
                if known is not None and known.state is State.HEARD:
                    create_durably(self.path(mailbox, id, HEARD), b"", SHARED_FILE)
                if known is not None and known.state is State.DELETED:
                    self.delete(mailbox, id)

    def verify(self, mailbox: str) -> Iterator[Damage | Message]:
        """Opens every sealed file of *mailbox* to its end: a Message where all is well, else a Damage."""
        self.keyring.root()
        listing = self._list(mailbox, Shelf(frozenset(), {}))
        yield from listing.damaged
        for message in listing.messages:
            try:
                for _ in self.audio(mailbox, message.id):
                    pass
            except (Damaged, KeyDestroyed) as error:
                yield Damage(mailbox, message.id, message.id + AUDIO, error.what)
            else:
                yield message

    def key_for(self, mailbox: str, id: str, suffix: str, header: Header) -> bytes:
        """The data key of *header*; Damaged where the file is not the one its name says."""
        if (header.obj, header.mailbox, header.kind) != (id, mailbox, KINDS[suffix]) or (
            header.key_id != ANY and header.key_id.partition("/")[0] != mailbox
        ):
            raise Damaged("it was sealed as another message", where=f"{mailbox}/{id}{suffix}")
        try:
            return self.keyring.dek(mailbox, id, header.suite, header.key_id, header.wrapped_dek)
        except ValueError:
            raise Damaged("its key is not of this mailbox and month", where=f"{mailbox}/{id}{suffix}") from None

    def _there(self, mailbox: str, id: str) -> None:
        there = any(self.path(mailbox, id, suffix).exists() for suffix in (AUDIO, META))
        if not there or self.is_gone(mailbox, id):
            raise _no_such(mailbox, id)

    def _month(self, mailbox: str, id: str) -> str:
        try:
            return month_of(self.received(mailbox, id)[0])
        except (Damaged, OSError):
            return ""

    def _suite(self, mailbox: str, id: str) -> int:
        with self.path(mailbox, id, META).open("rb") as stream:
            return read_preamble(stream).header.suite

    def _open(self, mailbox: str, id: str, suffix: str) -> Iterator[bytes]:
        path = self.path(mailbox, id, suffix)
        try:
            with path.open("rb") as stream:
                yield from open_sealed(stream, lambda header: self.key_for(mailbox, id, suffix, header))
        except FileNotFoundError:
            raise _no_such(mailbox, id) from None
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
        try:
            with self.path(mailbox, id, AUDIO).open("rb") as stream:
                self.key_for(mailbox, id, AUDIO, read_preamble(stream).header)
            received, duration = self.received(mailbox, id)
            return Message(mailbox=mailbox, id=id, call="", received=received, duration=duration)
        except (Damaged, KeyDestroyed) as error:
            damaged.append(Damage(mailbox, id, id + AUDIO, error.what))
            return None


def _no_such(mailbox: str, id: str) -> NoSuchMessage:
    return NoSuchMessage(f"no message {id} in mailbox {mailbox}")


def plain_of(vault: Vault, mailbox: str, id: str) -> bytes:
    """The whole sound at once, after all of it is verified."""
    sound = io.BytesIO()
    sound.writelines(vault.audio(mailbox, id))
    return sound.getvalue()
