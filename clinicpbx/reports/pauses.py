"""Why agents paused, how often and how long."""

from typing import Any

from sqlalchemy import Select, func, select

from clinicpbx.core.acd.results import PAUSED
from clinicpbx.reports import REPORTS
from clinicpbx.reports._calls import grouped
from clinicpbx.reports._report import Column, Period, Report
from clinicpbx.reports._spells import spells
from clinicpbx.reports._sums import mean, seconds, total

BY = ("reason", "agent", "day")


def query(period: Period) -> Select[Any]:
    by = period.by or BY[0]
    spell = spells(period, by).c
    times, length = total(spell.times), total(spell.ms)
    figures = select(
        spell.what.label(by),
        times.label("times"),
        seconds(length).label("paused"),
        mean(length, times).label("mean_pause"),
        seconds(func.max(spell.longest_ms)).label("longest"),
    )
    return grouped(figures.where(spell.state == PAUSED), spell.what)


REPORTS.register("pauses")(
    Report(
        "Pauses by reason",
        (
            Column("reason", meaning="the reason given for the pause"),
            Column("times", meaning="pauses that lie in the period, or partly do"),
            Column("paused", "s", "their length within the period"),
            Column("mean_pause", "s", "", "paused / times"),
            Column("longest", "s", "the longest within the period"),
        ),
        "A pause begins when an agent, a supervisor or missed calls make it, and ends when it is lifted or the agent "
        "logs out.",
        query,
        by=BY,
        chart="paused",
        edges=(
            "A pause that still lasts counts up to now; one over midnight counts in each of its days.",
            "A new reason during a pause begins a new one.",
            "What nobody pressed, a pause after missed calls, has the reason `no answer`.",
        ),
        example="Two pauses for lunch, of 1800 s and 2400 s: mean pause (1800 + 2400) / 2 = 2100.",
    )
)
