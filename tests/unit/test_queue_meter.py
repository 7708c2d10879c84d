"""The queues in numbers, and the alarm that rings if they break a rule of their own."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from clinicpbx.adapters.metrics import Metrics
from clinicpbx.core.acd.callbacks import Callback, State
from clinicpbx.core.acd.queue import Offer
from clinicpbx.core.acd.stages import Stage
from clinicpbx.core.commands import JoinQueue, KeepCallback, LeaveQueue, ReturnOffer, TakeOffer
from clinicpbx.daemon.queue_meter import BROKEN, QueueMeter
from clinicpbx.private import Private
from tests.support.floors import Shift, agent, at, queue

pytestmark = pytest.mark.unit


class Measured:
    def __init__(self) -> None:
        self.metrics = Metrics()
        self.meter = QueueMeter(self.metrics)
        self.shift = Shift(queue("q"), agent("ana", "201", q=0), agent("ben", "202", {"billing": 1}, q=0))

    def value(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(name, labels)

    def join(self, seconds: float, call: str, **more: Any) -> None:
        """As the runtime does it."""
        command = JoinQueue("q", at(seconds), **more)
        self.meter.asked(self.shift.floor, call, command, at(seconds))
        self.shift.do(seconds, call, command)

    def look(self, seconds: float, *callbacks: Callback) -> list[str]:
        return self.meter.look(self.shift.floor, callbacks, at(seconds))


def promised(state: State) -> Callback:
    join = JoinQueue("q", at(0), callback=True)
    wish = KeepCallback("b1", Private("+12075550142"), "en", "300", join, "", 3, timedelta(minutes=15))
    return Callback(wish, state, at(0))


def test_who_waits_and_who_serves_is_shown() -> None:
    seen = Measured()
    for n in range(4):
        seen.join(n, f"c{n}")
    seen.join(5, "b1", callback=True)
    assert seen.look(63, promised(State.UNREACHED)) == []
    assert seen.value("clinicpbx_queue_waiting", queue="q") == 2
    assert seen.value("clinicpbx_queue_longest_wait_seconds", queue="q") == 61
    assert seen.value("clinicpbx_queue_callbacks", queue="q") == 1
    assert seen.value("clinicpbx_queue_agents", queue="q", state="offered") == 2
    assert seen.value("clinicpbx_callbacks_unreached") == 1


def test_what_comes_of_callers_and_offers_is_counted() -> None:
    seen = Measured()
    for seconds, command in (
        (0, JoinQueue("q", at(0))),
        (20, ReturnOffer("q", "NOANSWER")),
        (25, TakeOffer("q", "202")),
        (26, TakeOffer("q", "202")),
    ):
        seen.meter.asked(seen.shift.floor, "c1", command, at(seconds))
        seen.shift.do(seconds, "c1", command)
    seen.meter.asked(seen.shift.floor, "c2", LeaveQueue("q"), at(9))
    assert seen.value("clinicpbx_queue_entries_total", queue="q") == 1
    assert seen.value("clinicpbx_queue_offers_total", queue="q", outcome="noanswer") == 1
    assert seen.value("clinicpbx_queue_offers_total", queue="q", outcome="answered") == 1
    assert seen.value("clinicpbx_queue_wait_seconds_sum", queue="q", how="answered") == 25
    seen.shift.join(30, "c3")
    seen.meter.asked(seen.shift.floor, "c3", LeaveQueue("q"), at(37))
    assert seen.value("clinicpbx_queue_wait_seconds_sum", queue="q", how="left") == 7


def test_every_alarm_is_there_from_the_start_and_silent() -> None:
    seen = Measured()
    assert all(seen.value("clinicpbx_queue_rules_broken_total", rule=rule) == 0 for rule in BROKEN)
    for n in range(9):
        seen.join(n, f"c{n}")
    assert [seen.look(seconds) for seconds in (10, 11, 12)] == [[], [], []]


def broken(seen: Measured, rule: str) -> None:
    """Break *rule* as no input can."""
    floor = seen.shift.floor
    for call in ("c1", "c2", "c3"):
        seen.join(0, call)
    match rule:
        case "idle_agent":
            floor.agents["ana"].activity = type(floor.agents["ana"]).__dataclass_fields__["activity"].default
        case "lost_caller":
            floor.queues["q"].waiting.clear()
        case "agent_twice":
            offer = floor.callers["c1"].offer
            assert isinstance(offer, Offer)
            floor.callers["c2"].offer = replace(offer)
        case "entries_and_ends":
            seen.meter.gone(floor, "c1")


@pytest.mark.parametrize(
    "rule", ["idle_agent", "lost_caller", "agent_twice", "callback_without_agent", "entries_and_ends"]
)
def test_a_broken_rule_alarms_once_if_it_lasts(rule: str, capsys: pytest.CaptureFixture[str]) -> None:
    seen = Measured()
    broken(seen, rule)
    callbacks = [promised(State.OFFERED)] if rule == "callback_without_agent" else []
    assert seen.look(10, *callbacks) == []
    assert seen.look(11, *callbacks) == [rule]
    assert seen.look(12, *callbacks) == [rule]
    assert seen.value("clinicpbx_queue_rules_broken_total", rule=rule) == 1
    assert "2075550142" not in capsys.readouterr().out


def test_who_lacks_a_skill_or_refused_is_not_idle() -> None:
    seen = Measured()
    seen.join(0, "c1", stages=(Stage(skills=(("billing", 1),)),))
    seen.shift.back(1, "c1", "BUSY")
    seen.shift.wait(12)
    seen.shift.floor.log_out("ben", at(13))
    assert [seen.look(seconds) for seconds in (14, 15)] == [[], []]


@pytest.mark.parametrize(("priority", "rule"), [(0, "order"), (9, "overtaken_too_often")])
def test_who_is_served_out_of_turn_is_seen(priority: int, rule: str) -> None:
    seen = Measured()
    for name in ("ana", "ben"):
        seen.shift.floor.log_out(name, at(0))
    seen.join(0, "first")
    for n in range(7):
        seen.join(1 + n, f"later{n}", priority=priority)
    alarms = []
    for n in range(7):
        seen.meter.offered(seen.shift.floor, f"later{n}", ("201",), at(20))
        alarms.append(seen.value("clinicpbx_queue_rules_broken_total", rule=rule))
    assert alarms[:6] == ([1, 2, 3, 4, 5, 6] if rule == "order" else [0, 0, 0, 0, 0, 1])


def test_every_way_in_and_out_is_counted() -> None:
    seen = Measured()
    seen.join(0, "taken")
    seen.join(1, "gone")
    seen.join(2, "left")
    seen.shift.floor.restore("back", JoinQueue("q", at(0)), at(3))
    seen.meter.restored()
    for command in (TakeOffer("q", "201"), TakeOffer("q", "201")):
        seen.meter.asked(seen.shift.floor, "taken", command, at(4))
        seen.shift.do(4, "taken", command)
    for queue_name in ("other", "q"):
        seen.meter.asked(seen.shift.floor, "left", LeaveQueue(queue_name), at(5))
        seen.shift.leave(5, "left", queue_name)
    seen.meter.gone(seen.shift.floor, "gone")
    seen.shift.gone(6, "gone")
    assert [seen.look(seconds) for seconds in (7, 8)] == [[], []]
