"""What can happen to a call. Past tense, frozen, stamped once on arrival."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from clinicpbx.core.acd.modes import Mode
from clinicpbx.core.oncall.duty import Cover
from clinicpbx.private import Private


class Refusal(Enum):
    """Why a command had no effect."""

    GONE = "gone"  # ARI 404: the channel, bridge or playback no longer exists
    NOT_OURS = "not_ours"  # ARI 409, 412, 422: it left the Stasis application
    UNREACHABLE = "unreachable"  # no answer from Asterisk in time


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    at: datetime


@dataclass(frozen=True, slots=True)
class Earlier:
    """What is known of the caller's earlier calls.

    *calls*: in the last hour. *agent*: who talked with the caller last. *lost*: the place (what it counted from) in
    *queue* that the caller had when the last call *ended* in it. *queues*: where an agent took this same call already.
    """

    calls: int = 0
    agent: str = ""
    queue: str = ""
    lost: datetime | None = None
    ended: datetime | None = None
    queues: tuple[str, ...] = ()


NOTHING_EARLIER = Earlier()


@dataclass(frozen=True, slots=True)
class Seat:
    """*agent* works at *phone*, an extension, for now."""

    phone: str
    agent: str


@dataclass(frozen=True, slots=True)
class Consulted:
    """The call about which an agent, who talks with its caller, asks a queue.

    *since*, *priority*: of its last place in a queue; *reason*: the prompt that said why it called, or "".
    """

    call: str
    since: datetime
    priority: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Paged:
    """Why *person*, a provider, was rung. *kind*: of the page; *speaks*: the patient's language; *until*: of a shift.

    *mailbox*, *message*: what is to be heard, "" for nothing.
    """

    page: str
    person: str
    kind: str
    rota: str
    speaks: str = ""
    mailbox: str = ""
    message: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallArrived(Event):
    """The first event of a call: it entered *flow* by *entry* (a DID, an extension or a feature code's phone).

    *language* is what the channel speaks: the line's, or what the caller chose before a transfer; "" if not known.
    *switched_on*: the overrides that were on by hand. *callback*: the agent at *entry* calls *caller* back by it.
    *argument*: what a feature code is about, such as a queue, or why nobody is called back. *consults*: what an agent's
    own call is about; language and the queues of *earlier* are those of that call then. *paged*: *entry* is the person
    on call who was rung. *covers*: who is on call instead of what the rotas say. *test*: of the self-test; it reaches
    nobody. *seats*: who works at the phone that dials, and at the one that *argument* is.
    """

    flow: str
    entry: str
    version: str
    caller: Private[str] | None = None
    language: str = ""
    switched_on: tuple[str, ...] = ()
    earlier: Earlier = NOTHING_EARLIER
    callback: str = ""
    argument: str = ""
    consults: Consulted | None = None
    paged: Paged | None = None
    covers: tuple[Cover, ...] = ()
    test: bool = False
    seats: tuple[Seat, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DtmfReceived(Event):
    digit: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackFinished(Event):
    """*whole* is False where it was cut off by a hang-up, or could not be played."""

    playback: str
    whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingFinished(Event):
    """Also sent for a recording that failed, with the seconds that exist."""

    recording: str
    duration: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferMade(Event):
    """The queue reserved the *phones* (extensions) for this call; ring them. *skipped*: agents not asked, and why.

    *agents*: who works at the phones, in their order.
    """

    queue: str
    phones: tuple[str, ...]
    skipped: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceTold(Event):
    """The answer to AskPlace, and to JoinQueue where nobody is free at once. *position* counts from 1.

    *wait*: until an agent is likely to be free; None where too little is known. *mode*: of the queue, where it decides:
    who comes into a full one is not in it, and nobody is served by a closed one.
    """

    queue: str
    position: int
    staffed: bool
    wait: timedelta | None = None
    mode: Mode = Mode.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class DialAnswered(Event):
    """A phone answered the dialplan's Dial. *phone*: its extension, or the outside number's key.

    Where a person has to accept the call with a key, it comes once that is done; outside numbers are "" then.
    *channel*: its id, "" if not known.
    """

    phone: str
    channel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DialEnded(Event):
    """The dialplan gave the call back: nobody took it. *status*: Dial's DIALSTATUS."""

    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentChanged(Event):
    """The answer to what an agent dialled: login, logout, moved (logged in here, and no longer elsewhere), taken
    (another is logged in here), engaged (the agent has a call elsewhere), pause, unpause, ready (no wrap-up any more),
    more (time), disposed, none (nothing to do it to), or unknown (no agent has the phone)."""

    change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingTold(Event):
    """The answer to AskWaiting."""

    queue: str
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeTold(Event):
    """The answer to AskMode and DecideMode: the mode of *queue*, and when it ends."""

    queue: str
    mode: Mode
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class MessageSummary:
    message: str
    new: bool
    received: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxOpened(Event):
    mailbox: str
    messages: tuple[MessageSummary, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxRefused(Event):
    """*why*: wrong (PIN), locked (too many tries), unreadable (the vault is away)."""

    mailbox: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReady(Event):
    """The message is in clear in the tmpfs; *sound* is its path without suffix."""

    message: str
    sound: Private[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDamaged(Event):
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemWorked(Event):
    """The answer to WorkMessage: claimed, called (*number*: whom, *attempt*: its id), outcomes, closed, refused (it is
    another's, is closed or has no number), none (the inbox has no such item yet), or away (it cannot be reached)."""

    message: str
    answer: str
    outcomes: tuple[str, ...] = ()
    number: Private[str] | None = None
    attempt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PinTold(Event):
    """The answer to CheckPin and CheckAgentPin: right, wrong, locked (too many tries), none (the person has none) or
    unreadable."""

    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTold(Event):
    """The answer to AcceptPage; without having been asked: somebody else has accepted it, or it is closed."""

    accepted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineReached(Event):
    """The instant named by the step's last deadline has passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted(Event):
    """The daemon found the call alive in Stasis after a gap: keys pressed and prompts ended meanwhile are lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HungUp(Event):
    """The caller's channel is gone. *cause*: Q.850. *taken*: it lives on in the dialplan, where somebody sent it."""

    cause: int
    taken: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRefused(Event):
    """*command*: the refused command's class name; *target*: the playback or recording it named, if any."""

    command: str
    target: str
    why: Refusal
