"""The journal: each call's events, the facts for the record, and the agents, one transaction per turn of the loop."""

import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import structlog
from cryptography.exceptions import InvalidTag

from clinicpbx.adapters.metrics import Metrics
from clinicpbx.core.acd.callbacks import Callback
from clinicpbx.core.acd.modes import Mode, QueueMode
from clinicpbx.core.acd.results import AgentStateChanged
from clinicpbx.core.events import CallArrived, Event
from clinicpbx.core.oncall.page import Page
from clinicpbx.core.oncall.page import State as PageState
from clinicpbx.core.records.rows import stamp
from clinicpbx.daemon import callback_codec, event_codec, page_codec
from clinicpbx.daemon.callers import KEPT, Known
from clinicpbx.daemon.journal_key import Sealing, hidden
from clinicpbx.private import Private

log = structlog.get_logger(__name__)

EVENTS_KEPT = timedelta(days=8)
FACTS_KEPT = timedelta(days=7)
PRUNED_AT_ONCE = 300
RETRY_SECONDS = 1.0
MOST_BUFFERED = 50_000
LOCK_WAIT_MS = 40  # the loop waits here: no longer than a caller would not notice

SCHEMA = """
CREATE TABLE IF NOT EXISTS event (
    id INTEGER PRIMARY KEY AUTOINCREMENT, call TEXT NOT NULL, seq INTEGER NOT NULL, at TEXT NOT NULL,
    kind TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS open_call (call TEXT PRIMARY KEY, version TEXT NOT NULL, opened TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fact (
    id INTEGER PRIMARY KEY AUTOINCREMENT, call TEXT NOT NULL, at TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS agent (
    name TEXT PRIMARY KEY, logged_in INTEGER NOT NULL, paused TEXT NOT NULL, since TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS serving (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mode (
    queue TEXT PRIMARY KEY, mode TEXT NOT NULL, since TEXT NOT NULL, until TEXT, who TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS callback (id TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS page (id TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS caller (tag TEXT PRIMARY KEY, last TEXT NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
"""
EVENT = "INSERT INTO event (call, seq, at, kind, body) VALUES (?, ?, ?, ?, ?)"
FACT = "INSERT INTO fact (call, at, kind, body) VALUES (?, ?, ?, ?)"
FACTS = "SELECT body FROM fact WHERE kind = ? ORDER BY id"
OPENED = "INSERT OR REPLACE INTO open_call (call, version, opened) VALUES (?, ?, ?)"
CLOSED = "DELETE FROM open_call WHERE call = ?"
SERVING = "INSERT OR REPLACE INTO serving (name, body) VALUES (?, ?)"
AGENT = "INSERT OR REPLACE INTO agent (name, logged_in, paused, since) VALUES (?, ?, ?, ?)"
MODE = "INSERT OR REPLACE INTO mode (queue, mode, since, until, who) VALUES (?, ?, ?, ?, ?)"
CALLBACK = "INSERT OR REPLACE INTO callback (id, body) VALUES (?, ?)"
CALLED_BACK = "DELETE FROM callback WHERE id = ?"
PAGE = "INSERT OR REPLACE INTO page (id, body) VALUES (?, ?)"
PAGE_OVER = "DELETE FROM page WHERE id = ?"
CALLER = "INSERT OR REPLACE INTO caller (tag, last, body) VALUES (?, ?, ?)"

DISORDER = timedelta(hours=1)  # rows are written in turns, and the clock may be stepped

