"""Calls of the last days, as the journal has them; read beside a running daemon without disturbing it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime

from clinicpbx.core.events import CallArrived, Event
from clinicpbx.core.records.rows import FACT_COLUMNS, Fact, fact, stamp
from clinicpbx.daemon.journal import events_of
from clinicpbx.daemon.journal_key import journal_sealing
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance


def events_of_call(instance: Instance, call: str) -> tuple[Event, ...]:
    """The events of *call*; none where the journal no longer has them. Errors: ClinicPBXError where there is none."""
    with _journal(instance) as journal:
        rows = journal.execute("SELECT seq, at, kind, body FROM event WHERE call = ? ORDER BY id", (call,)).fetchall()
    return events_of(journal_sealing(instance.keys), call, rows)


def facts_of_call(instance: Instance, call: str) -> list[Fact]:
    """The facts about *call*, in order, of the last 7 days; none where there is no journal."""
    return _facts(instance, "call = ?", call)


def facts_of_kind(instance: Instance, kind: str, since: datetime) -> list[Fact]:
    """The facts of *kind* since then (aware), in order, of the last 7 days; none where there is no journal."""
    return _facts(instance, "kind = ? AND at >= ?", kind, stamp(since))


def _facts(instance: Instance, which: str, *values: str) -> list[Fact]:
    if not instance.journal.exists():
        return []
    with _journal(instance) as journal:
        rows = journal.execute(f"SELECT call, at, kind, body FROM fact WHERE {which} ORDER BY id", values).fetchall()
    return [fact(dict(zip(FACT_COLUMNS, row, strict=True))) for row in rows]


@contextmanager
def _journal(instance: Instance) -> Iterator[sqlite3.Connection]:
    if not instance.journal.exists():
        raise ClinicPBXError("there is no journal", where=str(instance.journal), do="Has the daemon run yet?")
    with closing(sqlite3.connect(f"file:{instance.journal}?mode=ro", uri=True, timeout=10)) as journal:
        yield journal


def recorded(instance: Instance, since: datetime) -> Iterator[tuple[str, tuple[Event, ...]]]:
    """Each call that began at or after *since* (aware) with its events, those that cannot be read left out.

    Errors: ClinicPBXError where there is no journal.
    """
    sealing = journal_sealing(instance.keys)
    rows: dict[str, list[tuple[int, str, str, bytes]]] = {}
    with _journal(instance) as journal:
        wanted = "SELECT call, seq, at, kind, body FROM event WHERE at >= ? ORDER BY id"
        for call, seq, at, kind, body in journal.execute(wanted, (stamp(since),)):
            rows.setdefault(call, []).append((seq, at, kind, body))
    for call, found in rows.items():
        events = events_of(sealing, call, found)
        if events and isinstance(events[0], CallArrived):
            yield call, events
