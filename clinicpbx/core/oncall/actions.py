"""What follows from an input to the pages."""

from dataclasses import dataclass

from clinicpbx.core.commands import Command
from clinicpbx.core.events import Event
from clinicpbx.core.oncall.page import Page


@dataclass(frozen=True, slots=True)
class Ask:
    """Have *command* done, about the channel *attempt*."""

    attempt: str
    command: Command


@dataclass(frozen=True, slots=True)
class Hear:
    """Give the call *attempt* an event."""

    attempt: str
    event: Event


@dataclass(frozen=True, slots=True)
class Keep:
    """The page as it is now, for the next start."""

    page: Page


@dataclass(frozen=True, slots=True)
class Tell:
    """A line of the page's timeline: *who* did *event*, with *result*."""

    page: Page
    event: str
    who: str
    result: str = ""


Action = Ask | Hear | Keep | Tell
