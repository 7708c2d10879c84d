"""The queues in numbers, and the alarm that rings if they break a rule of their own."""

from dataclasses import replace
from datetime import timedelta

import pytest

from clinicpbx.adapters.metrics import Metrics
from clinicpbx.core.acd.callbacks import Callback, State
from clinicpbx.core.acd.queue import Offer
from clinicpbx.core.acd.stages import Stage
from clinicpbx.core.commands import JoinQueue, LeaveQueue, ReturnOffer, TakeOffer
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

    def look(self, seconds: float, *callbacks: Callback) -> list[str]:
        return self.meter.look(self.shift.floor, callbacks, at(seconds))


def promised(state: State) -> Callback:
    join = JoinQueue("q", at(0), callback=True)
    return Callback("b1", Private("+12075550142"), "en", "300", join, "", 3, timedelta(minutes=15), state, at(0))


def test_who_waits_and_who_serves_is_shown() -> None:
    seen = Measured()
    for n in range(4):
        seen.shift.join(n, f"c{n}")
    seen.shift.do(5, "b1", JoinQueue("q", at(5), callback=True))
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
        seen.shift.join(n, f"c{n}")
    assert [seen.look(seconds) for seconds in (10, 11, 12)] == [[], [], []]


def broken(seen: Measured, rule: str) -> None:
    """Break *rule* as no input can."""
    floor = seen.shift.floor
    seen.shift.join(0, "c1")
    seen.shift.join(0, "c2")
    seen.shift.join(0, "c3")
    match rule:
        case "idle_agent":
            floor.agents["ana"].activity = type(floor.agents["ana"]).__dataclass_fields__["activity"].default
        case "lost_caller":
            floor.queues["q"].waiting.clear()
        case "agent_twice":
            offer = floor.callers["c1"].offer
            assert isinstance(offer, Offer)
            floor.callers["c2"].offer = replace(offer)


@pytest.mark.parametrize("rule", ["idle_agent", "lost_caller", "agent_twice", "callback_without_agent"])
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
    seen.shift.do(0, "c1", JoinQueue("q", at(0), stages=(Stage(skills=(("billing", 1),)),)))
    seen.shift.back(1, "c1", "BUSY")
    seen.shift.wait(12)
    seen.shift.floor.log_out("ben", at(13))
    assert [seen.look(seconds) for seconds in (14, 15)] == [[], []]
