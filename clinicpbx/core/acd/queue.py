"""One queue: who waits in it, in order, and who serves it."""

from bisect import bisect_left, insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter

from clinicpbx.core.acd.agent import Agent
from clinicpbx.core.acd.distributor import Strategy
from clinicpbx.core.acd.modes import Mode, QueueMode
from clinicpbx.core.acd.pace import Pace
from clinicpbx.core.acd.stages import ANYBODY, Stage
from clinicpbx.core.rulebook import QueueRules

Joined = tuple[datetime, int]
"""When a caller joined; among those of one instant, the order of arrival."""


@dataclass(frozen=True, slots=True)
class Offer:
    """*agents* (names) are reserved until *deadline*; none is left of an offer that is overdue."""

    made: datetime
    agents: tuple[str, ...]
    phones: tuple[str, ...]
    deadline: datetime


@dataclass(slots=True, eq=False)
class Caller:
    """A call in one queue: it waits, or it is offered.

    *passed*: the agents who did not take it, and from when on they may be asked again. *stage*: of its *stages*.
    *callback*: nobody is on the line.
    """

    call: str
    queue: str
    since: datetime
    priority: int
    arrival: int
    stages: tuple[Stage, ...] = ANYBODY
    stage: int = 0
    callback: bool = False
    offer: Offer | None = None
    passed: dict[str, datetime] = field(default_factory=dict)

    @property
    def joined(self) -> Joined:
        return (self.since, self.arrival)

    @property
    def place(self) -> tuple[int, datetime, int]:
        """Callers go by this: priority, then the time of joining, then the order of arrival."""
        return (-self.priority, self.since, self.arrival)


BY_PLACE = attrgetter("place")


@dataclass(slots=True)
class Queue:
    """*rules* and *strategy* are None for a queue that the clinic's rules do not name (any more): it only drains.

    *turn*: the agent asked last. *decided*: what a supervisor decided for it, if anything.
    """

    name: str
    rules: QueueRules | None = None
    strategy: Strategy | None = None
    waiting: list[Caller] = field(default_factory=list)
    members: dict[str, Agent] = field(default_factory=dict)
    turn: str = ""
    pace: Pace = field(default_factory=Pace)
    decided: QueueMode | None = None

    @property
    def mode(self) -> Mode:
        return self.decided.mode if self.decided is not None else Mode.OPEN

    def line_up(self, caller: Caller) -> None:
        """O(log n) comparisons; the place never depends on when this is called."""
        insort(self.waiting, caller, key=BY_PLACE)

    def step_out(self, caller: Caller) -> None:
        del self.waiting[self.position(caller) - 1]

    def position(self, caller: Caller) -> int:
        """The waiting caller's place in the queue, from 1."""
        return bisect_left(self.waiting, caller.place, key=BY_PLACE) + 1

    @property
    def people(self) -> list[Caller]:
        """Those who wait on the line; the others wait to be called back."""
        return [caller for caller in self.waiting if not caller.callback]

    @property
    def staffed(self) -> bool:
        return any(agent.staffs for agent in self.members.values())

    def enrol(self, agents: Iterable[Agent]) -> None:
        """Make these the members: those whose rules name the queue, and who have a licence that it asks for."""
        rules = self.rules
        self.members = {
            agent.name: agent
            for agent in agents
            if rules is not None and self.name in agent.queues and rules.licensed(agent.rules.licences)
        }
