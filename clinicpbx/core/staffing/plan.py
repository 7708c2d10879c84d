"""Agents for each interval of the days to come: what the forecast asks for, and where those who come are too few."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, time
from math import floor

from clinicpbx.core.staffing.erlang import Expected, Load, Target, needed, rostered
from clinicpbx.core.staffing.forecast import Forecast

MINUTES = 15
"""Of the intervals that calls are counted in."""
LEAST = 0.05
"""Calls in an interval for which nobody needs to be there."""
TINY = 1e-9
"""What a mean of whole numbers may be off by."""
Have = Callable[[date, time], float | None]


@dataclass(frozen=True, slots=True)
class Caller:
    """What is known of a queue's callers: seconds that an agent spends on one, and that one waits before giving up."""

    handle: float
    patience: float | None = None

    def patient(self, seconds: float) -> "Caller":
        """The same, giving up after so long."""
        return replace(self, patience=seconds)


@dataclass(frozen=True, slots=True)
class Slot:
    """One interval. *calls* expected in it; *roster*: the agents to plan for; *have*: those who usually are there,
    at the least of its quarters."""

    day: date
    start: time
    calls: float
    need: Expected
    roster: int
    have: float | None = None

    @property
    def short(self) -> int:
        """How many are missing; 0 where nobody knows who will be there."""
        return 0 if self.have is None else max(0, self.need.agents - self.there)

    @property
    def there(self) -> int:
        """Whole agents who can be counted on: who comes every other week is not there."""
        return floor((self.have or 0.0) + TINY)


def plan(
    forecast: Forecast,
    days: Iterable[date],
    caller: Caller,
    target: Target,
    minutes: int = 30,
    shrinkage: float = 0.0,
    have: Have = lambda day, start: None,
) -> Iterator[Slot]:
    """The slots of *minutes*, a multiple of 15, in which calls are expected. The busiest quarter hour of a slot counts:
    agents cannot be there for half of it."""
    for day in days:
        quarters, size = forecast.day(day), minutes // MINUTES
        for first in range(0, len(quarters), size):
            part = quarters[first : first + size]
            if sum(part) < LEAST:
                continue
            need = needed(Load(max(part) * 60 / MINUTES, caller.handle, caller.patience), target)
            there = [known for n in range(first, first + size) if (known := have(day, _clock(n))) is not None]
            roster = rostered(need.agents, shrinkage)
            yield Slot(day, _clock(first), sum(part), need, roster, min(there, default=None))


def _clock(quarter: int) -> time:
    return time(quarter * MINUTES // 60, quarter * MINUTES % 60)


def shortages(slots: Iterable[Slot], most: int = 5) -> list[Slot]:
    """The worst of the slots that lack agents, the worst first, then as they come."""
    lacking = sorted((slot for slot in slots if slot.short), key=lambda slot: (-slot.short, slot.day, slot.start))
    return lacking[:most]
