"""Local time of rows in SQL: SQLite knows no zones, so the changes of the clock in the period are written out."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, case

from clinicpbx.adapters.db.expressions import epoch
from clinicpbx.core.records.slots import offsets, quarter_of
from clinicpbx.reports._dimension import EPOCH, of_clock
from clinicpbx.reports._report import Period


def clock(by: str, at: ColumnElement[datetime], period: Period) -> ColumnElement[int]:
    """The *by* of the instant *at*, which lies in *period*."""
    quarter = epoch(at) // 900
    first, last = quarter_of(period.since), quarter_of(period.until) + 1
    *earlier, (_, offset) = offsets(first, last, ZoneInfo(period.zone))
    whens = [(quarter < before, of_clock(by, quarter + ahead)) for before, ahead in earlier]
    latest = of_clock(by, quarter + offset)
    return case(*whens, else_=latest) if whens else latest


def days(period: Period) -> list[tuple[int, datetime, datetime]]:
    """The local days that *period* touches: days since 1970, and what of each lies in it."""
    zone = ZoneInfo(period.zone)
    day, found = period.since.astimezone(zone).date(), list[tuple[int, datetime, datetime]]()
    while (begin := datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)) < period.until:
        number, day = (day - EPOCH).days, day + timedelta(days=1)
        end = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
        found.append((number, max(begin, period.since), min(end, period.until)))
    return found
