"""Stays in queues to be added up: each a row of its own, or many in a row of a tally."""

from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, and_, case, literal, select, union_all
from sqlalchemy.sql.selectable import NamedFromClause

from clinicpbx.adapters.db.tables import interaction, queue_entry
from clinicpbx.adapters.db.tally_tables import queue_tally
from clinicpbx.core.records.tally import EDGES
from clinicpbx.reports._calls import CALL, lost_elsewhere, of_call, of_part, patients_calls
from clinicpbx.reports._report import Period
from clinicpbx.reports._sums import flag
from clinicpbx.reports._tallied import countable, covered, within_edge

BY = ("queue", "site", "hour", "day", "weekday", "quarter")
COUNTS = ("offered", "answered", "abandoned", "overflowed", "interrupted")
LENGTHS = ("answer_wait_ms", "abandon_wait_ms", "longest_ms", "longest_abandon_ms", "hold_ms", "wrap_ms")


def stays(period: Period, by: str, *, elsewhere: bool = False) -> NamedFromClause:
    """The stays in queues of the patients' calls of *period*; `what` is the *by* of a row.

    Beside COUNTS and LENGTHS there are `talk_ms` (without hold), `answered_in_time` and `abandoned_short`. *elsewhere*:
    also the calls that were abandoned outside every queue, each as one that was offered and abandoned.
    """
    on_edges = {target.seconds for target in period.targets.values()} <= {*EDGES}
    return (_tallies if on_edges and countable(period) else _rows)(period, by, elsewhere)


def _in_time(
    queue: ColumnElement[str], period: Period, of: Callable[[float], ColumnElement[Any]]
) -> ColumnElement[Any]:
    """What *of* makes of the seconds that are in time in the *queue* of a row."""
    own = [(queue == name, of(target.seconds)) for name, target in period.targets.items()]
    return case(*own, else_=of(period.threshold)) if own else of(period.threshold)


def _milliseconds(seconds: float) -> ColumnElement[int]:
    return literal(round(seconds * 1000))


def _tallies(period: Period, by: str, elsewhere: bool) -> NamedFromClause:
    row = queue_tally.c
    what, within = covered(queue_tally, by, period)
    return (
        select(
            what.label("what"),
            *(row[name] for name in (*COUNTS, *LENGTHS)),
            (row.talk_ms - row.hold_ms).label("talk_ms"),
            _in_time(row.queue, period, partial(within_edge, queue_tally, "answered")).label("answered_in_time"),
            within_edge(queue_tally, "abandoned", period.short).label("abandoned_short"),
        )
        .where(within, *(() if elsewhere else (row.queue != "",)))
        .subquery()
    )


def _rows(period: Period, by: str, elsewhere: bool) -> NamedFromClause:
    entry, one, nothing = queue_entry.c, literal(1), literal(0)
    answered, abandoned = entry.outcome == "answered", entry.outcome == "abandoned"
    in_time = entry.waited_ms <= _in_time(entry.queue, period, _milliseconds)
    queued = (
        select(
            of_part(queue_entry, by, period).label("what"),
            one.label("offered"),
            flag(answered).label("answered"),
            flag(abandoned).label("abandoned"),
            flag(entry.outcome == "overflow").label("overflowed"),
            flag(entry.outcome == "interrupted").label("interrupted"),
            case((answered, entry.waited_ms), else_=0).label("answer_wait_ms"),
            case((abandoned, entry.waited_ms), else_=0).label("abandon_wait_ms"),
            entry.waited_ms.label("longest_ms"),
            case((abandoned, entry.waited_ms), else_=0).label("longest_abandon_ms"),
            entry.hold_ms,
            entry.wrap_ms,
            (entry.talk_ms - entry.hold_ms).label("talk_ms"),
            flag(and_(answered, in_time)).label("answered_in_time"),
            flag(and_(abandoned, entry.waited_ms <= _milliseconds(period.short))).label("abandoned_short"),
        )
        .join(interaction, CALL.call == entry.call)
        .where(patients_calls(period))
    )
    if not elsewhere:
        return queued.subquery()
    what = literal("") if by == "queue" else of_call(by, period)
    lost = {"offered": one, "abandoned": one}
    others = select(what, *(lost.get(column.name, nothing) for column in list(queued.selected_columns)[1:]))
    return union_all(queued, others.where(patients_calls(period), lost_elsewhere())).subquery()
