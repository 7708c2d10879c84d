"""What the floor answers: events for calls, agent states to keep, and a wish to be told the truth."""

from dataclasses import dataclass
from datetime import datetime

from clinicpbx.core.acd.modes import QueueMode
from clinicpbx.core.events import Event

READY, PAUSED, OUT = "ready", "paused", "out"
"""What an agent's time is."""


@dataclass(frozen=True, slots=True)
class ToCall:
    call: str
    event: Event


@dataclass(frozen=True, slots=True)
class AgentStateChanged:
    """To be kept across restarts. *paused*: the reason, empty if not paused.

    *left*: queues that the agent does not serve for now; *joined*: those served for now, with the penalty. *why*: what
    logged the agent out, where no person did: idle, unreachable or closing. *desk*: the phone the agent logged in at,
    "" for that of the rules. *phone*: the extension of the phone that is theirs now.
    """

    name: str
    logged_in: bool
    paused: str
    since: datetime
    left: tuple[str, ...] = ()
    joined: tuple[tuple[str, int], ...] = ()
    why: str = ""
    desk: str = ""
    phone: str = ""

    @property
    def state(self) -> str:
        """What the agent's time is from now on."""
        return (PAUSED if self.paused else READY) if self.logged_in else OUT


@dataclass(frozen=True, slots=True)
class CallDisposed:
    """An agent says what came of *call*, which is over or nearly so."""

    call: str
    agent: str
    disposition: str
    at: datetime


@dataclass(frozen=True, slots=True)
class WrappedUp:
    """The work of *agent*, at *phone*, after *call* of *queue* is over; it took from *since* on."""

    call: str
    agent: str
    phone: str
    queue: str
    since: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class ResyncAsked:
    """An answer is overdue: give the floor a snapshot of all phones, and say which of its calls are gone."""


AgentResult = AgentStateChanged | WrappedUp
Result = ToCall | AgentResult | QueueMode | CallDisposed | ResyncAsked
