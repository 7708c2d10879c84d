"""Hours as stretches of time in which nothing changes: what a proof over a year looks at instead of its minutes."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from operator import attrgetter
from zoneinfo import ZoneInfo

from clinicpbx.core.schedule.hours import Hours, Opening, Span

_DAY = timedelta(days=1)
SOON = timedelta(days=8)
OPEN = ("open", "lunch")


@dataclass(frozen=True, slots=True)
class Stretch:
    """From *start* up to, not including, *end* (aware UTC) the hours are *opening*; its reason is that of the start."""

    start: datetime
    end: datetime
    opening: Opening


@dataclass(frozen=True, slots=True)
class Situation:
    """States of several hours that hold together, from the instant *at* on."""

    at: datetime
    openings: Mapping[str, Opening]

    @property
    def states(self) -> tuple[str, ...]:
        return tuple(self.openings[name].state for name in sorted(self.openings))

    def state(self, hours: str) -> str:
        return self.openings[hours].state


Window = tuple[Situation, ...]
"""What one call sees: the situation in which it arrives, and those that come while it lasts."""


def stretches(hours: Hours, start: datetime, end: datetime) -> Iterator[Stretch]:
    """The stretches of *hours* that make up *start* … *end* (aware), exact on the nights when clocks change."""
    began, opening = start.astimezone(UTC), hours.at(start)
    for at in sorted(at for at in set(_changes(hours, start, end)) if start < at < end):
        found = hours.at(at)
        if found.state != opening.state:
            yield Stretch(began, at, opening)
            began, opening = at, found
    yield Stretch(began, end.astimezone(UTC), opening)


def closing(hours: Hours, after: datetime) -> datetime | None:
    """When the *hours*, open or at lunch at *after* (aware) or later, end next; None: not within SOON."""
    before = ""
    for stretch in stretches(hours, after, after + SOON):
        if before in OPEN and stretch.opening.state not in OPEN:
            return stretch.start
        before = stretch.opening.state
    return None


def timeline(hours: Mapping[str, Hours], start: datetime, end: datetime) -> list[Situation]:
    """What the *hours* are together from *start* to *end*: each situation lasts until the next one begins."""
    changes = sorted(
        (stretch.start, name, stretch.opening) for name, one in hours.items() for stretch in stretches(one, start, end)
    )
    found: list[Situation] = []
    now: dict[str, Opening] = {}
    for number, (at, name, opening) in enumerate(changes):
        now[name] = opening
        if number + 1 == len(changes) or changes[number + 1][0] > at:
            found.append(Situation(at, dict(now)))
    return found or [Situation(start.astimezone(UTC), {})]


def windows(situations: Sequence[Situation], longest: timedelta) -> list[Window]:
    """Every succession of situations that a call of at most *longest* can see, each with its first instants: first
    those of calls that see no change, then those of calls that began just before one."""
    found: dict[tuple[tuple[str, ...], ...], Window] = {}
    for one in situations:
        found.setdefault((one.states,), (one,))
    for number, after in enumerate(situations[1:]):
        end = bisect_left(situations, after.at + longest, key=attrgetter("at"))
        window = tuple(situations[number:end])
        found.setdefault(tuple(one.states for one in window), window)
    return list(found.values())


def _changes(hours: Hours, start: datetime, end: datetime) -> Iterator[datetime]:
    """Every instant at which the state may change: where a span begins or ends, at midnight, where the clock jumps."""
    day, last = start.astimezone(hours.zone).date() - _DAY, end.astimezone(hours.zone).date() + _DAY
    while day <= last:
        for clock in {time(0), *_clocks(hours, day)}:
            for fold in (0, 1):  # a time that comes twice
                yield datetime.combine(day, clock.replace(fold=fold), hours.zone).astimezone(UTC)
        if jump := clock_change(hours.zone, day):
            yield jump
        day += _DAY


def _clocks(hours: Hours, day: date) -> Iterator[time]:
    exception = hours.exceptions.get(day)
    spans: tuple[Span, ...] = (*hours.week.get(day.weekday(), ()), *hours.lunch.get(day.weekday(), ()))
    for span in exception.spans if exception else spans:
        yield span.start
        yield span.end


def clock_change(zone: ZoneInfo, day: date) -> datetime | None:
    """The instant within *day* at which the clocks of *zone* change, to the second."""
    low = datetime.combine(day, time(0), zone).astimezone(UTC)
    high = low + _DAY
    before = low.astimezone(zone).utcoffset()
    if high.astimezone(zone).utcoffset() == before:
        return None
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)