Row = tuple[str, tuple[object, ...]]
EventRow = tuple[int, str, str, bytes]
"""seq, at, kind, sealed body."""


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A call that had not ended; its first event is its CallArrived."""

    call: str
    version: str
    events: tuple[Event, ...]


class Journal:
    """Rows wait in memory until commit(). A failing disk never stops calls: it is logged, counted and tried again."""

    def __init__(self, path: Path, sealing: Sealing, metrics: Metrics) -> None:
        self._path, self._sealing, self._metrics = path, sealing, metrics
        self._rows: list[Row] = []
        self._retry_at = 0.0
        self._db = sqlite3.connect(path, isolation_level=None, timeout=LOCK_WAIT_MS / 1000, cached_statements=32)
        path.chmod(0o640)
        self._db.execute("PRAGMA page_size=1024")  # a commit writes whole pages: small ones cost a fifth less
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("PRAGMA wal_autocheckpoint=0")  # checkpoint() does it, in a thread
        self._db.executescript(SCHEMA)

    @property
    def waiting(self) -> int:
        """Rows not yet on disk."""
        return len(self._rows)

    def opened(self, call: str, version: str, at: datetime) -> None:
        self._rows.append((OPENED, (call, version, stamp(at))))

    def closed(self, call: str) -> None:
        self._rows.append((CLOSED, (call,)))

    def append(self, call: str, seq: int, event: Event) -> None:
        kind, body = event_codec.encode(event)
        sealed = self._sealing.seal(body, f"{call}|{seq}|{kind}")
        self._rows.append((EVENT, (call, seq, stamp(event.at), kind, sealed)))

    def fact(self, call: str, at: datetime, kind: str, detail: Mapping[str, object]) -> None:
        body = {name: self._hidden(call, value) for name, value in detail.items()}
        self._rows.append((FACT, (call, stamp(at), kind, orjson.dumps(body, default=_plain).decode())))

    def _hidden(self, call: str, value: object) -> object:
        return hidden(self._sealing, call, value) if isinstance(value, Private) else value

    def keep(self, row: AgentStateChanged) -> None:
        """An agent's login and pause, for the next start; and, as a fact about no call, for those who ask later."""
        self._rows.append((AGENT, (row.name, int(row.logged_in), row.paused, stamp(row.since))))
        self._rows.append((SERVING, (row.name, orjson.dumps([row.left, row.joined, row.why, row.desk]).decode())))
        told = {"name": row.name, "agent": row.phone, "state": row.state, "reason": row.paused}
        self.fact(f"agent {row.name}", row.since, "agent", told)

    def keep_mode(self, mode: QueueMode) -> None:
        """What was decided for a queue, for the next start; and, as a fact about no call, for those who ask later."""
        until = stamp(mode.until) if mode.until is not None else None
        self._rows.append((MODE, (mode.queue, mode.mode.value, stamp(mode.since), until, mode.who)))
        decided = {"mode": mode.mode.value, "until": until, "who": mode.who}
        self.fact(f"queue {mode.queue}", mode.since, "queue_mode", decided)

    def digest(self, number: str) -> str:
        """What a caller's number is known by."""
        return self._sealing.digest(number)

    def keep_caller(self, known: Known) -> None:
        """What is known of a caller, under the digest of the number."""
        body = orjson.dumps({each.name: getattr(known, each.name) for each in fields(known) if each.name != "tag"})
        self._rows.append((CALLER, (known.tag, stamp(known.last), body.decode())))

    def keep_callback(self, callback: Callback) -> None:
        """A call-back as it is now; it is forgotten once it is done."""
        if callback.open:
            body = self._sealing.seal(callback_codec.encode(callback), f"callback|{callback.id}")
            self._rows.append((CALLBACK, (callback.id, body)))
        else:
            self._rows.append((CALLED_BACK, (callback.id,)))

    def callbacks(self) -> list[Callback]:
        """The call-backs that are open."""
        found = []
        for name, body in self._db.execute("SELECT id, body FROM callback ORDER BY id"):
            try:
                found.append(callback_codec.decode(self._sealing.open(body, f"callback|{name}")))
            except (InvalidTag, KeyError, TypeError, ValueError) as error:
                log.error("a call-back cannot be read", callback=name, reason=type(error).__name__)
        return found

    def keep_page(self, page: Page) -> None:
        """A page as it is now; it is forgotten once it is done."""
        if page.state is PageState.DONE:
            self._rows.append((PAGE_OVER, (page.id,)))
        else:
            self._rows.append((PAGE, (page.id, self._sealing.seal(page_codec.encode(page), f"page|{page.id}"))))

    def pages(self) -> list[Page]:
        """The pages that are open."""
        found = []
        for name, body in self._db.execute("SELECT id, body FROM page ORDER BY id"):
            try:
                found.append(page_codec.decode(self._sealing.open(body, f"page|{name}")))
            except (InvalidTag, KeyError, TypeError, ValueError) as error:
                log.error("a page cannot be read", page=name, reason=type(error).__name__)
        return found

    def facts_of(self, kind: str) -> list[dict[str, Any]]:
        """The body of each fact of *kind* of the last days, oldest first."""
        return [orjson.loads(body) for (body,) in self._db.execute(FACTS, (kind,))]

    def commit(self) -> bool:
        """Write what waits, in one transaction; True once nothing waits. Never raises for a failing disk."""
        if not self._rows:
            return True
        began = time.monotonic()
        if began < self._retry_at:
            return self._shed()
        try:
            self._write(self._rows)
        except sqlite3.Error as error:
            self._retry_at = began + RETRY_SECONDS
            self._metrics.journal_failures.inc()
            log.error("journal not written; calls go on", reason=type(error).__name__, waiting=len(self._rows))
            self._roll_back()
            return self._shed()
        self._rows.clear()
        self._metrics.commit.observe(time.monotonic() - began)
        return True

    def _write(self, rows: Sequence[Row]) -> None:
        execute = self._db.execute
        execute("BEGIN IMMEDIATE")
        for statement, values in rows:
            execute(statement, values)
        execute("COMMIT")

    def _roll_back(self) -> None:
        if self._db.in_transaction:
            try:
                self._db.execute("ROLLBACK")
            except sqlite3.Error:
                log.error("journal rollback failed")

    def _shed(self) -> bool:
        """Memory has an end: the oldest events go first, facts last of all."""
        if (excess := len(self._rows) - MOST_BUFFERED) > 0:
            events = [row for row in self._rows if row[0] is EVENT][:excess]
            doomed = set(map(id, events or self._rows[:excess]))
            self._rows = [row for row in self._rows if id(row) not in doomed]
            self._metrics.journal_lost.inc(len(doomed))
        return False

    def open_calls(self) -> list[OpenCall]:
        """The calls to rebuild, oldest first. A call whose events cannot be read has none.

        Scans the events backwards until before the first open call: an index by call would cost every event a page of
        the write-ahead log.
        """
        opened = self._db.execute("SELECT call, version, opened FROM open_call ORDER BY opened").fetchall()
        rows: dict[str, list[EventRow]] = {call: [] for call, _, _ in opened}
        if not opened:
            return []
        first = stamp(datetime.fromisoformat(opened[0][2]) - DISORDER)
        for call, seq, at, kind, body in self._db.execute(
            "SELECT call, seq, at, kind, body FROM event ORDER BY id DESC"
        ):
            if at < first:
                break
            if call in rows:
                rows[call].append((seq, at, kind, body))
        return [
            OpenCall(call, version, events_of(self._sealing, call, rows[call][::-1])) for call, version, _ in opened
        ]

    def agents(self) -> list[AgentStateChanged]:
        rows = self._db.execute("SELECT name, logged_in, paused, since FROM agent ORDER BY name")
        found = [AgentStateChanged(name, bool(on), why, datetime.fromisoformat(since)) for name, on, why, since in rows]
        serving = {name: orjson.loads(body) for name, body in self._db.execute("SELECT name, body FROM serving")}
        return [
            replace(
                state, left=tuple(left), joined=tuple((queue, penalty) for queue, penalty in joined), why=why, desk=desk
            )
            for state in found
            for left, joined, why, desk in [(*serving.get(state.name, ([], [])), "", "")[:4]]
        ]

    def modes(self) -> list[QueueMode]:
        """What was decided last for each queue."""
        instant = datetime.fromisoformat
        rows = self._db.execute("SELECT queue, mode, since, until, who FROM mode ORDER BY queue")
        return [
            QueueMode(queue, Mode(mode), instant(since), instant(until) if until else None, who)
            for queue, mode, since, until, who in rows
        ]

    def callers(self, now: datetime) -> list[Known]:
        """The callers heard of lately; those of longer ago are forgotten."""
        with suppress(sqlite3.Error):  # the next start will do it
            self._db.execute("DELETE FROM caller WHERE last < ?", (stamp(now - KEPT),))
        return [_known(tag, orjson.loads(body)) for tag, body in self._db.execute("SELECT tag, body FROM caller")]

    def prune(self, now: datetime) -> int:
        """Forget a batch of the oldest rows whose time is over; returns how many. Cheap enough for every second."""
        if self._rows:
            return 0
        oldest = f"SELECT id FROM event ORDER BY id LIMIT {PRUNED_AT_ONCE}"
        facts = f"SELECT id FROM fact ORDER BY id LIMIT {PRUNED_AT_ONCE}"
        still_open = "SELECT call FROM open_call"
        try:
            done = self._db.execute(
                f"DELETE FROM event WHERE id IN ({oldest}) AND at < ? AND call NOT IN ({still_open})",
                (stamp(now - EVENTS_KEPT),),
            ).rowcount
            done += self._db.execute(
                f"DELETE FROM fact WHERE id IN ({facts}) AND at < ?", (stamp(now - FACTS_KEPT),)
            ).rowcount
        except sqlite3.Error as error:
            log.warning("journal not pruned", reason=type(error).__name__)
            return 0
        return done

    def checkpoint(self) -> None:
        """Move the write-ahead log into the database; blocking: run it in a thread."""
        try:
            other = sqlite3.connect(self._path, timeout=1)
            try:
                other.execute("PRAGMA wal_checkpoint(PASSIVE)")
            finally:
                other.close()
        except sqlite3.Error as error:
            log.warning("journal not checkpointed", reason=type(error).__name__)

    def close(self) -> None:
        self.commit()
        self._db.close()


def events_of(sealing: Sealing, call: str, rows: Sequence[EventRow]) -> tuple[Event, ...]:
    """The events of *call* since it last came in; none where they cannot be read."""
    events: list[Event] = []
    try:
        for seq, at, kind, body in rows:
            opened = sealing.open(body, f"{call}|{seq}|{kind}")
            event = event_codec.decode(kind, datetime.fromisoformat(at), opened)
            if isinstance(event, CallArrived):
                events.clear()  # the channel came in anew
            events.append(event)
    except (InvalidTag, KeyError, TypeError, ValueError) as error:
        log.error("a call's events cannot be read", call=call, reason=type(error).__name__)
        return ()
    return tuple(events) if events and isinstance(events[0], CallArrived) else ()


def _known(tag: str, body: Mapping[str, Any]) -> Known:
    instant = datetime.fromisoformat
    lost, ended = (instant(body[name]) if body[name] else None for name in ("lost", "ended"))
    return Known(tag, tuple(map(instant, body["times"])), body["agent"], body["queue"], lost, ended)


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset | set) else str(value)
