"""Callers who hung up before anybody took their call, by the queue they left."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, or_, select

from clinicpbx.adapters.db.tables import queue_entry
from clinicpbx.reports import REPORTS
from clinicpbx.reports._calls import calls_of, entries, grouped, lost_elsewhere
from clinicpbx.reports._dimension import DIMENSIONS
from clinicpbx.reports._report import Column, Period, Report
from clinicpbx.reports._stays import BY, stays
from clinicpbx.reports._sums import mean, percent, seconds, total

ABANDONED = queue_entry.c.outcome == "abandoned"


def query(period: Period) -> Select[Any]:
    by = period.by or BY[0]
    stay = stays(period, by, elsewhere=True).c
    offered, gone = total(stay.offered), total(stay.abandoned)
    longest = func.max(case((stay.abandoned > 0, stay.longest_abandon_ms)))
    figures = select(
        stay.what.label(by),
        offered.label("entries"),
        gone.label("abandoned"),
        total(stay.abandoned_short).label("abandoned_short"),
        percent(gone, offered).label("rate"),
        mean(total(stay.abandon_wait_ms), gone).label("mean_wait"),
        seconds(longest).label("longest_wait"),
    )
    return grouped(figures, stay.what)


def _calls(period: Period, row: Mapping[str, Any]) -> ColumnElement[bool]:
    others = {name: shown for name, shown in row.items() if name != "queue"}
    if row.get("queue") == DIMENSIONS["queue"].shown(""):
        return calls_of(lost_elsewhere())(period, others)
    if "queue" in row:
        return calls_of(stay=(ABANDONED,))(period, row)
    return calls_of(or_(entries(ABANDONED), lost_elsewhere()))(period, row)


REPORTS.register("abandoned_calls")(
    Report(
        "Abandoned calls by queue",
        (
            Column("queue", meaning="the queue; outside every queue: in a menu, handed on, or while the fallback rang"),
            Column("entries", meaning="stays in the queue, and calls abandoned outside every queue"),
            Column("abandoned", meaning="of these, those in which the caller hung up"),
            Column("abandoned_short", meaning="after at most the short threshold (5 s unless named), in a queue"),
            Column("rate", "%", "abandonment", "100 * abandoned / entries"),
            Column("mean_wait", "s", "until they hung up", "sum of their waits / abandoned"),
            Column("longest_wait", "s", "of those who hung up"),
        ),
        "A stay is abandoned where the caller hung up in it. Every abandoned inbound call is in exactly one row; in "
        "the row outside every queue all entries are abandoned, and waited 0 s.",
        query,
        by=BY,
        chart="abandoned",
        calls=_calls,
        edges=(
            "Who hangs up while a phone rings for them has abandoned the queue.",
            "Who leaves a message or asks to be called back has not abandoned.",
            "A caller who hangs up in a menu counts outside every queue.",
            "Of a call that was abandoned after an overflow the last queue counts.",
        ),
        example="5 stays in a queue, 2 hung up after 5 s and 55 s: rate 100 * 2 / 5 = 40, mean wait (5 + 55) / 2 = 30.",
    )
)
