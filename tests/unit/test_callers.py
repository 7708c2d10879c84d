"""Earlier calls: counted, the place given back once, nothing of the number kept."""

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from clinicpbx.adapters.metrics import Metrics
from clinicpbx.core.commands import JoinQueue
from clinicpbx.core.events import NOTHING_EARLIER, Earlier
from clinicpbx.daemon.callers import KEPT, Callers
from clinicpbx.daemon.journal import Journal
from clinicpbx.daemon.journal_key import journal_sealing
from clinicpbx.private import Private
from tests.support.floors import START, at

pytestmark = pytest.mark.unit
NUMBER = Private("+12075550142")


def callers() -> Callers:
    return Callers(lambda number: f"tag of {number}", lambda known: None)


def test_calls_of_the_last_hour_are_counted() -> None:
    known = callers()
    assert [known.arrived(NUMBER, at(minutes * 60)).calls for minutes in (0, 10, 20, 75, 200)] == [0, 1, 2, 1, 0]
    assert known.arrived(Private("12075550142"), at(200 * 60)).calls == 1, "the same number, written otherwise"
    assert known.arrived(Private("+12075550143"), at(200 * 60)).calls == 0


@pytest.mark.parametrize("number", [None, Private(""), Private("anonymous")])
def test_nobody_is_known_without_a_number(number: Private[str] | None) -> None:
    known = callers()
    known.arrived(number, at(0))
    known.ended(number, at(1), "ana", None)
    assert known.arrived(number, at(2)) == NOTHING_EARLIER


def test_a_lost_place_is_given_back_once() -> None:
    known = callers()
    known.arrived(NUMBER, at(0))
    known.ended(NUMBER, at(60), "", JoinQueue("desk", at(5)))
    assert known.arrived(NUMBER, at(90)) == Earlier(1, "", "desk", at(5), at(60))
    assert known.arrived(NUMBER, at(91)).lost is None


def test_who_talked_last_is_remembered() -> None:
    known = callers()
    known.arrived(NUMBER, at(0))
    known.ended(NUMBER, at(60), "ana", None)
    known.arrived(NUMBER, at(100))
    known.ended(NUMBER, at(130), "", None)
    assert known.arrived(NUMBER, at(200)).agent == "ana"
    known.prune(at(200) + KEPT + timedelta(seconds=1))
    assert known.arrived(NUMBER, at(300)) == NOTHING_EARLIER


def test_it_outlasts_a_restart_and_says_no_number(tmp_path: Path) -> None:
    def begin() -> Journal:
        return Journal(tmp_path / "journal.db", journal_sealing(tmp_path / "keys"), Metrics())

    journal = begin()
    known = Callers(journal.digest, journal.keep_caller, journal.callers(at(0)))
    known.arrived(NUMBER, at(0))
    known.ended(NUMBER, at(60), "ana", JoinQueue("desk", START))
    journal.close()
    assert b"2075550142" not in (tmp_path / "journal.db").read_bytes()
    with sqlite3.connect(tmp_path / "journal.db") as database:
        assert database.execute("SELECT count(*) FROM caller").fetchone() == (1,)

    journal = begin()
    known = Callers(journal.digest, journal.keep_caller, journal.callers(at(100)))
    assert known.arrived(NUMBER, at(100)) == Earlier(1, "ana", "desk", START, at(60))
    assert journal.callers(at(0) + KEPT * 2) == []
    journal.close()
