"""Callers who ask for the same, and the agents who can give it: who is next for whom.

A line holds the callers of one queue with the same priority and the same needs, so that whoever joined first is first
of all who compete for the same agents. A decision looks at the heads of the lines that the free agents serve, never at
everybody who waits.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter

from clinicpbx.core.acd.agent import Agent
from clinicpbx.core.acd.modes import Mode
from clinicpbx.core.acd.queue import Caller, Joined, Queue
from clinicpbx.core.acd.stages import Skills, Stage

Key = tuple[str, Skills, str, int]
Rank = tuple[bool, int, datetime, int]
BY_JOINED = attrgetter("joined")


@dataclass(slots=True)
class Line:
    """*overtaking*: of all whom its agents were offered, the latest to have joined; at most so many as may overtake."""

    queue: Queue
    stage: Stage
    waiting: list[Caller] = field(default_factory=list)
    members: dict[str, Agent] = field(default_factory=dict)
    free: dict[str, Agent] = field(default_factory=dict)
    overtaking: list[Joined] = field(default_factory=list)

    @property
    def staffed(self) -> bool:
        """Whether its callers may hope for somebody."""
        return any(agent.staffs for agent in self.members.values())

    def enrol(self) -> None:
        """Its members are those of the queue who can give what it asks for; a closed queue is served by nobody."""
        of = self.queue.members if self.queue.mode is not Mode.CLOSED else {}
        self.members = {name: of[name] for name in of if self.stage.met_by(name, of[name].rules.skills)}
        self.free = {name: agent for name, agent in self.members.items() if agent.available}

    @property
    def most(self) -> int:
        """How many may overtake one of its callers."""
        return self.queue.rules.max_overtakes if self.queue.rules is not None else 0

    def saw(self, joined: Joined) -> None:
        """One of its agents was offered the caller who *joined* then."""
        if joined not in self.overtaking:
            insort(self.overtaking, joined)
        del self.overtaking[: max(len(self.overtaking) - self.most, 0)]

    def rank(self, caller: Caller) -> Rank:
        """The least rank of all heads is next. Whom as many overtook as may goes before every priority."""
        most, later = self.most, self.overtaking
        due = not most or (len(later) >= most and later[-most] > caller.joined)
        return (not due, 0 if due else -caller.priority, caller.since, caller.arrival)

    def askable(self, caller: Caller, at: datetime) -> Sequence[Agent]:
        """The free agents whom *caller* may be offered to now.

        Who did not take it is asked again only where nobody else is free; who refused it, not for a while, as long as
        another can still be hoped for.
        """
        passed = caller.passed
        if not passed:
            return list(self.free.values())
        fresh = [agent for name, agent in self.free.items() if name not in passed]
        if fresh or not self.free:
            return fresh
        hope = any(agent.staffs for name, agent in self.members.items() if passed.get(name, at) <= at)
        return [agent for name, agent in self.free.items() if passed[name] <= at or not hope]

    def first(self, at: datetime) -> Caller | None:
        """The first caller for whom a free agent may be asked now."""
        if not self.free:
            return None
        return next((caller for caller in self.waiting if not caller.passed or self.askable(caller, at)), None)


class Lines:
    """Every line of the clinic; *touched* are those where an offer may be possible now."""

    def __init__(self) -> None:
        self.touched: dict[int, Line] = {}
        self._lines: dict[Key, Line] = {}
        self._served: dict[str, list[Line]] = {}
        self._overtaking: dict[tuple[str, Skills, str], list[Joined]] = {}  # the same for all priorities

    def line(self, queue: Queue, stage: Stage, priority: int) -> Line:
        """The line of these callers; made where it is asked for first."""
        key = (queue.name, stage.skills, stage.agent, priority)
        line = self._lines.get(key)
        if line is None or line.queue is not queue:
            overtaking = self._overtaking.setdefault(key[:3], [])
            line = self._lines[key] = Line(queue, stage, overtaking=overtaking)
            self._enrol(line)
        return line

    def served_by(self, agent: str) -> Sequence[Line]:
        return self._served.get(agent, ())

    def enrol(self) -> None:
        """The agents, the queues or what they ask for have changed: everybody in line anew."""
        self._lines = {key: line for key, line in self._lines.items() if line.queue.rules or line.waiting}
        self._served.clear()
        for line in self._lines.values():
            self._enrol(line)

    def _enrol(self, line: Line) -> None:
        line.enrol()
        for name in line.members:
            self._served.setdefault(name, []).append(line)
        self.touch(line)

    def refresh(self, agent: Agent) -> None:
        """Put the agent among the free, or take them away; O(lines that the agent serves)."""
        available, name = agent.available, agent.name
        for line in self.served_by(name):
            if available:
                line.free[name] = agent
            else:
                line.free.pop(name, None)
            if line.waiting and (available or not agent.staffs):
                self.touch(line)

    def touch(self, line: Line) -> None:
        self.touched[id(line)] = line

    def line_up(self, queue: Queue, caller: Caller) -> None:
        line = self.line(queue, caller.stages[caller.stage], caller.priority)
        insort(line.waiting, caller, key=BY_JOINED)
        self.touch(line)

    def step_out(self, queue: Queue, caller: Caller) -> None:
        waiting = self.line(queue, caller.stages[caller.stage], caller.priority).waiting
        del waiting[bisect_left(waiting, caller.joined, key=BY_JOINED)]

    def hopeless(self) -> Iterator[Caller]:
        """Callers of touched lines whose agents are all gone, and who may ask for less."""
        for line in list(self.touched.values()):
            if line.waiting and not line.free and not line.staffed:
                yield from [caller for caller in line.waiting if caller.stage + 1 < len(caller.stages)]

    def next(self, at: datetime) -> tuple[Line, Caller] | None:
        """Who is to be offered now; None where nobody can be."""
        best: tuple[Rank, Line, Caller] | None = None
        for line in self.touched.values():
            if line.waiting and (caller := line.first(at)) is not None:
                rank = line.rank(caller)
                if best is None or rank < best[0]:
                    best = (rank, line, caller)
        return best[1:] if best is not None else None

    def offered(self, caller: Caller, agents: Iterable[Agent]) -> None:
        """Remember, for all whom these agents could have served instead, that *caller* was offered."""
        seen: set[int] = set()
        for agent in agents:
            for line in self.served_by(agent.name):
                if id(line) not in seen:
                    seen.add(id(line))
                    line.saw(caller.joined)
