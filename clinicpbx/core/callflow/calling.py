"""A phone that is on the line calls the patient of an item of the inbox."""

from dataclasses import dataclass, replace
from datetime import datetime

from clinicpbx.core.callflow.away import away
from clinicpbx.core.commands import Command, Continue, Note, PatientCalled, SetVariable
from clinicpbx.core.events import Adopted, CommandRefused, DialAnswered, DialEnded, Event, HungUp
from clinicpbx.core.inbox.attempt import (
    ANSWERED,
    BUSY,
    HUNG_UP,
    INTERRUPTED,
    NO_ANSWER,
    NOT_DIALLED,
    item_of,
)
from clinicpbx.private import Private

CONTEXT, EXTENSION = "cpbx-callback", "item"
RESULTS = {"ANSWER": ANSWERED, "BUSY": BUSY, "NOANSWER": NO_ANSWER}
"""Dial's status → what came of the attempt; of any other it could not be dialled."""


@dataclass(frozen=True, slots=True)
class Calling:
    """The channel is in the dialplan's Dial for *attempt*. *result*: "" while it goes on."""

    attempt: str
    number: Private[str]
    deadline: datetime
    talked: bool = False
    result: str = ""

    def hear(self, event: Event, phone: str) -> tuple["Calling", tuple[Command, ...]]:
        """What *event* makes of it, and what is to be noted; *phone*: the extension that calls."""
        match event:
            case DialAnswered() if not self.talked:
                told = Note("answered", {"queue": "", "agent": phone})
                return replace(self, talked=True), (told, PatientCalled(self.number, reached=True))
            case DialEnded(status=status):
                return self._over(RESULTS.get(status, NOT_DIALLED))
            case CommandRefused(command=Continue.__name__):
                return self._over(NOT_DIALLED)
            case Adopted():
                return self._over(INTERRUPTED)
            case HungUp():
                return self._over(HUNG_UP)
        return replace(self, deadline=max(self.deadline, away(event.at))), ()

    def _over(self, result: str) -> tuple["Calling", tuple[Command, ...]]:
        over = replace(self, result=ANSWERED if self.talked else result)
        return over, (came_of(self.attempt, over.result),)


def came_of(attempt: str, result: str) -> Note:
    """For the record, which tells the item."""
    return Note("item", {"item": item_of(attempt), "attempt": attempt, "result": result})


def dial(attempt: str, number: Private[str], at: datetime) -> tuple[Calling, tuple[Command, ...]]:
    """Call *number* by the routes and the permission of the phone that is on the line.

    The attempt is noted before it has an end: its call must not be taken for one that somebody dialled.
    """
    ring = (
        came_of(attempt, ""),
        PatientCalled(number),
        SetVariable("CPBX_TO", number),
        Note("dialled", {"target": "patient", "why": f"item {item_of(attempt)}"}),
        Continue(CONTEXT, EXTENSION),
    )
    return Calling(attempt, number, away(at)), ring
