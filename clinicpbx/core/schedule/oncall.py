"""Who is on call at an instant: weekly duties, and single shifts that win over them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from clinicpbx.core.schedule.stretches import clock_change

_DAY = timedelta(days=1)

Gap = tuple[datetime, datetime]
"""From the first up to, not including, the second (aware)."""


@dataclass(frozen=True, slots=True, order=True)
class Shift:
    """From *start* up to, not including, *end* (aware). *backup*: "" for nobody. *number*: its place in the rota."""

    start: datetime
    end: datetime
    who: str
    backup: str = ""
    number: int = 0

    def holds(self, at: datetime) -> bool:
        return self.start <= at < self.end


@dataclass(frozen=True, slots=True)
class Duty:
    """Each week on *days* (Monday 0) from *start* until *end*, in local time; the next day where *end* is not later."""

    days: tuple[int, ...]
    start: time
    end: time
    who: str
    backup: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class Rota:
    """The duties of a week, the shifts of a calendar, which win over those, and single shifts, which win over all; in
    the time zone of the service's site."""

    zone: ZoneInfo
    weekly: tuple[Duty, ...] = ()
    single: tuple[Shift, ...] = ()
    calendar: tuple[Shift, ...] = ()

    def at(self, instant: datetime) -> Shift | None:
        """The shift that holds at *instant* (aware); None where nobody is on call."""
        dated = (shift for shift in (*self.single, *self.calendar) if shift.holds(instant))
        weekly = (shift for shift in self.weeks(instant, instant + _DAY) if shift.holds(instant))
        return next(dated, None) or next(weekly, None)

    def weeks(self, start: datetime, end: datetime) -> Iterator[Shift]:
        """The weekly duties that touch *start* … *end*, day by day; right on the nights when clocks change, since one
        that ends at a local time and the next that begins there do so at the same instant."""
        day, last = start.astimezone(self.zone).date() - 2 * _DAY, end.astimezone(self.zone).date()
        while day <= last:
            for duty in self.weekly:
                if day.weekday() in duty.days:
                    until = day if duty.end > duty.start else day + _DAY
                    first, over = _instant(day, duty.start, self.zone), _instant(until, duty.end, self.zone)
                    if first < over and first < end and over > start:
                        yield Shift(first, over, duty.who, duty.backup, duty.number)
            day += _DAY

    def shifts(self, start: datetime, end: datetime) -> list[Shift]:
        """Who is on call from *start* to *end*, in order, cut where a single shift wins; gaps are left out."""
        by_weight = [*self.single, *self.calendar, *self.weeks(start, end)]
        edges = {edge for one in by_weight for edge in (one.start, one.end) if start < edge < end}
        found: list[Shift] = []
        for begin, until in pairwise(sorted({start.astimezone(UTC), end.astimezone(UTC), *edges})):
            holding = next((one for one in by_weight if one.holds(begin)), None)
            if holding is None:
                continue
            last = found[-1] if found else None
            if last and (last.end, last.number, last.who) == (begin, holding.number, holding.who):
                found[-1] = Shift(last.start, until, holding.who, holding.backup, holding.number)
            else:
                found.append(Shift(begin, until, holding.who, holding.backup, holding.number))
        return found


def _instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The local time as an instant; one that the clocks skip is the instant at which they do."""
    wanted = datetime.combine(day, clock, zone)
    at = wanted.astimezone(UTC)
    skipped = at.astimezone(zone).replace(tzinfo=None) != wanted.replace(tzinfo=None)
    return (clock_change(zone, day) if skipped else None) or at


def overlaps(shifts: Iterable[Shift]) -> Iterator[tuple[Shift, Shift]]:
    """Two of *shifts* that hold at the same time: the earlier, and the one that begins before it is over."""
    last: Shift | None = None
    for shift in sorted(shifts):
        if last is not None and shift.start < last.end:
            yield last, shift
        if last is None or shift.end > last.end:
            last = shift


def gaps(shifts: Iterable[Shift], needed: Iterable[Gap]) -> Iterator[Gap]:
    """The parts of *needed* in which none of *shifts* holds."""
    covered = sorted(shifts)
    for start, end in needed:
        free = start
        for shift in covered:
            if shift.end <= free:
                continue
            if shift.start >= end:
                break
            if shift.start > free:
                yield free, shift.start
            free = max(free, shift.end)
        if free < end:
            yield free, end
