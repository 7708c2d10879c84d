"""One agent over all queues: at most one call, on one phone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from clinicpbx.core.rulebook import AgentRules

NO_ANSWER = "no answer"
"""The reason of a pause that no person made."""


@dataclass(frozen=True, slots=True)
class Free:
    @property
    def deadline(self) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Offered:
    """Reserved for *call*. *rang_out*: the phone had a channel for it, and has none any more."""

    call: str
    queue: str
    deadline: datetime
    rang_out: bool = False


@dataclass(frozen=True, slots=True)
class Talking:
    """Took *call*. *deadline*: until when a channel of the phone has to be seen; None once it was."""

    call: str
    queue: str
    deadline: datetime | None


@dataclass(frozen=True, slots=True)
class WrapUp:
    """Work after *call*, of *queue*, *since* then and until *deadline*."""

    call: str
    queue: str
    since: datetime
    deadline: datetime


@dataclass(frozen=True, slots=True)
class Resting:
    """The phone refused a call; it is tried again after *deadline*."""

    deadline: datetime


Activity = Free | Offered | Talking | WrapUp | Resting
FREE = Free()


@dataclass(slots=True)
class Phone:
    """What Asterisk says of a phone. *refused*: a call to it failed, whatever its registration says.

    *extension*: "" where an agent has none; then it is never in reach. *since*: of its being in reach or not, and busy
    or not.
    """

    extension: str
    since: datetime
    registered: bool = False
    channels: int = 0
    refused: bool = False

    @property
    def reachable(self) -> bool:
        return self.registered and not self.refused


@dataclass(slots=True, eq=False)
class Agent:
    """*paused*: the reason, empty if not paused. *order*: the place among the clinic's agents. *taken*: calls, counted
    from the login on, where it began with the fewest of those who were there.

    *left*: queues of the rules that the agent does not serve for now, *joined*: others, served for now; *queues*: what
    comes of both, with the penalties. *since*: of the login and pause. *active_since*: of the activity. *free_since*:
    of the last call, refusal or login. *used*: of the last call taken or over, code or login. *why*: what logged the
    agent out, where no person did. *desk*: the phone the agent logged in at, where it is another's or nobody's; "" for
    that of the rules.
    """

    rules: AgentRules
    phone: Phone
    since: datetime
    active_since: datetime
    free_since: datetime
    used: datetime
    logged_in: bool = False
    paused: str = ""
    misses: int = 0
    order: int = 0
    taken: int = 0
    left: frozenset[str] = frozenset()
    joined: Mapping[str, int] = field(default_factory=dict)
    queues: Mapping[str, int] = field(default_factory=dict)
    last_call: str = ""
    why: str = ""
    desk: str = ""
    activity: Activity = field(default=FREE)

    @property
    def name(self) -> str:
        return self.rules.name

    @property
    def seat(self) -> str:
        """The phone where the agent should be."""
        return self.desk or self.rules.phone

    def reckon(self) -> None:
        """*queues* follow from the rules, and what was joined and left."""
        served = {**self.rules.queues, **self.joined}
        self.queues = {queue: penalty for queue, penalty in served.items() if queue not in self.left}

    @property
    def engaged(self) -> bool:
        """Bound to a call: no rule change may take the phone away."""
        return isinstance(self.activity, Offered | Talking)

    @property
    def staffs(self) -> bool:
        """Callers may hope for this agent: logged in, within reach, and not paused by a person."""
        return self.logged_in and self.phone.reachable and self.paused in ("", NO_ANSWER)

    @property
    def available(self) -> bool:
        return (
            self.activity is FREE
            and self.logged_in
            and not self.paused
            and self.phone.channels == 0
            and self.phone.reachable
        )

    @property
    def state_since(self) -> datetime:
        times = (self.active_since, self.since, self.phone.since)
        return self.active_since if self.engaged else max(times)

    @property
    def state(self) -> str:
        """One word for people; a call comes before everything else."""
        match self.activity:
            case Offered():
                return "offered"
            case Talking():
                return "talking"
        if not self.logged_in:
            return "logged out"
        if not self.phone.reachable:
            return "unreachable"
        if self.paused:
            return "paused"
        match self.activity:
            case WrapUp():
                return "wrap-up"
            case Resting():
                return "resting"
        return "busy" if self.phone.channels else "free"
