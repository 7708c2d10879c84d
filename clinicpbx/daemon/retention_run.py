"""Destroys the messages whose time has come, each with a line in the audit log; a hold wins."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from clinicpbx.adapters.vault.durable import SHARED_FILE, make_folder, write_durably
from clinicpbx.adapters.vault.envelope import Damaged
from clinicpbx.adapters.vault.letterbox import AUDIO, GONE, HOLD
from clinicpbx.adapters.vault.store import Held, NoSuchMessage, Vault
from clinicpbx.core.audit.entry import Entry
from clinicpbx.core.rulebook import Rulebook
from clinicpbx.core.voicemail.retention import Kept, expired
from clinicpbx.daemon.asker import Note
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance

log = structlog.get_logger(__name__)

EVERY = timedelta(days=1)
LONGEST_GAP = timedelta(days=14)
"""After so long without a run, a clock that was set wrong is likelier than anything else: a person runs it."""


@dataclass(frozen=True, slots=True)
class Expiry:
    """A message that is due, or was destroyed."""

    mailbox: str
    message: str
    received: datetime


class Retention:
    def __init__(self, instance: Instance, vault: Vault, book: Callable[[], Rulebook], note: Note) -> None:
        self._path = instance.vault_keys / "retention.json"
        self._vault, self._book, self._note = vault, book, note

    def due(self, at: datetime) -> Iterator[Expiry]:
        """What a run at *at* would destroy."""
        for name, rules in self._book().mailboxes.items():
            kept = {one.message: one for one in self._kept(name)}
            for message in expired(kept.values(), rules.keep, at):
                received = kept[message].received
                assert received is not None
                yield Expiry(name, message, received)

    def run(self, at: datetime, by: str) -> list[Expiry]:
        """Destroys what is due, for *by*; each is noted before it is done."""
        done = []
        for one in list(self.due(at)):
            self._note(Entry(by, "retention.expire", f"{one.mailbox}/{one.message}", {"received": str(one.received)}))
            try:
                self._vault.delete(one.mailbox, one.message, "expired")
            except (Held, NoSuchMessage):
                continue
            done.append(one)
        make_folder(self._path.parent)
        write_durably(self._path, json.dumps({"at": at.isoformat(), "expired": len(done)}).encode(), SHARED_FILE)
        return done

    def run_daily(self, at: datetime) -> None:
        """The run of the day, where it was not done yet."""
        last = self.last()
        since = at - last if last is not None else EVERY
        if timedelta(0) <= since < EVERY:
            return
        if abs(since) > LONGEST_GAP:
            log.error("no retention for too long, or a clock set wrong: run clinicpbx retention run", last=str(last))
            return
        try:
            if done := self.run(at, "retention"):
                log.info("messages expired", messages=len(done))
        except (ClinicPBXError, OSError) as error:
            log.error("retention did not run", reason=str(error))

    def last(self) -> datetime | None:
        """When it ran last."""
        try:
            return datetime.fromisoformat(json.loads(self._path.read_bytes())["at"]).astimezone(UTC)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def status(self, at: datetime) -> list[dict[str, object]]:
        """One row a mailbox: how long it keeps, what is due, on hold, of unknown age, and when it ran last."""
        due = [one.mailbox for one in self.due(at)]
        rows: list[dict[str, object]] = []
        for name, rules in self._book().mailboxes.items():
            kept = list(self._kept(name))
            row = {"mailbox": name, "keep_days": rules.keep.days if rules.keep else None, "messages": len(kept)}
            unknown = sum(one.received is None for one in kept)
            rows.append(
                row
                | {"due": due.count(name), "on_hold": sum(one.held for one in kept)}
                | {"unknown_age": unknown, "last_run": self.last()}
            )
        return rows

    def _kept(self, mailbox: str) -> Iterator[Kept]:
        present = self._vault.present(mailbox)
        for id in sorted(present[AUDIO] - present[GONE]):
            try:
                received = self._vault.received(mailbox, id)[0]
            except (Damaged, OSError):
                received = None
            yield Kept(id, received, id in present[HOLD])
