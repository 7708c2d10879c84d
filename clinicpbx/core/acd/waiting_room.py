"""Who waits and who is offered to whom."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import count

from clinicpbx.core.acd.agent import FREE, Agent, Offered
from clinicpbx.core.acd.alarms import Alarms
from clinicpbx.core.acd.distributor import Turn, choose, left_out
from clinicpbx.core.acd.modes import Mode
from clinicpbx.core.acd.queue import Caller, Offer, Queue
from clinicpbx.core.acd.results import AgentResult, Result, ToCall
from clinicpbx.core.acd.roster import GRACE, Roster
from clinicpbx.core.acd.stages import ANYBODY
from clinicpbx.core.commands import JoinQueue
from clinicpbx.core.events import OfferMade, PlaceTold


class WaitingRoom:
    """Every caller is in it from JoinQueue on, waiting or offered, until it is forgotten."""

    def __init__(self, roster: Roster, alarms: Alarms) -> None:
        self.callers: dict[str, Caller] = {}
        self._roster, self._alarms = roster, alarms
        self._arrivals = count()

    def enter(self, call: str, join: JoinQueue) -> Caller:
        """A new caller, not in line yet."""
        queue = self._roster.queues.setdefault(join.queue, Queue(join.queue))
        stages = join.stages or ANYBODY
        caller = Caller(call, join.queue, join.since, join.priority, next(self._arrivals), stages)
        caller.callback = join.callback
        for stage in stages:  # each line sees from now on who overtakes
            self._roster.lines.line(queue, stage, join.priority)
        self.callers[call] = caller
        return caller

    def line_up(self, caller: Caller, at: datetime) -> None:
        """In the place that its joining gives it, asking as much as it may by now."""
        queue = self._roster.queues[caller.queue]
        caller.stage = self._stage(queue, caller, at)
        queue.line_up(caller)
        self._roster.lines.line_up(queue, caller)
        times = [when for when in caller.passed.values() if when > at]
        times += [caller.since + stage.after for stage in caller.stages[caller.stage + 1 : caller.stage + 2]]
        self._alarms.put(("wait", caller.call), min(times, default=None))

    def _stage(self, queue: Queue, caller: Caller, at: datetime) -> int:
        """By the time that has passed; what nobody who is there can give is not asked for."""
        stages = caller.stages
        stage = max((n for n, stage in enumerate(stages) if caller.since + stage.after <= at), default=0)
        while stage + 1 < len(stages) and not self._roster.lines.line(queue, stages[stage], caller.priority).staffed:
            stage += 1
        return stage

    def step_out(self, caller: Caller) -> None:
        queue = self._roster.queues[caller.queue]
        queue.step_out(caller)
        self._roster.lines.step_out(queue, caller)
        self._alarms.put(("wait", caller.call), None)

    def look_again(self, caller: Caller, at: datetime) -> None:
        """Its time has come to ask for less, or for an agent again."""
        if caller.offer is None:
            self.step_out(caller)
            self.line_up(caller, at)

    def look_at_all(self, at: datetime) -> None:
        """Who is there has changed in one go: nobody must have asked for less because of it."""
        for caller in self.callers.values():
            if len(caller.stages) > 1:
                self.look_again(caller, at)

    def ask_for(self, caller: Caller, join: JoinQueue, at: datetime) -> None:
        """The caller's priority or needs are others now; the time of joining stays."""
        stages = join.stages or ANYBODY
        if (caller.priority, caller.stages) == (join.priority, stages):
            return
        waits = caller.offer is None
        if waits:
            self.step_out(caller)
        caller.priority, caller.stages, caller.stage = join.priority, stages, 0
        if waits:
            self.line_up(caller, at)

    def reopen(self, caller: Caller, at: datetime) -> None:
        """The caller's offer is over; it waits again, in its old place."""
        self._alarms.put(("offer", caller.call), None)
        caller.offer = None
        self.line_up(caller, at)

    def place(self, call: str, queue: str, at: datetime) -> ToCall:
        """A call that the queue does not know is told that nobody is there, so that it goes where somebody is."""
        caller = self.callers.get(call)
        if caller is None or caller.queue != queue:
            return ToCall(call, PlaceTold(at=at, queue=queue, position=1, staffed=False))
        line = self._roster.queues[queue]
        position = line.position(caller) if caller.offer is None else 1
        widest = self._roster.lines.line(line, caller.stages[-1], caller.priority)
        agents = sum(agent.staffs for agent in widest.members.values())
        wait = line.pace.estimate(position, agents)
        mode = Mode.CLOSED if line.mode is Mode.CLOSED else Mode.OPEN
        told = PlaceTold(at=at, queue=queue, position=position, staffed=agents > 0, wait=wait, mode=mode)
        return ToCall(call, told)

    def turn_away(self, call: str, queue: str, at: datetime) -> ToCall:
        """What a call is told that the queue's mode does not let in."""
        line = self._roster.queues[queue]
        place = len(line.waiting) + 1
        return ToCall(call, PlaceTold(at=at, queue=queue, position=place, staffed=line.staffed, mode=line.mode))

    def distribute(self, at: datetime) -> list[Result]:
        """Offer whom it is the turn of, while agents are free for them."""
        offers: list[Result] = []
        lines = self._roster.lines
        for caller in list(lines.hopeless()):
            self.look_again(caller, at)
        while (found := lines.next(at)) is not None:
            line, caller = found
            queue, askable = line.queue, line.askable(caller, at)
            assert queue.strategy is not None  # a queue without rules has no members
            chosen = choose(queue.name, askable, queue.strategy, Turn(caller.call, queue.turn))
            chosen = chosen[:1] if caller.callback else chosen  # nobody is on the line: one agent is enough
            skipped = left_out(queue.name, queue.members.values(), line.stage, chosen, askable)
            phones, names = tuple(agent.phone.extension for agent in chosen), tuple(agent.name for agent in chosen)
            self.step_out(caller)
            self.reserve(caller, chosen, phones, at)
            lines.offered(caller, chosen)
            queue.turn = chosen[-1].name
            made = OfferMade(at=at, queue=queue.name, phones=phones, skipped=skipped, agents=names)
            offers.append(ToCall(caller.call, made))
        lines.touched.clear()
        return offers

    def reserve(self, caller: Caller, agents: Iterable[Agent], phones: tuple[str, ...], at: datetime) -> None:
        """The agents are for this caller alone until the offer is answered or its deadline has passed."""
        agents = list(agents)
        rules = self._roster.queues[caller.queue].rules
        deadline = at + GRACE + (rules.ring if rules is not None else GRACE)
        caller.offer = Offer(at, tuple(agent.name for agent in agents), phones, deadline)
        self._alarms.put(("offer", caller.call), deadline)
        for agent in agents:
            self._roster.become(agent, Offered(caller.call, caller.queue, deadline), at)

    def reserved(self, caller: Caller) -> Iterator[Agent]:
        """The agents that the caller's offer still holds."""
        for name in caller.offer.agents if caller.offer is not None else ():
            agent = self._roster.agents.get(name)
            if agent is not None and isinstance(agent.activity, Offered) and agent.activity.call == caller.call:
                yield agent

    def withdraw(self, caller: Caller, at: datetime) -> list[AgentResult]:
        """Free the agents of the caller's offer, blaming none."""
        self._alarms.put(("offer", caller.call), None)
        return [change for agent in list(self.reserved(caller)) for change in self._roster.become(agent, FREE, at)]

    def forget(self, caller: Caller, at: datetime) -> list[AgentResult]:
        """The caller's entry ends here: nobody was on the way to who still waited."""
        if not caller.callback:
            self._roster.queues[caller.queue].pace.waited(at - caller.since, gave_up=caller.offer is None)
        if caller.offer is None:
            self.step_out(caller)
        del self.callers[caller.call]
        changes = self.withdraw(caller, at)
        self.drop_if_empty(self._roster.queues[caller.queue])
        return changes

    def drop_if_empty(self, queue: Queue) -> None:
        """A queue that the rules do not name is gone with its last caller."""
        if queue.rules is None and not any(caller.queue == queue.name for caller in self.callers.values()):
            del self._roster.queues[queue.name]
