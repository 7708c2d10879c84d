"""A recorded call decided again: the same events through the same rules give the same facts."""

from collections.abc import Sequence

from clinicpbx.core.callflow.rehearsal import machine_of
from clinicpbx.core.commands import Note
from clinicpbx.core.events import CallArrived, Event
from clinicpbx.core.records.rows import Fact
from clinicpbx.core.rulebook import Rulebook


def decided_again(call: str, events: Sequence[Event], book: Rulebook) -> list[Fact]:
    """The facts of *call* as the core decides them from its *events* (the first is its CallArrived) under *book*."""
    arrived = events[0]
    if not isinstance(arrived, CallArrived):
        raise TypeError("a call begins with CallArrived")
    machine = machine_of(arrived, call, book)
    told = [(arrived.at, machine.begin()), *((event.at, machine.handle(event)) for event in events[1:])]
    return [Fact(call, at, one.kind, one.detail) for at, commands in told for one in commands if isinstance(one, Note)]
