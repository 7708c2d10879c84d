"""The live view and the alarms."""

import json
from datetime import timedelta

import pytest

from clinicpbx.core.acd.alarms import Alarms
from clinicpbx.core.acd.board import agent_rows, queue_rows
from tests.support.floors import Shift, agent, at, queue

pytestmark = pytest.mark.unit


def test_a_queue_says_who_waits_and_what_its_agents_do() -> None:
    names = ("ana", "ben", "cy", "di", "eva")
    shift = Shift(queue("q"), *(agent(name, f"20{n}", q=n) for n, name in enumerate(names)))
    shift.floor.log_out("eva", at(0))
    shift.floor.phone_reachable("203", False, at(0))
    shift.join(0, "c1")
    shift.take(1, "c1", "200")
    shift.floor.pause("ben", at(1))
    shift.join(2, "c2")
    shift.join(5, "c3")
    [row] = queue_rows(shift.floor, at(15))
    assert row == {
        "queue": "q", "mode": "open", "until": None, "by": "", "waiting": 1, "callbacks": 0, "ringing": 1,
        "longest_wait": 10.0, "staffed": True, "logged_in": 4,
        "free": 0, "offered": 1, "talking": 1, "wrap_up": 0, "resting": 0, "busy": 0, "paused": 1,
        "unreachable": 1, "logged_out": 1,
    }  # fmt: skip
    assert json.dumps(row)


def test_an_agent_says_what_with_and_since_when() -> None:
    shift = Shift(queue("q"), agent("ana", "201", q=0), agent("ben", "202", q=0))
    shift.join(3, "c1")
    rows = agent_rows(shift.floor)
    assert rows[0] == {
        "agent": "ana", "phone": "201", "desk": "", "state": "offered", "reason": "", "since": at(3).isoformat(),
        "logged_in": True, "reachable": True, "queue": "q", "call": "c1", "queues": ["q"],
        "skills": {}, "licences": [], "taken": 0,
    }  # fmt: skip
    assert (rows[1]["state"], rows[1]["queue"], rows[1]["since"]) == ("free", "", at(0).isoformat())
    shift.take(4, "c1", "201")
    shift.channels(9, "201", 0)
    row = agent_rows(shift.floor)[0]
    assert (row["state"], row["queue"], row["call"], row["since"]) == ("wrap-up", "q", "", at(9).isoformat())


def test_alarms_come_once_the_earliest_first_and_what_was_set_anew_counts() -> None:
    alarms = Alarms()
    assert alarms.earliest is None
    for name, seconds in (("b", 2), ("a", 1), ("c", 3), ("d", 1)):
        alarms.put(("agent", name), at(seconds))
    alarms.put(("agent", "b"), at(5))
    alarms.put(("agent", "b"), at(5))
    alarms.put(("agent", "d"), None)
    assert [name for _, name in alarms.due(at(4))] == ["a", "c"]
    assert alarms.earliest == at(5)
    assert list(alarms.due(at(5) - timedelta(microseconds=1))) == []
