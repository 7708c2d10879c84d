"""What the queues do, in numbers; and a look, every second, at whether they keep their own rules.

The look is told from agents and callers alone, not from the structures that decide: a mistake there is seen here.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

import structlog

from clinicpbx.adapters.metrics import Metrics
from clinicpbx.core.acd.agent import Agent, Offered
from clinicpbx.core.acd.callbacks import Callback, State
from clinicpbx.core.acd.floor import Floor
from clinicpbx.core.acd.modes import Mode
from clinicpbx.core.acd.queue import Caller
from clinicpbx.core.commands import JoinQueue, LeaveQueue, QueueCommand, ReturnOffer, TakeOffer

log = structlog.get_logger(__name__)

IDLE, LOST, TWICE, UNRESERVED = "idle_agent", "lost_caller", "agent_twice", "callback_without_agent"
ENDS, ORDER, STARVED = "entries_and_ends", "order", "overtaken_too_often"
BROKEN = (IDLE, LOST, TWICE, UNRESERVED, ENDS, ORDER, STARVED)
"""A caller waits while a qualified agent is free; a caller is in no line and no offer; an agent is offered to two; a
call-back is being made and no agent is reserved for it; who is there is not who came and has not left; who asks for the
same and joined later was served first; more were served first than may be."""


class QueueMeter:
    """Counts what is asked of the floor, and looks at what it holds."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._suspected: set[tuple[str, str]] = set()
        self._told: set[tuple[str, str]] = set()
        self._inside = 0  # came, and has not left
        self._overtakers: dict[str, set[str]] = {}
        for rule in BROKEN:
            metrics.broken.labels(rule)

    def asked(self, floor: Floor, call: str, command: QueueCommand, at: datetime) -> None:
        """Before the floor is asked."""
        caller = floor.callers.get(call)
        match command:
            case JoinQueue(queue=queue) if (caller is None or caller.queue != queue) and not floor.admits(command):
                self._metrics.turned_away.labels(queue).inc()
                self._inside -= caller is not None
            case JoinQueue(queue=queue) if caller is None:
                self._metrics.queued.labels(queue).inc()
                self._inside += 1
            case TakeOffer() if caller is not None:
                self._inside -= 1
            case LeaveQueue(queue=queue) if caller is not None and caller.queue == queue:
                self._inside -= 1
        match command:
            case TakeOffer(queue=queue) if caller is not None:
                self._metrics.waited.labels(queue, "answered").observe(_waited(caller, at))
                self._metrics.offers.labels(queue, "answered").inc()
            case LeaveQueue(queue=queue) if caller is not None:
                self._metrics.waited.labels(queue, "left").observe(_waited(caller, at))
            case ReturnOffer(queue=queue, status=status) if caller is not None:
                self._metrics.offers.labels(queue, status.lower()).inc()

    def gone(self, floor: Floor, call: str) -> None:
        """Before the floor is told that the caller's channel is gone."""
        self._inside -= call in floor.callers

    def restored(self) -> None:
        """A call of the journal is in a queue again."""
        self._inside += 1

    def offered(self, floor: Floor, call: str, phones: Collection[str], at: datetime) -> None:
        """After the floor offered *call*: of those who wait, only the first of each priority can be wronged most."""
        mine = floor.callers.get(call)
        if mine is None:
            return
        given = [agent for agent in floor.agents.values() if agent.phone.extension in phones]
        for other in _heads(floor, {queue for agent in given for queue in agent.queues}):
            if other.joined < mine.joined and any(_fits(floor, other, agent, at) for agent in given):
                self._overtaken(floor, other, mine)

    def _overtaken(self, floor: Floor, other: Caller, mine: Caller) -> None:
        before = self._overtakers.setdefault(other.call, set())
        before.add(mine.call)
        rules = floor.queues[other.queue].rules
        same = (other.queue, other.stages[other.stage]) == (mine.queue, mine.stages[mine.stage])
        if same and other.priority >= mine.priority:
            self._alarm(ORDER, other.queue)
        if rules is not None and len(before) > rules.max_overtakes:
            self._alarm(STARVED, other.queue)

    def _alarm(self, rule: str, about: str) -> None:
        self._metrics.broken.labels(rule).inc()
        log.error("the queues break a rule of their own", rule=rule, about=about)

    def look(self, floor: Floor, callbacks: Iterable[Callback], at: datetime) -> list[str]:
        """Sets the gauges; returns the rules found broken, each logged and counted once for as long as it is.

        What was true a second ago as well counts: between two inputs everything may be on its way.
        """
        callbacks = list(callbacks)
        self._show(floor, at)
        self._metrics.unreached.set(sum(each.state is State.UNREACHED for each in callbacks))
        self._overtakers = {call: those for call, those in self._overtakers.items() if call in floor.callers}
        ends = [(ENDS, "all queues")] if self._inside != len(floor.callers) else []
        found = {*_idle(floor, at), *_lost(floor), *_twice(floor), *_unreserved(floor, callbacks), *ends}
        certain, self._suspected = found & self._suspected, found
        for rule, about in sorted(certain - self._told):
            self._alarm(rule, about)
        self._told = certain
        return sorted(rule for rule, _ in certain)

    def _show(self, floor: Floor, at: datetime) -> None:
        for queue in floor.queues.values():
            people = queue.people
            longest = max((_waited(caller, at) for caller in people), default=0.0)
            self._metrics.waiting.labels(queue.name).set(len(people))
            self._metrics.to_call_back.labels(queue.name).set(len(queue.waiting) - len(people))
            self._metrics.longest_wait.labels(queue.name).set(longest)
            states = Counter(agent.state for agent in queue.members.values())
            for mode in Mode:
                self._metrics.mode.labels(queue.name, mode.value).set(queue.mode is mode)
            for state in ("free", "offered", "talking", "wrap-up", "paused", "unreachable"):
                self._metrics.agents.labels(queue.name, state).set(states[state])


