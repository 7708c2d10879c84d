"""How many of the calls that somebody took were handed on."""

from typing import Any

from sqlalchemy import Select, select

from clinicpbx.reports import REPORTS
from clinicpbx.reports._calls import CALL, calls_of, grouped
from clinicpbx.reports._report import Column, Period, Report
from clinicpbx.reports._sums import percent, total
from clinicpbx.reports._volume import BY, volume


def query(period: Period) -> Select[Any]:
    by = period.by or BY[0]
    row = volume(period, by).c
    taken, moved = total(row.taken), total(row.transferred)
    figures = select(
        row.what.label(by), taken.label("taken"), moved.label("transferred"), percent(moved, taken).label("rate")
    )
    return grouped(figures.where(row.kind == "inbound").having(taken + moved > 0), row.what)


REPORTS.register("transfers")(
    Report(
        "Transferred calls",
        (
            Column("did", meaning="our number that was called"),
            Column("taken", meaning="patients' calls in which somebody talked with the caller"),
            Column("transferred", meaning="of these, transferred blindly or with a word, once or more"),
            Column("rate", "%", "", "100 * transferred / taken"),
        ),
        "A transfer is one that Asterisk reports, blind or attended; a call that overflows or goes from a menu to a "
        "queue is not transferred.",
        query,
        by=BY,
        chart="rate",
        calls=calls_of(CALL.transfers != "[]"),
        edges=(
            "A call that is transferred twice is one transferred call.",
            "A transfer that nobody answered counts: somebody handed the call on.",
            "A pick-up of another's ringing phone is no transfer.",
        ),
        example="4 calls were taken, 1 of them was transferred, twice: rate 100 * 1 / 4 = 25.",
    )
)
