"""What of the tallies covers a period, and what their rows stand for."""

from functools import reduce
from operator import add
from typing import Any

from sqlalchemy import ColumnElement, Table, literal

from clinicpbx.adapters.db.tally_tables import covering, local_day, local_quarter, weekly, widened
from clinicpbx.core.records.tally import EDGES, buckets
from clinicpbx.reports._dimension import of_clock
from clinicpbx.reports._report import Period

MONDAY = 4 * 96
"""From the Thursday that quarters are counted from, to the Monday after."""


def countable(period: Period) -> bool:
    """Whether the tallies can say what *period* asks: they count quarters of an hour, and waits between edges."""
    whole = widened(period.since, period.until) == (period.since, period.until)
    return period.tallied and whole and {period.threshold, period.short} <= {*EDGES, 0}


def covered(
    table: Table, by: str, period: Period, grain: str = "week"
) -> tuple[ColumnElement[Any], ColumnElement[bool]]:
    """The *by* of the rows of *table*, and which count *period*; *grain*: of those by the hour of the week."""
    within = (table, period.since, period.until, period.zone)
    if by in ("hour", "weekday", "quarter"):
        return of_clock(by, local_quarter(*within) + MONDAY), weekly(*within, grain)
    return local_day(*within) if by == "day" else table.c[by], covering(*within)


def within_edge(table: Table, name: str, seconds: float) -> ColumnElement[int]:
    """How many waits of the histogram *name* were at most *seconds*, which must be one of its edges, or 0."""
    chosen = [bucket for bucket, edge in zip(buckets(name), EDGES, strict=False) if edge <= seconds]
    return reduce(add, (table.c[bucket] for bucket in chosen), literal(0))
