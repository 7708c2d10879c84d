"""How soon somebody saw to what patients left behind: messages, call-backs asked for, calls abandoned."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, literal, or_, select, union_all

from clinicpbx.adapters.db.inbox_tables import OPEN, contact, item
from clinicpbx.adapters.db.item_tally import CLOSED_MS, FIRST_MS
from clinicpbx.adapters.db.tally_tables import item_tally
from clinicpbx.reports import REPORTS
from clinicpbx.reports._calls import CALL, grouped
from clinicpbx.reports._dimension import CLOCK, DIMENSIONS
from clinicpbx.reports._report import Column, Period, Report
from clinicpbx.reports._sums import flag, mean, percent, total
from clinicpbx.reports._tallied import countable, covered
from clinicpbx.reports._zone import clock

BY = ("category", "queue", "day", "weekday", "hour")
ITEM = item.c


def _opened(period: Period) -> ColumnElement[bool]:
    return and_(ITEM.opened >= period.since, ITEM.opened < period.until)


def _of(by: str, period: Period) -> ColumnElement[Any]:
    return clock(by, ITEM.opened, period) if by in CLOCK else ITEM[by]


def _rows(period: Period, by: str, *which: ColumnElement[bool]) -> Select[Any]:
    """Items *which* were opened in *period*, each a row; `what` is its *by*."""
    late = or_(ITEM.closed > ITEM.due, and_(OPEN, ITEM.due < period.known))
    return select(
        _of(by, period).label("what"),
        literal(1).label("items"),
        flag(~OPEN).label("closed"),
        flag(ITEM.closed <= ITEM.due).label("in_time"),
        flag(late).label("late"),
        flag(FIRST_MS.is_not(None)).label("attempted"),
        FIRST_MS,
        CLOSED_MS,
    ).where(_opened(period), *which)


def _tallies(period: Period, by: str) -> Select[Any]:
    """The same of closed items, many in a row."""
    row = item_tally.c
    what, within = covered(item_tally, by, period)
    same = ("in_time", "late", "attempted", "first_ms", "closed_ms")
    return select(what.label("what"), row["items"], row["items"].label("closed"), *(row[name] for name in same)).where(
        within
    )


def query(period: Period) -> Select[Any]:
    by = period.by or BY[0]
    found = union_all(_tallies(period, by), _rows(period, by, OPEN)) if countable(period) else _rows(period, by)
    row = found.subquery().c
    items, tried, closed, in_time, late = (
        total(row[name]) for name in ("items", "attempted", "closed", "in_time", "late")
    )
    figures = select(
        row.what.label(by),
        items.label("items"),
        tried.label("attempted"),
        closed.label("closed"),
        in_time.label("in_time"),
        late.label("late"),
        percent(in_time, in_time + late).label("kept"),
        mean(total(row.first_ms), tried).label("first_attempt"),
        mean(total(row.closed_ms), closed).label("turnaround"),
    )
    return grouped(figures, row.what)


def _calls(period: Period, row: Mapping[str, Any]) -> ColumnElement[bool]:
    (by,) = (name for name in row if name in BY)
    wanted = _of(by, period) == DIMENSIONS[by].meant(str(row[by]))
    held = select(contact.c.call).join(item, ITEM.id == contact.c.item).where(_opened(period), wanted)
    return CALL.call.in_(held)


REPORTS.register("messages")(
    Report(
        "Turnaround of messages and other requests",
        (
            Column("category", meaning="what it is about, by the rules"),
            Column("items", meaning="items of the inbox that were opened in the period"),
            Column("attempted", meaning="of these, somebody called the patient, or said so"),
            Column("closed", meaning="of these, closed with an outcome"),
            Column("in_time", meaning="closed by the time due"),
            Column("late", meaning="closed after the time due, or open although it is past"),
            Column("kept", "%", "promises kept", "100 * in_time / (in_time + late)"),
            Column("first_attempt", "s", "from the opening to the first call to the patient", "sum / attempted"),
            Column("turnaround", "s", "from the opening to the closing", "sum / closed"),
        ),
        "An item is one need of one patient: a message, a call-back asked for, a call abandoned. It opens when the "
        "call that left it ends. Times are those of the clock, nights and holidays with them; the time due counts "
        "opening hours, by the rules.",
        query,
        by=BY,
        chart="kept",
        calls=_calls,
        edges=(
            "A patient who leaves three messages for one need has one item, opened with the first.",
            "An item that closes because the patient calls again and is answered is closed without an attempt.",
            "An item that is open and not yet due is neither in time nor late.",
            "An item that was opened again counts by its last closing.",
        ),
        example="3 items, closed after 600 s and 1800 s, the third overdue: kept 100 * 2 / (2 + 1) = 66.7, "
        "turnaround (600 + 1800) / 2 = 1200.",
    )
)
