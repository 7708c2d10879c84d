"""How many patients called how often."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, select

from clinicpbx.reports import REPORTS
from clinicpbx.reports._calls import CALL, grouped, patients_calls
from clinicpbx.reports._report import Column, Period, Report
from clinicpbx.reports._sums import percent, total

MOST = 10


def _callers(period: Period) -> Select[Any]:
    often = func.count()
    shown = case((often < MOST, often), else_=MOST).label("times")
    return select(CALL.number, often.label("calls"), shown).where(_counted(period)).group_by(CALL.number)


def _counted(period: Period) -> ColumnElement[bool]:
    return and_(patients_calls(period), CALL.number > "")


def query(period: Period) -> Select[Any]:
    row = _callers(period).subquery().c
    callers, calls = func.count(), total(row.calls)
    figures = select(
        row.times,
        callers.label("callers"),
        calls.label("calls"),
        percent(callers, func.sum(callers).over()).label("of_callers"),
        percent(calls, func.sum(calls).over()).label("of_calls"),
    )
    return grouped(figures, row.times)


def _calls(period: Period, row: Mapping[str, Any]) -> ColumnElement[bool]:
    found = _callers(period).subquery().c
    return and_(_counted(period), CALL.number.in_(select(found.number).where(found.times == int(row["times"]))))


REPORTS.register("repeat_callers")(
    Report(
        "Repeat callers",
        (
            Column("times", meaning=f"how often a number called in the period; {MOST} stands for {MOST} and more"),
            Column("callers", meaning="how many numbers called so often"),
            Column("calls", meaning="how many calls those were"),
            Column("of_callers", "%", "", "100 * callers / callers of all rows"),
            Column("of_calls", "%", "", "100 * calls / calls of all rows"),
        ),
        "Numbers from which patients called in the period, by the number of their calls, whatever came of them.",
        query,
        chart="callers",
        calls=_calls,
        edges=(
            "Calls with a withheld number are in no row.",
            "A family or a practice behind one number counts as one caller.",
            "Only calls within the period count: a caller of many calls may stand under 1 in a short period.",
        ),
        example="3 numbers called once, 1 number called 3 times: of callers 100 * 1 / 4 = 25, of calls "
        "100 * 3 / 6 = 50.",
    )
)
