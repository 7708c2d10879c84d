"""The slots that calls are counted in: quarter hours, and the clinic's days and months they lie in."""

from calendar import day_name
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

QUARTER = timedelta(minutes=15)
DAY, WEEK = 96, 7 * 96
"""Quarter hours."""
EPOCH_DAY = date(1970, 1, 1).toordinal()


def quarter_of(at: datetime) -> int:
    """The quarter hour of *at* (aware), counted from the epoch."""
    return int(at.timestamp() // QUARTER.total_seconds())


def instant_of(quarter: int) -> datetime:
    """When *quarter* begins, in UTC."""
    return datetime.fromtimestamp(quarter * QUARTER.total_seconds(), UTC)


def day_of(quarter: int, zone: ZoneInfo) -> int:
    """The day in *zone*, counted from the epoch's."""
    return instant_of(quarter).astimezone(zone).toordinal() - EPOCH_DAY


def month_of(quarter: int, zone: ZoneInfo) -> int:
    """The month in *zone*: 12 * year + month - 1."""
    local = instant_of(quarter).astimezone(zone)
    return 12 * local.year + local.month - 1


def hour_of_week(quarter: int, zone: ZoneInfo) -> int:
    """Month, weekday and quarter of the day in *zone*: WEEK * month + DAY * weekday (Monday is 0) + quarter."""
    local = instant_of(quarter).astimezone(zone)
    return (12 * local.year + local.month - 1) * WEEK + local.weekday() * DAY + local.hour * 4 + local.minute // 15


def day_begins(day: int, zone: ZoneInfo) -> int:
    """The first quarter of *day*; where clocks skip midnight, that after the gap."""
    return quarter_of(datetime.combine(date.fromordinal(EPOCH_DAY + day), time(0), zone))


def month_begins(month: int, zone: ZoneInfo) -> int:
    """The first quarter of *month*."""
    return quarter_of(datetime(month // 12, month % 12 + 1, 1, tzinfo=zone))


def within_a_day(since: datetime, until: datetime | None, zone: ZoneInfo) -> bool:
    """Whether what lasted from *since* to *until*, None if it still does, began and ended on one day in *zone*."""
    return until is not None and since.astimezone(zone).date() == until.astimezone(zone).date()


def told(grain: str, slot: int) -> str:
    """*slot* for people: `2026-11-24 08:15Z`, `2026-11-24`, or `2026-11 Tuesday 08:15`."""
    if grain == "quarter":
        return f"{instant_of(slot):%Y-%m-%d %H:%MZ}"
    if grain == "day":
        return date.fromordinal(EPOCH_DAY + slot).isoformat()
    month, (weekday, quarter) = slot // WEEK, divmod(slot % WEEK, DAY)
    return f"{month // 12}-{month % 12 + 1:02} {day_name[weekday]} {quarter // 4:02}:{quarter % 4 * 15:02}"


def offsets(first: int, last: int, zone: ZoneInfo) -> list[tuple[int, int]]:
    """How *zone* goes from quarter *first* to before *last*: (quarter before which it holds, offset in quarters)."""

    def offset(quarter: int) -> int:
        away = instant_of(quarter).astimezone(zone).utcoffset()
        return (away or timedelta()) // QUARTER

    found = []
    for at in range(first, last, DAY):
        low, high = at, min(at + DAY, last)
        if offset(low) != offset(high):
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(middle) == offset(at) else (low, middle)
            found.append((high, offset(at)))
    return [*found, (last, offset(last - 1))]
