"""When something must be done: a length of time counted while the clinic is open."""

from datetime import UTC, datetime, time, timedelta

from clinicpbx.core.schedule.hours import Hours
from clinicpbx.core.schedule.stretches import stretches

CHUNK = timedelta(days=14)
FARTHEST = timedelta(days=400)


def due_at(since: datetime, length: timedelta, hours: Hours | None) -> datetime:
    """The instant (UTC) at which *hours* have been open for *length* since *since*; without *hours*, around the clock.

    Lunch does not count. Hours that are not open so long within 400 days count as none.
    """
    left, begin = length, since.astimezone(UTC)
    while hours is not None and begin < since + FARTHEST:
        for stretch in stretches(hours, begin, begin + CHUNK):
            if stretch.opening.state != "open":
                continue
            if left <= stretch.end - stretch.start:
                return stretch.start + left
            left -= stretch.end - stretch.start
        begin += CHUNK
    return since.astimezone(UTC) + length


def working_day_began(now: datetime, hours: Hours | None, hour: int = 8) -> datetime:
    """*hour* o'clock of the last day before that of *now* on which *hours* were open; the day before, without them."""
    zone = hours.zone if hours is not None else UTC
    day = now.astimezone(zone).replace(hour=hour, minute=0, second=0, microsecond=0)
    for _ in range(FARTHEST.days):
        day = (day - timedelta(days=1)).replace(hour=hour)
        end = day + timedelta(days=1)
        if hours is None or any(one.opening.state == "open" for one in stretches(hours, day, end)):
            break
    return day.astimezone(UTC)


def today(now: datetime, hours: Hours | None) -> tuple[datetime, datetime]:
    """Since when what came counts as of today (`working_day_began`), and the end of the day of *now*."""
    zone = hours.zone if hours is not None else UTC
    midnight = datetime.combine(now.astimezone(zone).date() + timedelta(days=1), time(0), zone)
    return working_day_began(now, hours), midnight
