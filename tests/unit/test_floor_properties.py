"""Whatever happens on the floor, in whatever order: no agent in two calls, no caller lost."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from clinicpbx.adapters.metrics import Metrics
from clinicpbx.core.acd.agent import Agent, Offered, Talking, WrapUp
from clinicpbx.core.acd.floor import Floor
from clinicpbx.core.acd.modes import Mode, QueueMode
from clinicpbx.core.acd.queue import Caller
from clinicpbx.core.acd.results import Result, ToCall
from clinicpbx.core.acd.stages import Stage
from clinicpbx.core.commands import (
    AskPlace,
    JoinQueue,
    LeaveQueue,
    ReturnOffer,
    TakeDesk,
    TakeOffer,
    ToggleLogin,
    TogglePause,
)
from clinicpbx.core.events import OfferMade, PlaceTold
from clinicpbx.core.rulebook import LogOutRules, Rulebook
from clinicpbx.daemon.queue_meter import QueueMeter
from tests.conftest import LONG
from tests.support.floors import START, agent, queue, rules

pytestmark = pytest.mark.unit

QUEUES = ("desk", "nurse", "billing")
PHONES = ("201", "202", "203", "204", "205")
CALLS = tuple(f"c{n}" for n in range(8))
BOOK = rules(
    queue("desk", max_overtakes=2),
    queue("nurse", "ringall", wrap_up=timedelta(0), licences=("rn", "md"), max_overtakes=1),
    queue("billing", "rrmemory", pause_after_misses=0, ring=timedelta(seconds=5)),
    agent("ana", "201", desk=0, nurse=0, billing=0, skills={"speaks es": 1, "coding": 3}, licences=("rn",)),
    agent("ben", "202", desk=0, nurse=1, skills={"coding": 1}, licences=("md",)),
    agent("cy", "203", nurse=0, billing=2, skills={"speaks es": 1}),
    agent("di", "204", desk=3),
    replace(agent("fay", "", desk=0, nurse=0, licences=("rn",)), number="4506"),
)
BOOK = replace(BOOK, log_out=LogOutRules(timedelta(minutes=2), timedelta(minutes=1)))
ES, CODING = (("speaks es", 1),), (("coding", 2), ("speaks es", 1))
NEEDS = (
    (),
    (Stage(skills=ES), Stage(timedelta(seconds=10))),
    (Stage(agent="ana"), Stage(timedelta(seconds=5), CODING), Stage(timedelta(seconds=20), ES)),
    (Stage(skills=CODING),),
)
SWAPPED = {"ana": agent("ana", "202", desk=0), "ben": agent("ben", "201", nurse=0)}
calls, queues, phones, agents = map(st.sampled_from, (CALLS, QUEUES, PHONES, [*sorted(BOOK.agents), "eve"]))
statuses = st.sampled_from(("NOANSWER", "BUSY", "CONGESTION", "CHANUNAVAIL", "FAILED"))


def changed(book: Rulebook, name: str) -> Rulebook:
    """*book* without the queue or the agent of that name; or two agents change phones; or a new one has ana's."""
    if name == "swap":
        return replace(book, agents={**book.agents, **SWAPPED})
    if name == "heir":
        heir = {"eve": agent("eve", "201", desk=0)}
        return replace(book, agents={key: value for key, value in book.agents.items() if key != "ana"} | heir)
    without = {key: value for key, value in book.queues.items() if key != name}
    return replace(book, queues=without, agents={key: value for key, value in book.agents.items() if key != name})


