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
    """One stay in a queue. *outcome*: answered, abandoned, overflow, interrupted."""

    queue: str
    entered: datetime
    left: datetime
    outcome: str
    agent: str = ""
    offers: int = 0

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
class Interaction:
    """One call, from the first channel to the last, across transfers. *call* is the caller's uniqueid.

    *category* is what the caller wants, by the rules. *callback*: what became of a call-back promised in it: promised,
    unreached or done; *tries*: how often the patient was rung for it; *called_back*: when the patient was reached.
    *paged*: who on call accepted it; *page_outcome*: what they said came of it. *attempts*: those that were
    made in it, to call patients of items. *given*: the number that the caller keyed to be called at, as keyed.
    *dialled* is what a phone of ours called, *did* what somebody outside called. *talk* is the time bridged
    with somebody; *hangup* says who ended it: caller, agent, other or system.
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
    attempts: tuple[Attempt, ...] = ()
    given: Private[str] = NOBODY
