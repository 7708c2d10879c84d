"""Agents who are not there any more are logged out, and never out of a call."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from clinicpbx.adapters.metrics import Metrics
from clinicpbx.core.acd.board import agent_rows
from clinicpbx.core.acd.floor import Floor
from clinicpbx.core.acd.results import AgentStateChanged
from clinicpbx.core.commands import TogglePause
from clinicpbx.core.rulebook import LogOutRules
from clinicpbx.core.schedule.hours import Hours, Span
from clinicpbx.core.schedule.stretches import closing
from clinicpbx.daemon.queue_meter import QueueMeter
from clinicpbx.daemon.queue_runtime import QueueRuntime
from tests.support.books import HOURS
from tests.support.floors import START, Shift, Written, agent, at, queue, queue_logger, rules, said

pytestmark = pytest.mark.unit

HOUR, DAY = 3600, 86400
ALWAYS_OPEN = Hours(ZoneInfo("UTC"), {day: (Span(time(0), time(0)),) for day in range(7)})
UNTIL_NOON = Hours(ZoneInfo("UTC"), {day: (Span(time(8), time(12)),) for day in range(7)})


def shift(hours: Hours = UNTIL_NOON, **log_out: object) -> Shift:
    """Ana and Ben since 08:00; every phone is known to be within reach."""
    made = Shift(queue("q", wrap_up=timedelta(seconds=30)), agent("ana", "201", q=0), agent("ben", "202", q=1))
    made.book = replace(made.book, log_out=LogOutRules(**log_out), hours={"clinic": hours})  # type: ignore[arg-type]
    made.floor.rules(made.book, START)
    made.floor.snapshot({"201": (True, 0), "202": (True, 0)}, START)
    return made


def look(made: Shift, seconds: float) -> list[str]:
    return said(made.floor.log_out_absent(at(seconds)))


def test_idle_counts_from_the_last_call_or_code() -> None:
    made = shift(idle=timedelta(hours=4))
    made.join(HOUR, "c1")
    made.take(HOUR, "c1", "201")
    made.floor.perform("code", TogglePause("202"), at(2 * HOUR))
    assert look(made, 4 * HOUR) == []
    made.channels(5 * HOUR, "201", 0)
    made.wait(5 * HOUR + 30)
    assert look(made, 6 * HOUR) == ["ben: out"]
    assert look(made, 9 * HOUR - 1) == []
    assert look(made, 9 * HOUR) == ["ana: out"]
    assert [row["reason"] for row in agent_rows(made.floor)] == ["idle", "idle"]
    made.floor.log_in("ana", at(9 * HOUR))
    assert agent_rows(made.floor)[0]["reason"] == ""


def test_never_out_of_a_call_an_offer_or_the_time_after_a_call() -> None:
    made = shift(idle=timedelta(minutes=1), unreachable=timedelta(minutes=1))
    made.floor.log_out("ben", START)
    made.join(59, "c1")
    assert (made.state("ana"), look(made, 70)) == ("offered", [])
    made.take(75, "c1", "201")
    assert (made.state("ana"), look(made, 3000)) == ("talking", [])
    made.channels(3000, "201", 0)
    assert (made.state("ana"), look(made, 3029)) == ("wrap-up", [])
    made.wait(3030)
    made.channels(3040, "201", 1)
    assert (made.state("ana"), look(made, 4000)) == ("busy", [])
    made.channels(4000, "201", 0)
    assert look(made, 4000) == ["ana: out"]


def test_a_phone_that_is_long_out_of_reach() -> None:
    made = shift()
    made.floor.phone_reachable("201", False, at(100))
    made.floor.phone_reachable("202", False, at(100))
    made.floor.phone_reachable("202", True, at(500))
    assert look(made, 100 + 899) == []
    assert look(made, 100 + 900) == ["ana: out"]
    assert made.state("ben") == "free"
    never = shift(unreachable=timedelta(0))
    never.floor.phone_reachable("201", False, at(100))
    assert look(never, 10 * DAY) == []


def test_no_phone_is_out_of_reach_before_it_is_said() -> None:
    book = rules(queue("q"), agent("ana", "201", q=0))
    floor = Floor(book, START, [AgentStateChanged("ana", True, "", START)])
    assert floor.log_out_absent(at(DAY)) == []
    floor.snapshot({}, at(DAY))
    assert floor.log_out_absent(at(DAY + 899)) == []
    assert said(floor.log_out_absent(at(DAY + 900))) == ["ana: out"]


def test_at_the_end_of_the_hours_once_nobody_waits() -> None:
    made = shift(closing="clinic")
    made.join(1, "c1")
    made.join(2, "c2")
    made.join(3, "c3")
    made.take(4, "c1", "201")
    made.take(4, "c2", "202")
    assert look(made, 4 * HOUR) == [], "both talk"
    made.channels(4 * HOUR, "202", 0)
    made.floor.pause("ben", at(4 * HOUR - 60), "lunch")
    made.wait(4 * HOUR + 30)
    assert look(made, 4 * HOUR + 31) == [], "c3 came while it was open"
    made.leave(4 * HOUR + 40, "c3")
    assert look(made, 4 * HOUR + 41) == ["ben: out"]
    made.floor.log_in("ben", at(5 * HOUR))
    assert look(made, 23 * HOUR) == [], "who logs in after the end stays"
    assert look(made, 28 * HOUR) == ["ben: out"], "until the next one"


def test_an_end_that_passed_while_the_daemon_was_down() -> None:
    book = replace(rules(queue("q"), agent("ana", "201", q=0)), log_out=LogOutRules(closing="clinic"))
    book = replace(book, hours={"clinic": UNTIL_NOON})
    floor = Floor(book, at(DAY), [AgentStateChanged("ana", True, "", START)])
    assert said(floor.log_out_absent(at(DAY))) == ["ana: out"]


def test_when_hours_end() -> None:
    monday = datetime(2030, 1, 7, 15, tzinfo=UTC)  # 10:00 in New York
    assert closing(HOURS, monday) == datetime(2030, 1, 7, 22, tzinfo=UTC), "lunch is no end"
    assert closing(HOURS, datetime(2030, 1, 7, 23, tzinfo=UTC)) == datetime(2030, 1, 8, 22, tzinfo=UTC)
    assert closing(ALWAYS_OPEN, monday) is None


async def test_the_reason_is_noted_and_the_log_out_kept() -> None:
    kept: list[AgentStateChanged] = []
    noted: list[tuple[str, str, object]] = []

    class Store:
        def keep(self, state: AgentStateChanged) -> None:
            kept.append(state)

        def keep_mode(self, mode: object) -> None:
            raise AssertionError

        def fact(self, call: str, when: datetime, kind: str, detail: object) -> None:
            noted.append((call, kind, detail))

    made = shift(idle=timedelta(hours=1))
    seen_by = QueueMeter(Metrics()), queue_logger(made.floor, Written())
    runtime = QueueRuntime(made.floor, lambda: at(HOUR), lambda call, event: None, Store(), lambda: None, *seen_by)
    runtime.look(())
    runtime.look(())
    assert [(state.name, state.logged_in, state.why) for state in kept] == [
        ("ana", False, "idle"), ("ben", False, "idle"),
    ]  # fmt: skip
    assert noted[0] == ("agent ana", "logged_out", {"why": "idle"})
    assert len(noted) == 2
    runtime.close()
