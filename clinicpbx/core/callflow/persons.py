"""Ringing people one after the other until one of them accepts the call with a key."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from clinicpbx.core.callflow.away import away
from clinicpbx.core.callflow.step import Leave, Stay
from clinicpbx.core.commands import Command, Continue, Note, SetVariable
from clinicpbx.core.events import Adopted, CommandRefused, DialAnswered, DialEnded, Event

CONTEXT = "cpbx-person"
ACCEPT = "call-accept"  # the prompt that whoever picks up hears


@dataclass(frozen=True, slots=True)
class Person:
    """*number* is rung: an extension, or an outside number. *why* this one."""

    name: str
    number: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Ringing:
    deadline: datetime
    who: str
    ahead: tuple[Person, ...] = ()
    answered: bool = False


def ring(persons: Sequence[Person], seconds: timedelta, at: datetime, *first: Command) -> Stay | Leave:
    """Ring the first of *persons*, for *seconds*; leave by `unreached` where there is none."""
    if not persons:
        return Leave("unreached", first, "nobody took the call")
    person, *others = persons
    do = (
        SetVariable("CPBX_RING_FOR", str(int(seconds.total_seconds()))),
        Note("dialled", {"target": person.name, "why": person.why}),
        Continue(CONTEXT, person.number),
    )
    return Stay(Ringing(away(at), person.name, tuple(others)), (*first, *do))


def await_person(state: Ringing, seconds: timedelta, event: Event) -> Stay | Leave:
    """What *event* means to a call that rings somebody. DialAnswered comes once a key has accepted the call."""
    match event:
        case DialAnswered() if not state.answered:
            answered = Note("answered", {"queue": "", "agent": state.who})
            return Stay(replace(state, answered=True), (answered,))
        case DialEnded(status=status):
            return _next(state, seconds, status, event.at)
        case Adopted() | CommandRefused(command=Continue.__name__):
            return _next(state, seconds, "FAILED", event.at)
    return Stay(replace(state, deadline=max(state.deadline, away(event.at))))


def _next(state: Ringing, seconds: timedelta, status: str, at: datetime) -> Stay | Leave:
    ended = Note("dial_ended", {"target": state.who, "status": status})
    return ring(state.ahead, seconds, at, ended)
