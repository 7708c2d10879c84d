"""What the floor answers: events for calls, agent states to keep, and a wish to be told the truth."""

from dataclasses import dataclass
from datetime import datetime

from clinicpbx.core.acd.modes import QueueMode
from clinicpbx.core.events import Event


@dataclass(frozen=True, slots=True)
class ToCall:
    call: str
    event: Event


@dataclass(frozen=True, slots=True)
class AgentStateChanged:
    """To be kept across restarts. *paused*: the reason, empty if not paused.

    *left*: queues that the agent does not serve for now; *joined*: those served for now, with the penalty. *why*: what
    logged the agent out, where no person did: idle, unreachable or closing. *desk*: the phone the agent logged in at,
    "" for that of the rules.
    """

    name: str
    logged_in: bool
    paused: str
    since: datetime
    left: tuple[str, ...] = ()
    joined: tuple[tuple[str, int], ...] = ()
    why: str = ""
    desk: str = ""


@dataclass(frozen=True, slots=True)
class CallDisposed:
    """An agent says what came of *call*, which is over or nearly so."""

    call: str
    agent: str
    disposition: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ResyncAsked:
    """An answer is overdue: give the floor a snapshot of all phones, and say which of its calls are gone."""


Result = ToCall | AgentStateChanged | QueueMode | CallDisposed | ResyncAsked
