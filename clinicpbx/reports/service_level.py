"""How many callers were answered in time, by queue."""

from typing import Any

from sqlalchemy import Select, and_, case, func, select

from clinicpbx.adapters.db.tables import interaction, queue_entry
from clinicpbx.reports import REPORTS
from clinicpbx.reports._report import Column, Period, Report, count, patients_calls, percent, seconds


def query(period: Period) -> Select[Any]:
    entry = queue_entry.c
    in_time = entry.waited_ms <= round(period.threshold * 1000)
    answered = count(entry.outcome == "answered")
    quick = count(and_(entry.outcome == "answered", in_time))
    given_up = count(and_(entry.outcome == "abandoned", in_time))
    return (
        select(
            entry.queue,
            func.count().label("entries"),
            answered.label("answered"),
            quick.label("answered_in_time"),
            given_up.label("abandoned_in_time"),
            percent(quick, func.count() - given_up).label("service_level"),
            seconds(func.avg(case((entry.outcome == "answered", entry.waited_ms)))).label("speed_of_answer"),
            seconds(func.max(entry.waited_ms)).label("longest_wait"),
        )
        .join(interaction, interaction.c.call == entry.call)
        .where(patients_calls(period))
        .group_by(entry.queue)
        .order_by(entry.queue)
    )


REPORTS.register("service_level")(
    Report(
        "Service level by queue",
        (
            Column("queue"),
            Column("entries", meaning="stays in the queue; a call that comes back is a stay of its own"),
            Column("answered"),
            Column("answered_in_time"),
            Column("abandoned_in_time"),
            Column("service_level", "%"),
            Column("speed_of_answer", "s", "mean wait of answered callers"),
            Column("longest_wait", "s"),
        ),
        "service_level = 100 * answered_in_time / (entries - abandoned_in_time); in time = waited at most the "
        "threshold (20 s unless named). Overflowed and interrupted stays count as not answered. "
        "This is the definition that forgives early abandons and no others.",
        query,
    )
)
