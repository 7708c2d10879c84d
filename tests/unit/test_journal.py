"""The journal: what is committed comes back, sealed in between; a failing disk stops nothing."""

import json
import sqlite3
import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from clinicpbx.adapters.metrics import Metrics
from clinicpbx.core.acd.modes import Mode, QueueMode
from clinicpbx.core.acd.results import AgentStateChanged
from clinicpbx.core.events import CallArrived, DtmfReceived, HungUp
from clinicpbx.daemon import journal as module
from clinicpbx.daemon.journal import Journal
from clinicpbx.daemon.journal_key import disclosed, journal_sealing
from clinicpbx.errors import ClinicPBXError
from clinicpbx.private import Private
from tests.support.tape import T0

pytestmark = pytest.mark.unit

ARRIVED = CallArrived(at=T0, flow="main", entry="100", version="7", caller=Private("+12075550142"))


def opened(folder: Path, metrics: Metrics | None = None) -> Journal:
    return Journal(folder / "journal.db", journal_sealing(folder / "keys"), metrics or Metrics())


def rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(folder / "journal.db") as db:
        return db.execute(query).fetchall()


def one_call(journal: Journal, call: str = "c1") -> None:
    journal.opened(call, "7", T0)
    journal.append(call, 0, ARRIVED)
    journal.append(call, 1, DtmfReceived(at=T0, digit="4"))
    journal.fact(call, T0, "arrived", {"entry": "100"})


