"""When patients call: each quarter of an hour of the week."""

from collections import Counter
from typing import Any

from sqlalchemy import Select, case, select

from clinicpbx.reports import REPORTS
from clinicpbx.reports._calls import calls_of, grouped
from clinicpbx.reports._report import Column, Period, Report
from clinicpbx.reports._sums import total
from clinicpbx.reports._volume import volume
from clinicpbx.reports._zone import days

BY = ("weekday", "site", "did")


def query(period: Period) -> Select[Any]:
    by = period.by or BY[0]
    row = volume(period, by, "quarter").c
    calls, touched = total(row.calls), days(period)
    if by == "weekday":
        often = Counter((day + 3) % 7 for day, _ in touched)
        # no row is of a day that the period does not touch
        number: Any = case(*((row.what == weekday, n * 1.0) for weekday, n in often.items()), else_=1.0)
    else:
        number = float(max(len(touched), 1))
    figures = select(row.what.label(by), row.quarter, calls.label("calls"), (calls / number).label("mean"))
    return grouped(figures.where(row.kind == "inbound"), row.what, row.quarter)


REPORTS.register("demand")(
    Report(
        "Demand by quarter of an hour",
        (
            Column("weekday", meaning="the day of the week in the clinic's zone"),
            Column("quarter", meaning="the quarter of an hour that begins then, in the clinic's zone"),
            Column("calls", meaning="patients' calls that began in it"),
            Column("mean", "calls", "a day, of the days of the row in the period", "calls / days of that weekday"),
        ),
        "Every inbound call counts in the quarter in which it began, whatever came of it: demand is who called, not "
        "who was answered. By site or number the mean is over all days of the period.",
        query,
        by=BY,
        chart="calls",
        calls=calls_of(),
        edges=(
            "Quarters without a call have no row: there the demand was 0.",
            "A day that the period only touches counts as a day: periods of whole weeks give fair means.",
            "When the clocks go back both hours count in the same quarters; the hour that they skip has no row.",
            "Who was not answered and calls again is counted again.",
        ),
        example="In two weeks 7 calls began on a Tuesday between 08:00 and 08:15: mean 7 / 2 = 3.5.",
    )
)
