"""The shell around the floor: what follows is carried out in order, and one timer wakes it."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from clinicpbx.adapters.metrics import Metrics
from clinicpbx.core.acd.floor import Floor
from clinicpbx.core.acd.modes import Mode, QueueMode
from clinicpbx.core.acd.results import AgentStateChanged
from clinicpbx.core.commands import JoinQueue, LeaveQueue, ReturnOffer
from clinicpbx.core.events import Event, Seat
from clinicpbx.daemon.queue_meter import QueueMeter
from clinicpbx.daemon.queue_runtime import QueueRuntime
from clinicpbx.errors import ClinicPBXError
from tests.support.floors import START, Written, agent, at, queue, queue_logger, rules, spoken

pytestmark = pytest.mark.unit

BOOK = rules(queue("q"), agent("ana", "201", q=0), agent("fay", "", q=0))

METER = QueueMeter(Metrics())


class Bench:
    """A runtime whose clock stands still until it is moved."""

    def __init__(self, states: tuple[AgentStateChanged, ...] = (AgentStateChanged("ana", True, "", START),)) -> None:
        self.now = START
        self.heard: list[str] = []
        self.kept: list[AgentStateChanged] = []
        self.modes: list[QueueMode] = []
        self.resyncs = 0
        self.react: Callable[[str, Event], None] = lambda call, event: None
        floor, self.written = Floor(BOOK, START, states), Written()
        seen_by = METER, queue_logger(floor, self.written)
        self.runtime = QueueRuntime(floor, self.clock, self.deliver, self, self.resync, *seen_by)

    def clock(self) -> datetime:
        return self.now

    def deliver(self, call: str, event: Event) -> None:
        self.heard.append(f"{call}: {spoken(event)}")
        self.react(call, event)

    def keep(self, state: AgentStateChanged) -> None:
        self.kept.append(state)

    def keep_mode(self, mode: QueueMode) -> None:
        self.modes.append(mode)

    def resync(self) -> None:
        self.resyncs += 1


async def test_events_reach_calls_and_states_the_store() -> None:
    bench = Bench()
    bench.runtime.snapshot({"201": (True, 0)}, START)
    bench.runtime.perform("c1", JoinQueue("q", START), START)
    assert bench.heard == ["c1: ring 201"]
    assert bench.runtime.calls() == ["c1"]
    bench.runtime.pause("ana", "lunch")
    bench.runtime.unpause("ana")
    bench.runtime.log_out("ana")
    bench.runtime.log_in("ana")
    assert [(state.logged_in, state.paused) for state in bench.kept] == [
        (True, "lunch"), (True, ""), (False, ""), (True, ""),
    ]  # fmt: skip
    assert [bench.runtime.phone_of(name) for name in ("ana", "nobody")] == ["201", ""]
    bench.runtime.call_gone("c1", START)
    assert bench.runtime.calls() == []
    bench.runtime.close()


async def test_what_a_delivery_leads_to_comes_after_what_was_there_before() -> None:
    bench = Bench()
    bench.runtime.perform("c1", JoinQueue("q", at(0)), START)
    bench.runtime.perform("c2", JoinQueue("q", at(1)), START)
    bench.heard.clear()

    def leave(call: str, event: Event) -> None:
        bench.runtime.perform(call, LeaveQueue("q"), START)
        bench.runtime.perform(call, JoinQueue("q", START), START)

    bench.react = lambda call, event: leave(call, event) if len(bench.heard) < 2 else None
    bench.runtime.rules(rules(agent("ana", "201", q=0)))
    assert bench.heard == ["c1: unstaffed", "c2: unstaffed", "c1: unstaffed"]


async def turn() -> None:
    """Timers that are due run."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def test_a_deadline_wakes_the_floor() -> None:
    bench = Bench()
    bench.runtime.phone_reachable("201", True, START)
    bench.runtime.phone_channels("201", 0, START)
    bench.runtime.perform("c1", JoinQueue("q", START), START)
    bench.now = at(12)
    bench.runtime.perform("c1", ReturnOffer("q", "BUSY"), at(1))
    assert bench.heard[-1] == "c1: place 1"
    await turn()  # the agent's rest was over at 11
    assert bench.heard[-1] == "c1: ring 201"
    bench.runtime.close()


