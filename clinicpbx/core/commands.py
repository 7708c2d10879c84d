"""What a call can ask for. Imperative, frozen, with ids chosen by the core."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from clinicpbx.core.acd.modes import Mode
from clinicpbx.core.acd.stages import Stage
from clinicpbx.private import Private

Media = str | Private[str]
"""What is played: `prompt:NAME` (the clinic's, in the call's language), `prompt@LANG:NAME` (in that language),
`sound:NAME` (Asterisk's own or an absolute path), `number:N`, `digits:D`."""


@dataclass(frozen=True, slots=True)
class Command:
    @property
    def target(self) -> str:
        """The id of what the command acts on, where that is not the call itself."""
        return ""


class ChannelCommand(Command):
    """Goes to Asterisk, and acts on the caller's channel."""

    __slots__ = ()


class InwardCommand(Command):
    """Done within this process, before the journal is written: what follows from it is of the same turn."""

    __slots__ = ()


class QueueCommand(InwardCommand):
    """Goes to the queues."""

    __slots__ = ()


class AgentCommand(QueueCommand):
    """What the agent at a phone wishes; AgentChanged answers it."""

    __slots__ = ()
    phone: str


class CallbackCommand(Command):
    """Goes to the call-backs."""

    __slots__ = ()


class MailboxCommand(Command):
    """Goes to the mailboxes."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Answer(ChannelCommand):
    pass


@dataclass(frozen=True, slots=True)
class Play(ChannelCommand):
    playback: str
    media: tuple[Media, ...]
    language: str

    @property
    def target(self) -> str:
        return self.playback


@dataclass(frozen=True, slots=True)
class StopPlayback(ChannelCommand):
    playback: str

    @property
    def target(self) -> str:
        return self.playback


@dataclass(frozen=True, slots=True)
class StartMusic(ChannelCommand):
    music: str = "default"


@dataclass(frozen=True, slots=True)
class StopMusic(ChannelCommand):
    pass


@dataclass(frozen=True, slots=True)
class SetVariable(ChannelCommand):
    name: str
    value: str | Private[str]


@dataclass(frozen=True, slots=True)
class Record(ChannelCommand):
    """Record the caller into *recording*, and seal it into *mailbox* as *message* while it grows."""

    recording: str
    mailbox: str
    message: str
    limit: timedelta
    silence: timedelta
    finish: str = "#"

    @property
    def target(self) -> str:
        return self.recording


@dataclass(frozen=True, slots=True)
class StopRecording(ChannelCommand):
    recording: str

    @property
    def target(self) -> str:
        return self.recording


@dataclass(frozen=True, slots=True)
class Continue(ChannelCommand):
    """Hand the channel to the dialplan."""

    context: str
    extension: str


@dataclass(frozen=True, slots=True)
class Alert(Command):
    """Ring *phone*, an extension, and say *prompt* to whoever answers. The caller's channel is not concerned."""

    phone: str
    prompt: str


@dataclass(frozen=True, slots=True)
class RingAgent(Command):
    """Ring *phone*, an extension, for *seconds*, as the channel *attempt* of a call-back."""

    attempt: str
    phone: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Hangup(ChannelCommand):
    cause: int = 16


@dataclass(frozen=True, slots=True)
class JoinQueue(QueueCommand):
    """Idempotent. *since* is kept across restarts, so the order is too; a higher *priority* goes first.

    *anew*: whatever the call is offered by now is over, and nobody is to blame. *stages*: what it asks of an agent;
    none: anybody. *callback*: nobody is on the line, one agent is enough. A call that waits already keeps its time and
    has this priority and these stages from now on.
    """

    queue: str
    since: datetime
    priority: int = 0
    anew: bool = False
    stages: tuple[Stage, ...] = ()
    callback: bool = False


@dataclass(frozen=True, slots=True)
class LeaveQueue(QueueCommand):
    """*why*: the outcome of the step; "" where nobody chose it: the caller hung up, or was taken."""

    queue: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class AskPlace(QueueCommand):
    queue: str


@dataclass(frozen=True, slots=True)
class TakeOffer(QueueCommand):
    """*phone* answered the offer by its *channel*: its agent is on this call, the other phones are free.

    *agent*: who that was when it was offered, "" if not known.
    """

    queue: str
    phone: str
    channel: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True)