class FloorMachine(RuleBasedStateMachine):
    """Keeps its own books: who is in a queue, and which phone is held by which call."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.floor = Floor(BOOK, START)
        self.inside: dict[str, str] = {}  # call -> queue
        self.rung: dict[str, tuple[str, ...]] = {}  # call -> phones that ring for it
        self.talking: dict[str, str] = {}  # phone -> call
        self.channels = dict.fromkeys(PHONES, 0)
        self.told: set[str] = set()
        self.modes: dict[str, QueueMode] = {}
        self.metrics = Metrics()
        self.meter = QueueMeter(self.metrics)
        self.overtook: dict[str, set[str]] = {}  # who joined later, and took its agent
        for phone in PHONES:
            self.floor.phone_reachable(phone, True, START)
        for name in BOOK.agents:
            self.floor.log_in(name, START)

    def follow(self, results: list[Result], at: datetime | None = None) -> None:
        self.told = set()
        for result in results:
            if isinstance(result, ToCall) and isinstance(result.event, OfferMade):
                self.meter.offered(self.floor, result.call, result.event.phones, self.now)
        for result in results:
            if isinstance(result, ToCall):
                self.told.add(result.call)
                if isinstance(result.event, OfferMade):
                    self.ring(result.call, result.event)

    def ring(self, call: str, offer: OfferMade) -> None:
        assert self.inside[call] == offer.queue
        assert call not in self.rung, "offered twice"
        assert offer.phones
        held = {phone for phones in self.rung.values() for phone in phones} | set(self.talking)
        assert not held & set(offer.phones), "a phone in two calls"
        assert not any(self.channels[phone] for phone in offer.phones), "a phone in use is rung"
        self.rung[call] = offer.phones
        mine = self.floor.callers[call]
        assert mine.offer is not None
        given = [a for a in self.floor.agents.values() if a.phone.extension in offer.phones]
        assert all(self.fits(mine, a) for a in given), "offered to somebody who cannot"
        for other in self.waiting():
            if other.joined < mine.joined and any(self.fits(other, a) for a in given):
                self.overtook.setdefault(other.call, set()).add(call)
                most = self.floor.queues[other.queue].rules.max_overtakes
                assert len(self.overtook[other.call]) <= most, "starved"
                if (other.queue, other.stages[other.stage]) == (mine.queue, mine.stages[mine.stage]):
                    assert mine.priority > other.priority, "overtaken without a reason"

    def waiting(self) -> list[Caller]:
        return [caller for caller in self.floor.callers.values() if caller.offer is None]

    def fits(self, caller: Caller, agent_: Agent) -> bool:
        """Whether *caller* may be offered to *agent_* now, were that agent free; told from the rules alone."""
        rules = self.floor.queues[caller.queue].rules
        if rules is None or caller.queue not in agent_.rules.queues or self.closed(caller.queue):
            return False
        if rules.licences and not set(rules.licences) & set(agent_.rules.licences):
            return False
        stage = caller.stages[caller.stage]
        able = all(agent_.rules.skills.get(name, 0) >= level for name, level in stage.skills)
        return able and stage.agent in ("", agent_.name) and not self.hope(caller, agent_)

    def closed(self, queue: str) -> bool:
        return queue in self.modes and self.modes[queue].mode is Mode.CLOSED

    def lets_in(self, queue: str, since: datetime) -> bool:
        """Whether a call that comes now, and is not in *queue*, gets in."""
        there = self.floor.queues.get(queue)
        if there is None or there.rules is None:
            return True  # and is told that nobody is there
        decided = self.modes.get(queue)
        full = decided is not None and decided.mode is Mode.FULL and since >= decided.since
        return not full and not self.closed(queue)

    def hope(self, caller: Caller, agent_: Agent) -> bool:
        """Whether *agent_* refused *caller* a moment ago, and another may still take the call."""
        if caller.passed.get(agent_.name, START) <= self.now:
            return False
        others = [a for a in self.floor.agents.values() if a.staffs and caller.passed.get(a.name, START) <= self.now]
        return any(self.fits(caller, other) for other in others)

    def settle(self, phone: str) -> None:
        """The phone's channels are gone: so is its talk."""
        if not self.channels[phone]:
            self.talking.pop(phone, None)

    @rule(
        call=calls,
        queue=queues,
        priority=st.integers(0, 2),
        waited=st.integers(0, 30),
        needs=st.sampled_from(NEEDS),
    )
    def join(self, call: str, queue: str, priority: int, waited: int, needs: tuple[Stage, ...]) -> None:
        if self.inside.get(call) != queue:
            self.rung.pop(call, None)
        self.overtook.pop(call, None)
        self.meter = QueueMeter(self.metrics)  # what was asked for is another now
        offered = call in self.rung
        since = self.now - timedelta(seconds=waited)
        if self.inside.get(call) == queue or self.lets_in(queue, since):
            self.inside[call] = queue
        else:
            self.inside.pop(call, None)
        self.follow(self.floor.perform(call, JoinQueue(queue, since, priority, stages=needs), self.now))
        assert offered or call in self.told, "joined, and left in silence"

    @rule(call=calls, queue=queues)
    def leave(self, call: str, queue: str) -> None:
        if self.inside.get(call) == queue:
            del self.inside[call]
            self.rung.pop(call, None)
        self.follow(self.floor.perform(call, LeaveQueue(queue), self.now))

    @rule(call=calls)
    def hang_up(self, call: str) -> None:
        self.inside.pop(call, None)
        self.rung.pop(call, None)
        for phone in [phone for phone, with_ in self.talking.items() if with_ == call]:
            self.settle(phone)
        self.follow(self.floor.call_gone(call, self.now))

    @rule(call=calls, queue=queues)
    def ask(self, call: str, queue: str) -> None:
        results = self.floor.perform(call, AskPlace(queue), self.now)
        self.follow(results)
        assert [isinstance(result, ToCall) and isinstance(result.event, PlaceTold) for result in results] == [True]

    @rule(data=st.data(), with_channel=st.booleans())
    def answer(self, data: st.DataObject, with_channel: bool) -> None:
        if not self.rung:
            return
        call = data.draw(st.sampled_from(sorted(self.rung)))
        phone = data.draw(st.sampled_from(self.rung[call]))
        if with_channel:
            self.count(phone, 1)
        elif self.floor.agents and self._rang_out(phone):
            return
        queue = self.inside.pop(call)
        del self.rung[call]
        if phone in {agent.phone.extension for agent in self.floor.agents.values()}:
            self.talking[phone] = call
        self.follow(self.floor.perform(call, TakeOffer(queue, phone), self.now))

    def _rang_out(self, phone: str) -> bool:
        activities = [a.activity for a in self.floor.agents.values() if a.phone.extension == phone]
        return any(isinstance(activity, Offered) and activity.rang_out for activity in activities)

    @rule(call=calls, status=statuses)
    def give_back(self, call: str, status: str) -> None:
        queue = self.inside.get(call, "desk")
        offered = self.rung.pop(call, None)
        offered_here = call in self.floor.callers and self.floor.callers[call].offer is not None
        self.follow(self.floor.perform(call, ReturnOffer(queue, status), self.now))
        assert (offered is None and not offered_here) or call in self.told, "returned, and left in silence"

    @rule(phone=phones, count=st.integers(0, 2))
    def count(self, phone: str, count: int) -> None:
        seen = self.channels[phone] or count
        self.channels[phone] = count
        if seen:
            self.settle(phone)
        self.follow(self.floor.phone_channels(phone, count, self.now))

    @rule(phone=phones, reachable=st.booleans())
    def register(self, phone: str, reachable: bool) -> None:
        self.follow(self.floor.phone_reachable(phone, reachable, self.now))

    @rule(reachable=st.dictionaries(phones, st.booleans()))
    def resync(self, reachable: dict[str, bool]) -> None:
        for phone in PHONES:
            self.channels[phone] = self.channels[phone] if phone in reachable else 0
            self.settle(phone)
        self.follow(self.floor.snapshot({p: (r, self.channels[p]) for p, r in reachable.items()}, self.now))

    @rule(phone=phones, login=st.booleans())
    def toggle(self, phone: str, login: bool) -> None:
        self.follow(self.floor.perform("code", (ToggleLogin if login else TogglePause)(phone), self.now))
        assert "code" in self.told

    @rule(name=agents, action=st.sampled_from(("log_in", "log_out", "pause", "unpause")))
    def console(self, name: str, action: str) -> None:
        if name in self.floor.agents:
            self.follow(getattr(self.floor, action)(name, self.now))

    @rule(name=agents, phone=phones)
    def sit_down(self, name: str, phone: str) -> None:
        if name not in self.floor.agents:
            return
        at_work = [a for a in self.floor.agents.values() if a.name != name and (a.logged_in or a.engaged)]
        before = {a.name: a.phone.extension for a in at_work}
        self.follow(self.floor.perform("code", TakeDesk(phone, name), self.now))
        assert "code" in self.told
        after = {a.name: a.phone.extension for a in at_work}
        assert after == before, "driven from a phone"
        if phone not in before.values() and not self.floor.agents[name].engaged:
            assert (self.floor.agents[name].phone.extension, self.floor.agents[name].logged_in) == (phone, True)

    @invariant()
    def a_phone_has_one_agent_and_an_agent_one_phone(self) -> None:
        taken = [a.phone.extension for a in self.floor.agents.values() if a.phone.extension]
        assert len(taken) == len(set(taken))
        for agent_ in self.floor.agents.values():
            assert agent_.logged_in or not agent_.desk, "a desk is left with the log-out"
            assert agent_.phone.extension or not agent_.engaged, "in a call, and at no phone"
            assert self.floor.agent_at(agent_.phone.extension) == (agent_.name if agent_.phone.extension else "")

    @rule(seconds=st.integers(0, 40))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        self.modes = {name: mode for name, mode in self.modes.items() if mode.until and mode.until > self.now}
        for call, caller in self.floor.callers.items():
            if caller.offer is not None and caller.offer.deadline <= self.now:
                self.rung.pop(call, None)
        self.follow(self.floor.deadline_reached(self.now))
        assert self.floor.deadline is None or self.floor.deadline > self.now

    @rule(queue=queues, mode=st.sampled_from(Mode), seconds=st.integers(1, 90))
    def decide(self, queue: str, mode: Mode, seconds: int) -> None:
        if queue not in self.floor.queues or self.floor.queues[queue].rules is None:
            return
        until = None if mode is Mode.OPEN else self.now + timedelta(seconds=seconds)
        self.modes[queue] = QueueMode(queue, mode, self.now, until)
        waiting = {caller.call for caller in self.waiting() if caller.queue == queue}
        self.follow(self.floor.decide(self.modes[queue], self.now))
        assert not self.closed(queue) or waiting <= self.told, "the queue is closed, and its caller does not know"

    @rule()
    def look(self) -> None:
        bound = [a for a in self.floor.agents.values() if isinstance(a.activity, Offered | Talking | WrapUp)]
        busy = [agent_ for agent_ in [*bound, *self.floor.agents.values()] if agent_ in bound or agent_.phone.channels]
        before = [agent_.logged_in for agent_ in busy]
        self.follow(self.floor.log_out_absent(self.now))
        assert [agent_.logged_in for agent_ in busy] == before, "logged out while there is work"
        for agent_ in self.floor.agents.values():
            idle = agent_ not in busy and self.now - agent_.used >= BOOK.log_out.idle
            assert not (agent_.logged_in and idle), "nobody is there"

    @rule(name=st.sampled_from(("", "swap", "heir", *QUEUES, *sorted(BOOK.agents))))
    def new_rules(self, name: str) -> None:
        book = changed(BOOK, name)
        waiting = {call for call, queue in self.inside.items() if queue == name and call not in self.rung}
        self.follow(self.floor.rules(book, self.now))
        parked = {call for call in waiting if self.floor.callers[call].offer is not None}
        assert waiting - parked <= self.told, "the queue is gone, and its caller does not know"

    @invariant()
    def no_caller_is_lost(self) -> None:
        assert {call: caller.queue for call, caller in self.floor.callers.items()} == self.inside
        lines = [caller.call for queue in self.floor.queues.values() for caller in queue.waiting]
        offered = [call for call, caller in self.floor.callers.items() if caller.offer is not None]
        assert sorted([*lines, *offered]) == sorted(self.inside)

    @invariant()
    def no_caller_waits_while_somebody_is_free(self) -> None:
        free = [a for a in self.floor.agents.values() if a.available]
        for caller in self.waiting():
            assert not [a.name for a in free if self.fits(caller, a)], "somebody is free for a caller who waits"
            due = [n for n, stage in enumerate(caller.stages) if caller.since + stage.after <= self.now]
            assert caller.stage >= max(due, default=0), "asks for more than it may by now"
        for line in self.floor.queues.values():
            assert line.waiting == sorted(line.waiting, key=lambda caller: caller.place)

    @invariant()
    def the_alarm_is_silent(self) -> None:
        value = self.metrics.registry.get_sample_value
        for rule_ in ("order", "overtaken_too_often"):
            assert value("clinicpbx_queue_rules_broken_total", {"rule": rule_}) == 0

    @invariant()
    def what_is_reserved_has_a_deadline_and_is_known(self) -> None:
        for agent_ in self.floor.agents.values():
            phone = agent_.phone.extension
            match agent_.activity:
                case Offered(call=call, deadline=deadline):
                    assert phone in self.rung[call]
                    assert self.floor.deadline is not None
                    assert self.floor.deadline <= deadline
                case Talking(call=call):
                    assert self.talking[phone] == call
                case WrapUp(deadline=deadline):
                    assert phone not in self.talking
                    assert self.floor.deadline is not None
                    assert self.floor.deadline <= deadline


FloorMachine.TestCase.settings = settings(
    max_examples=LONG // 40 or 150, stateful_step_count=200 if LONG else 40, deadline=None, derandomize=not LONG
)
TestFloor = FloorMachine.TestCase
