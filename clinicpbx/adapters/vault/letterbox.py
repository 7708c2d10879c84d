"""Where messages are put in: whoever has only this can seal them and count them, and opens none."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from clinicpbx.adapters.vault.durable import SHARED_FILE, SHARED_FOLDER, make_folder, write_durably
from clinicpbx.adapters.vault.envelope import TAG, Damaged, Header, read_preamble, seal
from clinicpbx.adapters.vault.message import Message, duration_of
from clinicpbx.adapters.vault.names import checked
from clinicpbx.adapters.vault.publickeys import MessageKeys, PublicKeys, data_key, hpke, hpke_info, month_of
from clinicpbx.paths import Instance

AUDIO = ".cpx"
META = ".meta"
PART = ".part"
HOLD = ".hold"
HEARD = ".heard"
GONE = ".gone"
KINDS = {AUDIO: "voicemail", PART: "voicemail", META: "voicemail-meta", HOLD: "voicemail-hold"}


class Letterbox:
    """Sealed messages as files. Safe to share among threads; several processes may use one.

    In clear are only: that there is a message, since when, how long, whether it was heard (an empty file `.heard`)
    and, of a deleted one, when it was received and deleted (`.gone`).
    """

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.message_keys = MessageKeys(instance)
        self._public = PublicKeys(instance)

    def mailboxes(self) -> list[str]:
        """The mailboxes that ever held a message."""
        root = self.instance.vault
        return sorted(path.name for path in root.iterdir() if path.is_dir()) if root.is_dir() else []

    def path(self, mailbox: str, message: str, suffix: str) -> Path:
        """Where a file of a message is; NameRefused for a name that could leave the vault."""
        return self.folder(mailbox) / (checked(message, "message") + suffix)

    def folder(self, mailbox: str) -> Path:
        return self.instance.vault / checked(mailbox, "mailbox")

    def present(self, mailbox: str) -> dict[str, set[str]]:
        """By suffix: the ids of messages that have such a file."""
        folder = self.folder(mailbox)
        names = os.listdir(folder) if folder.is_dir() else []
        suffixes = (AUDIO, META, PART, HOLD, HEARD, GONE)
        return {suffix: {n[: -len(suffix)] for n in names if n.endswith(suffix)} for suffix in suffixes}

    def counts(self, mailbox: str) -> tuple[int, int]:
        """How many messages are new, and how many heard. Needs no key."""
        present = self.present(mailbox)
        there = present[AUDIO] - present[GONE]
        return len(there - present[HEARD]), len(there & present[HEARD])

    def is_gone(self, mailbox: str, id: str) -> bool:
        """Whether it was deleted."""
        return self.path(mailbox, id, GONE).exists()

    def is_heard(self, mailbox: str, id: str) -> bool:
        return self.path(mailbox, id, HEARD).exists()

    def received(self, mailbox: str, id: str, suffix: str = AUDIO) -> tuple[datetime, timedelta]:
        """When a message came and how long it is, of what its file says in clear; Damaged, FileNotFoundError."""
        path = self.path(mailbox, id, suffix)
        with path.open("rb") as stream:
            opening = read_preamble(stream)
            sealed = path.stat().st_size - stream.tell()
        chunks = -(-sealed // (opening.header.chunk + TAG))
        try:
            at = datetime.fromisoformat(opening.header.created).astimezone(UTC)
        except ValueError:
            raise Damaged("its header has no time", where=f"{mailbox}/{id}{suffix}") from None
        return at, duration_of(max(0, sealed - TAG * chunks))

    def label(self, message: Message) -> None:
        """Writes what is known of a message, whole or not at all."""
        self.put(message.mailbox, message.id, META, message.received, message.encode())

    def put(self, mailbox: str, id: str, suffix: str, at: datetime, content: bytes) -> None:
        """Seals *content* as a file of a message."""
        path = self.path(mailbox, id, suffix)
        make_folder(path.parent, SHARED_FOLDER)
        header, dek = self.header(mailbox, id, suffix, at)
        write_durably(path, seal(header, dek, content), SHARED_FILE)

    def header(self, mailbox: str, id: str, suffix: str, at: datetime) -> tuple[Header, bytes]:
        """A header with a new data key for a file of a message, and that key. KeyRefused without public keys."""
        key_id, public = self._public.to_seal(mailbox, month_of(at))
        sent = os.urandom(32)
        header = Header(
            obj=id,
            mailbox=mailbox,
            kind=KINDS[suffix],
            codec="ulaw" if KINDS[suffix] == KINDS[AUDIO] else "json",
            created=at.astimezone(UTC).isoformat(),
            key_id=key_id,
            wrapped_dek=hpke.encrypt(sent, public, hpke_info(key_id)),
        )
        return header, data_key(sent, self.message_keys.made(mailbox, id))

    def drop(self, mailbox: str, id: str) -> None:
        """Forgets a message that was begun and is none."""
        for suffix in (PART, META):
            self.path(mailbox, id, suffix).unlink(missing_ok=True)
        if not self.path(mailbox, id, AUDIO).exists():
            self.message_keys.destroy(mailbox, id)


def tombstone(received: datetime | None, at: datetime, why: str) -> bytes:
    """What stays of a deleted message, in clear: nothing of the patient."""
    times = {"received": received.isoformat() if received else None, "deleted": at.isoformat()}
    return json.dumps({**times, "why": why}, sort_keys=True).encode()
