"""When the next self-test is due."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta

LATEST = timedelta(hours=1)
"""A time of day that was missed by more, since nothing ran, is left out."""


def due(times: Iterable[time], since: datetime, until: datetime) -> bool:
    """Whether one of *times*, each in its own time zone, lies after *since* and not after *until*."""
    return any(max(since, until - LATEST) < _last(each, until) <= until for each in times)


def _last(clock: time, until: datetime) -> datetime:
    """The last instant, up to *until*, at which clocks showed *clock*."""
    day = until.astimezone(clock.tzinfo).date()
    today = datetime.combine(day, clock)
    return today if today <= until else datetime.combine(day - timedelta(days=1), clock)