def _heads(floor: Floor, queues: Iterable[str]) -> Iterator[Caller]:
    """Of each of the *queues*, the first to have joined of each priority among those who wait."""
    for name in queues:
        waiting, n = floor.queues[name].waiting if name in floor.queues else [], 0
        while n < len(waiting):
            yield waiting[n]
            n = bisect_right(waiting, -waiting[n].priority, key=lambda caller: -caller.priority)


def _waited(caller: Caller, at: datetime) -> float:
    return max((at - caller.since).total_seconds(), 0.0)


def _idle(floor: Floor, at: datetime) -> Iterable[tuple[str, str]]:
    free = [agent for agent in floor.agents.values() if agent.available]
    if not free:
        return
    for caller in floor.callers.values():
        if caller.offer is None and any(_fits(floor, caller, agent, at) for agent in free):
            yield IDLE, caller.queue


def _fits(floor: Floor, caller: Caller, agent: Agent, at: datetime) -> bool:
    queue = floor.queues.get(caller.queue)
    if queue is None or queue.mode is Mode.CLOSED:
        return False
    if agent.name not in queue.members or caller.passed.get(agent.name, at) > at:
        return False
    return caller.stages[caller.stage].met_by(agent.name, agent.rules.skills)


def _lost(floor: Floor) -> Iterable[tuple[str, str]]:
    lined = Counter(caller.call for queue in floor.queues.values() for caller in queue.waiting)
    for call, caller in floor.callers.items():
        if lined[call] + (caller.offer is not None) != 1:
            yield LOST, caller.queue


def _twice(floor: Floor) -> Iterable[tuple[str, str]]:
    offers = [caller.offer for caller in floor.callers.values() if caller.offer is not None]
    held = Counter(name for offer in offers for name in offer.agents)
    for name, count in held.items():
        agent = floor.agents.get(name)
        if count > 1 and agent is not None and isinstance(agent.activity, Offered):
            yield TWICE, name


def _unreserved(floor: Floor, callbacks: Iterable[Callback]) -> Iterable[tuple[str, str]]:
    for each in callbacks:
        if each.state is State.OFFERED:
            caller = floor.callers.get(each.id)
            if caller is None or caller.offer is None:
                yield UNRESERVED, each.id
