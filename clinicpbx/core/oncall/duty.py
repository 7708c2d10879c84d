"""Who is on call, all told: the rota, and what holds instead of it for a while."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from clinicpbx.core.schedule.oncall import Rota, Shift

LONGEST = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Cover:
    """*who* is on call for *rota* from *start* up to *end* (aware), whatever it says. *backup*: "" is the rota's."""

    rota: str
    who: str
    start: datetime
    end: datetime
    backup: str = ""

    def holds(self, at: datetime) -> bool:
        return self.start <= at < self.end


def on_duty(name: str, rota: Rota, covers: Iterable[Cover], at: datetime) -> Shift | None:
    """Who is on call for the rota called *name* at *at*; the first of *covers* that holds wins."""
    shift = rota.at(at)
    for cover in covers:
        if cover.rota == name and cover.holds(at):
            usual = shift.backup if shift is not None and shift.backup != cover.who else ""
            return Shift(cover.start, cover.end, cover.who, cover.backup or usual)
    return shift


def stint(rota: Rota, at: datetime) -> Shift | None:
    """The shift at *at*, one with those before and after it that the same person has. None where there is none, or
    where it began longer than LONGEST ago: who is always on call takes over from nobody."""
    first = at - LONGEST
    found: Shift | None = None
    for shift in rota.shifts(first, at + LONGEST):
        if found is not None and (found.end, found.who) == (shift.start, shift.who):
            found = Shift(found.start, shift.end, found.who, shift.backup if shift.holds(at) else found.backup)
        elif found is not None and found.holds(at):
            break
        else:
            found = shift
    return found if found is not None and found.holds(at) and found.start > first else None