async def test_an_overdue_offer_asks_for_a_resync() -> None:
    bench = Bench()
    bench.runtime.snapshot({"201": (True, 0)}, START)
    bench.now = at(36)
    bench.runtime.perform("c1", JoinQueue("q", START), START)
    await turn()
    assert bench.resyncs == 1
    bench.runtime.close()


async def test_an_earlier_deadline_moves_the_timer_and_a_later_one_does_not() -> None:
    bench = Bench()
    bench.runtime.snapshot({"201": (True, 0)}, START)
    bench.runtime.perform("c1", JoinQueue("q", START), START)
    first = bench.runtime._timer
    assert first is not None
    bench.runtime.perform("c1", ReturnOffer("q", "BUSY"), at(1))
    second = bench.runtime._timer
    assert second is not None
    assert first.cancelled()
    assert second.when() - first.when() == pytest.approx(-24, abs=1)
    bench.runtime.perform("c2", JoinQueue("q", at(2)), at(2))
    assert bench.runtime._timer is second
    bench.runtime.close()


async def test_calls_are_restored_before_the_first_snapshot() -> None:
    bench = Bench()
    bench.runtime.restore("c2", JoinQueue("q", at(-10)))
    bench.runtime.restore("c1", JoinQueue("q", at(-20)))
    bench.runtime.restore("c0", JoinQueue("q", at(-30)), ("201",))
    assert bench.heard == []
    bench.runtime.snapshot({"201": (True, 1)}, at(1))
    bench.runtime.call_gone("c0", at(2))
    bench.runtime.phone_channels("201", 0, at(3))
    assert bench.heard == ["c1: ring 201"]
    bench.runtime.close()


async def test_an_unknown_agent_is_a_mistake() -> None:
    with pytest.raises(ClinicPBXError, match="eve"):
        Bench().runtime.log_in("eve")


async def test_who_cannot_sit_at_a_phone_is_told_why() -> None:
    bench = Bench()
    bench.runtime.snapshot({"201": (True, 0)}, START)
    with pytest.raises(ClinicPBXError, match="ana is logged in at 201"):
        bench.runtime.log_in("fay", "201")
    with pytest.raises(ClinicPBXError, match="fay has no phone now"):
        bench.runtime.log_in("fay")
    bench.runtime.log_in("fay", "204")
    assert bench.kept[-1].desk == "204"
    assert bench.runtime.seats("204", "204", "201", "209") == (Seat("204", "fay"), Seat("201", "ana"))
    bench.runtime.log_in("fay")
    assert bench.kept[-1].desk == "204", "logged in there already"
    bench.runtime.perform("c1", JoinQueue("q", START), START)
    with pytest.raises(ClinicPBXError, match="ana has a call at 201"):
        bench.runtime.log_in("ana", "205")


async def test_a_queues_mode_reaches_the_store_and_the_callers() -> None:
    bench = Bench()
    bench.runtime.perform("c1", JoinQueue("q", START), START)
    bench.runtime.decide("q", Mode.CLOSED, at(60), "maria")
    assert bench.modes == [QueueMode("q", Mode.CLOSED, START, at(60), "maria")]
    assert bench.heard[-1] == "c1: closed"
    for queue_, mode, until in (("none", Mode.OPEN, None), ("q", Mode.FULL, None), ("q", Mode.FULL, at(-1))):
        with pytest.raises(ClinicPBXError):
            bench.runtime.decide(queue_, mode, until, "maria")
    bench.now = at(61)
    bench.runtime.decide("q", Mode.OPEN, None, "maria")
    assert bench.runtime.status()["queues"][0]["mode"] == "open"
    bench.runtime.close()


async def test_status_is_plain() -> None:
    bench = Bench()
    bench.now = START + timedelta(seconds=1)
    status = bench.runtime.status()
    assert [row["queue"] for row in status["queues"]] == ["q"]
    assert [row["state"] for row in status["agents"]] == ["unreachable", "logged out"]
    bench.runtime.close()
