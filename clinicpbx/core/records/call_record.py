"""The record of one call: what a report, a person and the law want to know of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from clinicpbx.core.inbox.attempt import Attempt
from clinicpbx.private import Private

Kind = Literal["inbound", "internal", "outbound", "emergency", "selftest"]
Outcome = Literal[
    "answered",
    "abandoned",
    "voicemail",
    "callback",
    "informed",
    "internal",
    "failed",
    "interrupted",
    "emergency",
    "outbound",
    "selftest",
]

NOBODY = Private("")
SILENT = 44
"""The cause (Q.850) by which Asterisk ends a channel that sends no sound for its `rtp_timeout`."""
SOON = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Offer:
    """One phone rung for one caller. *outcome*: answered, elsewhere (another took it), abandoned, or
    Asterisk's dial status in lower case (noanswer, busy, …)."""

    queue: str
    agent: str
    at: datetime
    outcome: str


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """One stay in a queue. *outcome*: answered, abandoned, overflow, interrupted.

    *talk*: the time bridged with *agent* that the stay led to, *hold*: of it, on hold; *wrap*: the work afterwards.
    """

    queue: str
    entered: datetime
    left: datetime
    outcome: str
    agent: str = ""
    offers: int = 0
    talk: timedelta = timedelta()
    hold: timedelta = timedelta()
    wrap: timedelta = timedelta()

    @property
    def waited(self) -> timedelta:
        """Never negative, even if the clock was set back meanwhile."""
        return max(self.left - self.entered, timedelta())


@dataclass(frozen=True, slots=True)
class Transfer:
    """*kind* is blind or attended; *by* and *to* are extensions, or "" where Asterisk does not say."""

    at: datetime
    kind: str
    by: str
    to: str


@dataclass(frozen=True, slots=True)
class CallLeg:
    """One channel of a call. *role*: caller, agent, phone (a desk phone that no queue rang), oncall (somebody on call
    who was rung) or outside.

    *party*: the extension of its phone, or the name of who is on call; "" outside. *queue*: the one that rang it.
    *talk*: the time bridged with anybody, *hold*: of it, when its party had the others on hold. *cause*: Q.850.
    """

    channel: str
    role: str
    party: str
    queue: str
    started: datetime
    answered: datetime | None
    ended: datetime
    talk: timedelta = timedelta()
    hold: timedelta = timedelta()
    cause: int = 0


@dataclass(frozen=True, slots=True)
class Interaction:
    """One call, from the first channel to the last, across transfers. *call* is the caller's uniqueid.

    *category* is what the caller wants, by the rules. *callback*: what became of a call-back promised in it: promised,
    unreached or done; *tries*: how often the patient was rung for it; *called_back*: when the patient was reached.
    *paged*: who on call accepted it, or else who closed it; *page_outcome*: what came of it. *site*: whose call it was,
    by the rules. *disposition*: what an agent said came of it. *origin*: the call in which this one was asked for.
    *attempts*: those that were made in it, to call patients of items. *given*: the number that the caller keyed to be
    called at, as keyed.
    *dialled* is what a phone of ours called, *did* what somebody outside called. *talk* is the time bridged
    with somebody, *hold*: of it, when the caller was on hold; *wrap*: agents' work
    afterwards; *hangup* says who ended it: caller, agent, other or system.
    """

    call: str
    kind: Kind
    outcome: Outcome
    started: datetime
    ended: datetime
    caller: Private[str]
    dialled: Private[str] = NOBODY
    did: str = ""
    flow: str = ""
    version: str = ""
    language: str = ""
    menu_path: tuple[str, ...] = ()
    queues: tuple[QueueEntry, ...] = ()
    offers: tuple[Offer, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    agent: str = ""
    answered: datetime | None = None
    talk: timedelta = timedelta()
    mailbox: str = ""
    message: str = ""
    hangup: str = ""
    cause: int = 0
    fallback: bool = False
    category: str = ""
    callback: str = ""
    tries: int = 0
    called_back: datetime | None = None
    paged: str = ""
    page_outcome: str = ""
    site: str = ""
    disposition: str = ""
    origin: str = ""
    hold: timedelta = timedelta()
    wrap: timedelta = timedelta()
    legs: tuple[CallLeg, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    given: Private[str] = NOBODY

    @property
    def cut_off(self) -> bool:
        """Whether the talk ended because one side sent no sound any more: a phone or a line has failed."""
        last = (leg for leg in self.legs if leg.talk and self.ended - leg.ended < SOON)
        return self.outcome == "answered" and any(leg.cause == SILENT for leg in last)

    @property
    def waited(self) -> timedelta:
        """In all queues together."""
        return sum((stay.waited for stay in self.queues), timedelta())
