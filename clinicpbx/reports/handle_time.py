"""How long a call kept the agent who took it: talk, hold and wrap-up."""

from typing import Any

from sqlalchemy import Select, select

from clinicpbx.adapters.db.tables import queue_entry
from clinicpbx.reports import REPORTS
from clinicpbx.reports._calls import calls_of, grouped
from clinicpbx.reports._report import Column, Period, Report
from clinicpbx.reports._stays import BY, stays
from clinicpbx.reports._sums import mean, seconds, total


def query(period: Period) -> Select[Any]:
    by = period.by or BY[0]
    stay = stays(period, by).c
    answered = total(stay.answered)
    parts = {"talk": total(stay.talk_ms), "hold": total(stay.hold_ms), "wrap_up": total(stay.wrap_ms)}
    figures = select(
        stay.what.label(by),
        answered.label("answered"),
        *(seconds(length).label(name) for name, length in parts.items()),
        *(mean(length, answered).label(f"mean_{name}") for name, length in parts.items()),
        mean(parts["talk"] + parts["hold"] + parts["wrap_up"], answered).label("handle_time"),
    )
    return grouped(figures.having(answered > 0), stay.what)


REPORTS.register("handle_time")(
    Report(
        "Handle time by queue",
        (
            Column("queue", meaning="the queue, by its name in the rules"),
            Column("answered", meaning="stays that ended because an agent took the call"),
            Column("talk", "s", "time with the caller, without hold"),
            Column("hold", "s", "time that the caller was on hold meanwhile"),
            Column("wrap_up", "s", "time after the call until the agent was free again"),
            Column("mean_talk", "s", "", "talk / answered"),
            Column("mean_hold", "s", "", "hold / answered"),
            Column("mean_wrap_up", "s", "", "wrap_up / answered"),
            Column("handle_time", "s", "mean handle time", "(talk + hold + wrap_up) / answered"),
        ),
        "Of each stay that was answered: the talk, the hold and the wrap-up of the agent who took it.",
        query,
        by=BY,
        chart="handle_time",
        calls=calls_of(stay=(queue_entry.c.outcome == "answered",)),
        edges=(
            "Calls without hold and queues without wrap-up count with 0 s in the means.",
            "Ringing is not handle time.",
            "After a transfer the first agent's time is over; who takes the call outside a queue is in no row here.",
            "A call transferred back into a queue is answered anew: two stays, each with its own times.",
            "Rows where nobody was answered are left out.",
        ),
        example="Two calls: talk 60 s and 90 s, hold 10 s, wrap-up 15 s and 15 s: (150 + 10 + 30) / 2 = 95.",
    )
)
