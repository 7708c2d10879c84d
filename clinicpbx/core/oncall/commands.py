"""What calls ask of the pages, and the pages of the outside."""

from dataclasses import dataclass
from datetime import datetime

from clinicpbx.core.commands import Command, InwardCommand
from clinicpbx.private import Private

MESSAGE, RED_FLAG, HANDOVER = "message", "red_flag", "handover"


class PageCommand(InwardCommand):
    """Goes to the pages."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class KeepPage(PageCommand):
    """Somebody on call for *rota* has to accept this. *kind*: message, red_flag or handover.

    *number*, *language*, *entry*: the patient's, the number that was dialled. *mailbox*, *message*: what is heard. Of a
    handover: *who* takes over at *since* up to *until*, *backup* is asked next.
    """

    page: str
    kind: str
    rota: str
    since: datetime
    number: Private[str] | None = None
    language: str = ""
    entry: str = ""
    mailbox: str = ""
    message: str = ""
    who: str = ""
    backup: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AcceptPage(PageCommand):
    """*who* accepts it; PageTold answers. Accepting twice is accepting once."""

    page: str
    who: str


@dataclass(frozen=True, slots=True)
class TellPage(PageCommand):
    """A line for the page's timeline: what *who* did on the phone."""

    page: str
    event: str
    who: str
    result: str = ""


@dataclass(frozen=True, slots=True)
class ClosePage(PageCommand):
    """*who* says what came of it: nothing is left to do."""

    page: str
    who: str
    outcome: str


@dataclass(frozen=True, slots=True)
class EndPageCall(PageCommand):
    """The person who was on the line by *attempt* is not any more."""

    attempt: str


@dataclass(frozen=True, slots=True)
class CheckPin(Command):
    """Is it the PIN of *person*? PinTold answers."""

    person: str
    pin: Private[str]


@dataclass(frozen=True, slots=True)
class RingPerson(Command):
    """Ring *number*, an extension or, by *trunk*, an outside number, for *seconds*, as the channel *attempt*.

    *shown*: the clinic's number.
    """

    attempt: str
    number: str
    trunk: str
    seconds: int
    shown: str
