"""What became of the call-backs that were promised."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, select
from sqlalchemy.sql.selectable import NamedFromClause

from clinicpbx.adapters.db.expressions import elapsed
from clinicpbx.adapters.db.tables import queue_entry
from clinicpbx.adapters.db.tally_tables import callback_tally
from clinicpbx.reports import REPORTS
from clinicpbx.reports._calls import CALL, calls_of, grouped, of_call, patients_calls
from clinicpbx.reports._dimension import DIMENSIONS
from clinicpbx.reports._report import Column, Period, Report
from clinicpbx.reports._sums import flag, mean, percent, total
from clinicpbx.reports._tallied import countable, covered

BY = ("queue", "day", "weekday", "hour", "quarter")
COUNTS = ("promised", "done", "unreached", "tries", "delay_ms")


def _promises(period: Period, by: str) -> NamedFromClause:
    if countable(period):
        what, within = covered(callback_tally, by, period)
        return select(what.label("what"), *(callback_tally.c[name] for name in COUNTS)).where(within).subquery()
    delay = elapsed(CALL.ended, CALL.called_back)
    return (
        select(
            (_last_queue() if by == "queue" else of_call(by, period)).label("what"),
            literal(1).label("promised"),
            flag(CALL.callback == "done").label("done"),
            flag(CALL.callback == "unreached").label("unreached"),
            CALL.tries,
            case((and_(CALL.callback == "done", delay > 0), delay), else_=0).label("delay_ms"),
        )
        .where(patients_calls(period), CALL.callback != "")
        .subquery()
    )


def _last_queue() -> ColumnElement[str]:
    entry = queue_entry.c
    last = select(entry.queue).where(entry.call == CALL.call).order_by(entry.n.desc()).limit(1).scalar_subquery()
    return func.coalesce(last, "")


def _calls(period: Period, row: Mapping[str, Any]) -> ColumnElement[bool]:
    if "queue" not in row:
        return calls_of(CALL.callback != "")(period, row)
    return and_(
        patients_calls(period), CALL.callback != "", _last_queue() == DIMENSIONS["queue"].meant(str(row["queue"]))
    )


def query(period: Period) -> Select[Any]:
    by = period.by or BY[0]
    row = _promises(period, by).c
    promised, done, unreached, tries, delay = (total(row[name]) for name in COUNTS)
    figures = select(
        row.what.label(by),
        promised.label("promised"),
        done.label("done"),
        unreached.label("unreached"),
        (promised - done - unreached).label("open"),
        tries.label("tries"),
        percent(done, done + unreached).label("success"),
        mean(delay, done).label("mean_delay"),
    )
    return grouped(figures, row.what)


REPORTS.register("callbacks")(
    Report(
        "Call-backs by queue",
        (
            Column("queue", meaning="the queue in which the caller waited"),
            Column("promised", meaning="call-backs promised in calls that began in the period"),
            Column("done", meaning="of these, the patient was reached"),
            Column("unreached", meaning="given up after the tries that the rules ask for"),
            Column("open", meaning="neither yet", formula="promised - done - unreached"),
            Column("tries", meaning="how often patients were rung for those that are over"),
            Column("success", "%", "call-back success", "100 * done / (done + unreached)"),
            Column("mean_delay", "s", "from the end of the call in which it was promised", "sum of delays / done"),
        ),
        "One promise for each call in which the caller asked to be called back, counted where that call began, "
        "whenever the call-back was made.",
        query,
        by=BY,
        chart="success",
        calls=_calls,
        edges=(
            "A call-back that is still open is in neither part of the success.",
            "Reached means that the patient answered and talked with an agent; a machine that answers is a try.",
            "A call-back that a person closes with an outcome is done.",
            "A call that went through several queues counts in the last.",
            "What patients ask for on a mailbox is a message: see the report messages.",
        ),
        example="5 promised, 3 done, 1 unreached, 1 open: success 100 * 3 / (3 + 1) = 75.",
    )
)