class ReturnOffer(QueueCommand):
    """Nobody took the offer. *status*: Dial's DIALSTATUS."""

    queue: str
    status: str


@dataclass(frozen=True, slots=True)
class ToggleLogin(AgentCommand):
    """Log the agent at *phone* in or out: of all queues, or of *queue* alone."""

    phone: str
    queue: str = ""


@dataclass(frozen=True, slots=True)
class TakeDesk(AgentCommand):
    """Log *agent* in at *phone*, which is theirs from now on: until they log out, or in elsewhere."""

    phone: str
    agent: str


@dataclass(frozen=True, slots=True)
class TogglePause(AgentCommand):
    """*reason*: why; "": by hand. Another reason than that of the pause begins a new one."""

    phone: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class EndWrapUp(AgentCommand):
    phone: str


@dataclass(frozen=True, slots=True)
class ExtendWrapUp(AgentCommand):
    """The agent needs as much time again after the call."""

    phone: str


@dataclass(frozen=True, slots=True)
class DisposeCall(AgentCommand):
    """What came of the last call of the agent at *phone*, by the clinic's own word."""

    phone: str
    disposition: str


@dataclass(frozen=True, slots=True)
class CheckAgentPin(Command):
    """Is *pin* that of *agent*, who wants to log in at *phone*? PinTold answers. *agent*: "" where there is no such."""

    phone: str
    agent: str
    pin: Private[str]


@dataclass(frozen=True, slots=True)
class AskWaiting(QueueCommand):
    """How many wait in *queue*?"""

    queue: str


@dataclass(frozen=True, slots=True)
class AskMode(QueueCommand):
    """Is *queue* open? ModeTold answers."""

    queue: str


@dataclass(frozen=True, slots=True)
class DecideMode(QueueCommand):
    """*queue* is in *mode* until then (aware; None: for good, only if it is open), as *who* says. ModeTold answers."""

    queue: str
    mode: Mode
    until: datetime | None
    who: str


@dataclass(frozen=True, slots=True)
class KeepCallback(CallbackCommand):
    """Call *number* back in *language*: *join* says whose turn it is when. *entry*: the number that was dialled.

    *hours*: when the clinic calls back; "": always. *tries*: how often the patient is rung, *again* after the last.
    *reason*: the prompt that said why the patient called, or "".
    """

    callback: str
    number: Private[str]
    language: str
    entry: str
    join: JoinQueue
    hours: str
    tries: int
    again: timedelta
    reason: str = ""


@dataclass(frozen=True, slots=True)
class EndAttempt(CallbackCommand):
    """What came of one attempt to call back. *counts*: the patient was rung."""

    callback: str
    reached: bool
    why: str = ""
    counts: bool = True


@dataclass(frozen=True, slots=True)
class PatientCalled(CallbackCommand):
    """One of us calls *number*, or, *reached*, talks with the patient: what was promised there waits, or is done."""

    number: Private[str]
    reached: bool = False


@dataclass(frozen=True, slots=True)
class KeepMessage(MailboxCommand):
    """The recording is a message: finish sealing it and light the lamps. *number*: whom to call back."""

    mailbox: str
    message: str
    recording: str
    number: Private[str] | None
    confirmed: bool
    language: str


@dataclass(frozen=True, slots=True)
class DropMessage(MailboxCommand):
    """The recording held nothing: forget it."""

    mailbox: str
    message: str
    recording: str


@dataclass(frozen=True, slots=True)
class OpenMailbox(MailboxCommand):
    mailbox: str
    pin: Private[str]


@dataclass(frozen=True, slots=True)
class FetchMessage(MailboxCommand):
    mailbox: str
    message: str


@dataclass(frozen=True, slots=True)
class MarkHeard(MailboxCommand):
    mailbox: str
    message: str


@dataclass(frozen=True, slots=True)
class DeleteMessage(MailboxCommand):
    mailbox: str
    message: str


@dataclass(frozen=True, slots=True)
class WorkMessage(MailboxCommand):
    """Do *change* with the item of the inbox that *message* belongs to; ItemWorked answers.

    *change*: claim, call, outcomes (what may it be closed with?) or close, with *outcome*. *by*: who is at the phone.
    """

    mailbox: str
    message: str
    change: str
    by: str
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Note(Command):
    """A fact for the record. Never numbers, names, or digits other than menu keys; what is Private is sealed."""

    kind: str
    detail: Mapping[str, object] = field(default_factory=dict)
