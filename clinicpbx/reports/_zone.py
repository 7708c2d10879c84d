"""Local time of rows in SQL: SQLite knows no zones, so the changes of the clock in the period are written out."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
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


def days(period: Period) -> list[tuple[int, int]]:
    """The local days that *period* touches: days since 1970, and the epoch second at which each begins."""
    zone = ZoneInfo(period.zone)
    day, found = period.since.astimezone(zone).date(), list[tuple[int, int]]()
    while (begin := datetime(day.year, day.month, day.day, tzinfo=zone)) < period.until:
        found.append(((day - EPOCH).days, int(begin.timestamp())))
        day += timedelta(days=1)
    return found


def longer(period: Period) -> Period:
    """With the day after."""
    return replace(period, until=period.until + timedelta(days=1))


def midnight(day: ColumnElement[int], period: Period) -> ColumnElement[int]:
    """The epoch second at which the local *day* begins, one of `days(longer(period))`."""
    ahead = [(number, number * 86400 - begin) for number, begin in days(longer(period))]
    turns = [(number, offset) for (_, offset), (number, then) in pairwise(ahead) if offset != then]
    latest = day * 86400 - ahead[-1][1]
    return case(*((day < number, day * 86400 - offset) for number, offset in turns), else_=latest) if turns else latest
