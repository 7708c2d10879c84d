"""How many calls came, to which number, and how they ended."""

from typing import Any

from sqlalchemy import Select, case, select

from clinicpbx.reports import REPORTS
from clinicpbx.reports._calls import CALL, begun, calls_of, grouped
from clinicpbx.reports._report import Column, Period, Report
from clinicpbx.reports._sums import mean, total
from clinicpbx.reports._volume import BY, volume

OUTCOMES = {
    "answered": "the caller was brought to somebody, or was talked with",
    "abandoned": "the caller hung up before that",
    "voicemail": "the caller left a message",
    "callback": "the caller asked to be called back",
    "informed": "the caller heard what there was to say, and was let go",
    "failed": "the call could not be brought where it should go",
    "interrupted": "the telephone system ended in the call",
}


def query(period: Period) -> Select[Any]:
    by = period.by or BY[0]
    row = volume(period, by).c
    taken = total(row.taken)
    figures = select(
        row.what.label(by),
        row.kind,
        total(row.calls).label("calls"),
        *(total(case((row.outcome == outcome, row.calls), else_=0)).label(outcome) for outcome in OUTCOMES),
        taken.label("taken"),
        mean(total(row.talk_ms), taken).label("mean_talk"),
    )
    return grouped(figures, row.what, row.kind)


REPORTS.register("call_volume")(
    Report(
        "Calls by number and outcome",
        (
            Column("did", meaning="our number that was called, of inbound calls"),
            Column("kind", meaning="inbound, internal, outbound or emergency"),
            Column("calls", meaning="calls that began in the period"),
            *(Column(outcome, meaning=meaning) for outcome, meaning in OUTCOMES.items()),
            Column("taken", meaning="calls in which somebody talked with the caller, whatever the outcome"),
            Column("mean_talk", "s", "of the calls that somebody took, without hold", "talk / taken"),
        ),
        "calls = interactions that began in the period, one a call however often it was transferred; talk is the time "
        "bridged with somebody, less hold. Calls of the other kinds have their kind as outcome, so only inbound ones "
        "are in the seven columns of outcomes.",
        query,
        by=BY,
        chart="calls",
        calls=lambda period, row: calls_of(CALL.kind == row["kind"], within=begun)(period, row),
        edges=(
            "A call that begins before midnight counts in that day, however long it goes on.",
            "Who was handed on, and reached nobody, has abandoned if they hung up, and failed if we did.",
            "A transferred call is one call. A call-back is a call of its own, outbound.",
            "When the clocks go back an hour exists twice: both are counted in the row of that hour.",
            "Test calls are not counted.",
        ),
        example="Two calls were taken, with 60 s and 90 s of talk: mean talk (60 + 90) / 2 = 75.",
    )
)
