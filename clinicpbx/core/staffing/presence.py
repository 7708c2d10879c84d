"""Who usually is at the phones at a time of the week: what agents' past logins show."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date, datetime, time, timedelta, tzinfo

from clinicpbx.core.staffing.plan import MINUTES, Have

QUARTER = timedelta(minutes=MINUTES)
Spell = tuple[datetime, datetime]
"""From, until: an agent was ready for calls."""


def usually(spells: Iterable[Spell], days: Collection[date], zone: tzinfo) -> Have:
    """How many were ready at the middle of each quarter hour of *days*, as the mean of a weekday's, in *zone*.

    What it gives is None for a weekday that *days* do not have.
    """
    seen: dict[tuple[int, time], int] = defaultdict(int)
    counted = {weekday: sum(day.weekday() == weekday for day in days) for weekday in range(7)}
    for since, until in spells:
        middle = _middle(since)
        while middle < until:
            local = middle.astimezone(zone)
            if local.date() in days:
                seen[local.weekday(), (local - QUARTER / 2).time()] += 1
            middle += QUARTER

    def have(day: date, start: time) -> float | None:
        weekday = day.weekday()
        return seen[weekday, start] / counted[weekday] if counted[weekday] else None

    return have


def _middle(since: datetime) -> datetime:
    """The first middle of a quarter hour at or after *since*: quarters begin alike in all time zones."""
    begun = int(since.timestamp()) // (MINUTES * 60) * (MINUTES * 60)
    middle = datetime.fromtimestamp(begun, since.tzinfo) + QUARTER / 2
    return middle if middle >= since else middle + QUARTER
