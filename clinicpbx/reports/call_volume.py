"""How many calls came, to which number, and how they ended."""

from typing import Any

from sqlalchemy import Select, case, func, select

from clinicpbx.adapters.db.tables import interaction
from clinicpbx.reports import REPORTS
from clinicpbx.reports._report import Column, Period, Report, count, seconds

OUTCOMES = ("answered", "abandoned", "voicemail", "callback", "informed", "failed", "interrupted")


def query(period: Period) -> Select[Any]:
    table = interaction.c
    talked = case((table.answered.is_not(None), table.talk_ms))
    return (
        select(
            table.kind,
            table.did,
            func.count().label("calls"),
            *(count(table.outcome == outcome).label(outcome) for outcome in OUTCOMES),
            seconds(func.avg(talked)).label("mean_talk"),
        )
        .where(table.started >= period.since, table.started < period.until, table.kind != "selftest")
        .group_by(table.kind, table.did)
        .order_by(table.kind, table.did)
    )


REPORTS.register("call_volume")(
    Report(
        "Calls by number and outcome",
        (
            Column("kind", meaning="inbound, internal, outbound or emergency"),
            Column("did", meaning="the number that was called, of inbound calls"),
            Column("calls"),
            *map(Column, OUTCOMES),
            Column("mean_talk", "s", "of the calls that somebody took"),
        ),
        "calls = interactions that began in the period, one a call however often it was transferred; "
        "mean_talk = sum of talk / number of calls taken, talk being the time bridged with somebody.",
        query,
    )
)