def test_open_calls_come_back_with_their_events(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    one_call(journal)
    assert journal.commit()
    journal.close()
    (call,) = opened(tmp_path).open_calls()
    assert (call.call, call.version) == ("c1", "7")
    assert call.events == (ARRIVED, DtmfReceived(at=T0, digit="4"))


def test_nothing_a_caller_dialled_is_readable_on_disk(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    one_call(journal)
    journal.close()
    on_disk = b"".join(path.read_bytes() for path in tmp_path.glob("journal.db*"))
    assert b"5550142" not in on_disk
    assert b'"digit"' not in on_disk
    assert b"DtmfReceived" in on_disk, "what is looked at is the journal"


def test_a_number_that_a_caller_keyed_is_sealed_in_its_fact_until_the_listener_takes_it(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.fact("c1", T0, "number", {"number": Private("2075556199")})
    journal.close()
    assert not [path for path in tmp_path.glob("journal.db*") if b"5556199" in path.read_bytes()]
    [(body,)] = rows(tmp_path, "SELECT body FROM fact")
    sealing = journal_sealing(tmp_path / "keys")
    assert json.loads(disclosed(sealing, ("c1", "", "number", body))[3]) == {"number": "2075556199"}
    assert json.loads(disclosed(sealing, ("c2", "", "number", body))[3]) == {"number": ""}, "it is of its call alone"
    assert disclosed(sealing, ("c1", "", "arrived", '{"entry": "201"}'))[3] == '{"entry": "201"}'


def test_a_closed_call_is_not_rebuilt(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    one_call(journal)
    journal.closed("c1")
    journal.commit()
    assert journal.open_calls() == []
    assert rows(tmp_path, "SELECT kind FROM fact") == [("arrived",)]


def test_what_is_not_committed_is_one_transaction(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    one_call(journal)
    assert rows(tmp_path, "SELECT * FROM event") == []
    journal.commit()
    assert len(rows(tmp_path, "SELECT * FROM event")) == 2


def test_a_body_moved_to_another_row_does_not_open(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    one_call(journal)
    one_call(journal, "c2")
    journal.commit()
    with sqlite3.connect(tmp_path / "journal.db") as db:
        db.execute("UPDATE event SET call = 'c2' WHERE call = 'c1'")
    assert [call.events for call in journal.open_calls()] == [(), ()]


def test_a_channel_that_came_in_anew_begins_anew(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    one_call(journal)
    again = CallArrived(at=T0, flow="other", entry="100", version="7")
    journal.append("c1", 0, again)
    journal.commit()
    assert journal.open_calls()[0].events == (again,)


def test_a_locked_journal_loses_nothing_and_raises_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0)
    metrics = Metrics()
    journal = opened(tmp_path, metrics)
    one_call(journal)
    other = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert not journal.commit()
    assert journal.waiting == 4
    assert metrics.registry.get_sample_value("clinicpbx_journal_failures_total") == 1
    other.execute("COMMIT")
    assert journal.commit()
    assert len(journal.open_calls()) == 1


def test_a_journal_that_fails_for_long_gives_up_events_before_facts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_BUFFERED", 2)
    metrics = Metrics()
    journal = opened(tmp_path, metrics)
    other = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    one_call(journal)
    assert not journal.commit()
    assert journal.waiting == 2
    assert metrics.registry.get_sample_value("clinicpbx_journal_lost_rows_total") == 2
    other.execute("COMMIT")
    monkeypatch.setattr(journal, "_retry_at", 0)
    assert journal.commit()
    assert rows(tmp_path, "SELECT kind FROM fact") == [("arrived",)]


def test_old_facts_go_after_a_week_and_events_after_eight_days(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    one_call(journal)
    one_call(journal, "still open")
    journal.closed("c1")
    journal.commit()
    assert journal.prune(T0 + timedelta(days=7, hours=-1)) == 0
    assert journal.prune(T0 + timedelta(days=7, hours=1)) == 2
    assert len(rows(tmp_path, "SELECT * FROM fact")) == 0
    assert journal.prune(T0 + timedelta(days=8, hours=1)) == 2
    assert {call for (call,) in rows(tmp_path, "SELECT call FROM event")} == {"still open"}


def test_agents_are_remembered(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    state = AgentStateChanged("ana", True, "by hand", T0, ("q",), (("r", 2),), "", "305")
    journal.keep(AgentStateChanged("ana", False, "", T0))
    journal.keep(state)
    journal.close()
    again = opened(tmp_path)
    assert again.agents() == [state]
    again._db.execute("UPDATE serving SET body = '[[], []]'")  # of an earlier release
    assert again.agents() == [AgentStateChanged("ana", True, "by hand", T0)]


def test_what_was_decided_for_a_queue_is_remembered_and_noted(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    full = QueueMode("desk", Mode.FULL, T0, T0 + timedelta(hours=2), "maria")
    closed, open_ = replace(full, queue="nurse", mode=Mode.CLOSED), QueueMode("nurse", Mode.OPEN, T0, None, "ana")
    for mode in (full, closed, open_):
        journal.keep_mode(mode)
    journal.close()
    assert opened(tmp_path).modes() == [full, open_]
    noted = rows(tmp_path, "SELECT call, kind, body FROM fact")
    assert [(call, kind) for call, kind, _ in noted] == [
        ("queue desk", "queue_mode"), ("queue nurse", "queue_mode"), ("queue nurse", "queue_mode"),
    ]  # fmt: skip
    assert '"who":"maria"' in str(noted[0][2])


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    sealed = journal_sealing(tmp_path / "keys").seal(b"x", "row")
    assert journal_sealing(tmp_path / "keys").open(sealed, "row") == b"x"
    assert stat.S_IMODE((tmp_path / "keys" / "journal.key").stat().st_mode) == 0o600
    (tmp_path / "keys" / "journal.key").write_bytes(b"short")
    with pytest.raises(ClinicPBXError, match="not a key"):
        journal_sealing(tmp_path / "keys")


def test_a_call_that_hung_up_is_in_the_journal_to_its_end(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    one_call(journal)
    journal.append("c1", 2, HungUp(at=T0, cause=16))
    journal.commit()
    journal.checkpoint()
    assert journal.open_calls()[0].events[-1] == HungUp(at=T0, cause=16)
