"""Callers who hung up before anybody took their call, by the queue they left."""

from typing import Any

from sqlalchemy import Select, func, literal, null, select, union_all

from clinicpbx.adapters.db.tables import interaction, queue_entry
from clinicpbx.reports import REPORTS
from clinicpbx.reports._report import Column, Period, Report, count, patients_calls, percent, seconds


def query(period: Period) -> Select[Any]:
    call, entry = interaction.c, queue_entry.c
    within = patients_calls(period)
    waited = (
        select(entry.queue, entry.outcome, entry.waited_ms).join(interaction, call.call == entry.call).where(within)
    )
    left_a_queue = select(entry.call).where(entry.call == call.call, entry.outcome == "abandoned")
    elsewhere = select(literal("").label("queue"), call.outcome, null().label("waited_ms")).where(
        within, call.outcome == "abandoned", ~left_a_queue.exists()
    )
    stays = union_all(waited, elsewhere).subquery().c
    gone = stays.outcome == "abandoned"
    return (
        select(
            stays.queue,
            func.count().label("entries"),
            count(gone).label("abandoned"),
            percent(count(gone), func.count()).label("rate"),
            seconds(func.avg(stays.waited_ms).filter(gone)).label("mean_wait"),
            seconds(func.max(stays.waited_ms).filter(gone)).label("longest_wait"),
        )
        .group_by(stays.queue)
        .order_by(stays.queue)
    )


REPORTS.register("abandoned_calls")(
    Report(
        "Abandoned calls by queue",
        (
            Column("queue", meaning="empty: hung up outside every queue, in a menu or while the fallback rang"),
            Column("entries"),
            Column("abandoned"),
            Column("rate", "%"),
            Column("mean_wait", "s", "until they hung up"),
            Column("longest_wait", "s"),
        ),
        "rate = 100 * abandoned / entries; a stay is abandoned where the caller hung up in it. Every abandoned "
        "inbound call is in exactly one row; in the row without a queue all entries are abandoned.",
        query,
    )
)
