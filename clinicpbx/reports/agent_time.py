"""What agents' time was: logged in, paused, busy with calls."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, literal, select, union_all

from clinicpbx.core.acd.results import PAUSED
from clinicpbx.reports import REPORTS
from clinicpbx.reports._calls import calls_of, grouped, patients_calls
from clinicpbx.reports._dimension import DIMENSIONS
from clinicpbx.reports._report import Column, Period, Report
from clinicpbx.reports._spells import spells
from clinicpbx.reports._sums import percent, seconds, total
from clinicpbx.reports._work import taken_by, work

BY = ("agent", "day")


def query(period: Period) -> Select[Any]:
    by = period.by or BY[0]
    spell, busy, nothing = spells(period, by).c, work(period, by).c, literal(0)
    there = select(
        spell.what,
        spell.ms.label("there_ms"),
        case((spell.state == PAUSED, spell.ms), else_=0).label("paused_ms"),
        *(nothing.label(name) for name in ("calls", "talk_ms", "hold_ms", "wrap_ms")),
    )
    worked = select(busy.what, nothing, nothing, busy.calls, busy.talk_ms, busy.hold_ms, busy.wrap_ms)
    row = union_all(there, worked.where(busy.what != "") if by == "agent" else worked).subquery().c
    logged_in, paused = total(row.there_ms), total(row.paused_ms)
    talk, hold, wrap_up = total(row.talk_ms), total(row.hold_ms), total(row.wrap_ms)
    figures = select(
        row.what.label(by),
        seconds(logged_in).label("logged_in"),
        seconds(paused).label("paused"),
        seconds(logged_in - paused).label("ready"),
        total(row.calls).label("calls"),
        seconds(talk).label("talk"),
        seconds(hold).label("hold"),
        seconds(wrap_up).label("wrap_up"),
        percent(talk + hold + wrap_up, logged_in - paused).label("occupancy"),
    )
    return grouped(figures.having(logged_in + total(row.calls) > 0), row.what)


def _calls(period: Period, row: Mapping[str, Any]) -> ColumnElement[bool]:
    if "agent" in row:
        return and_(patients_calls(period), taken_by(DIMENSIONS["agent"].meant(str(row["agent"]))))
    return calls_of(taken_by())(period, row)


REPORTS.register("agent_time")(
    Report(
        "Agents: time and occupancy",
        (
            Column("agent", meaning="the agent, by the phone"),
            Column("logged_in", "s", "time logged in, with pauses"),
            Column("paused", "s", "of this, time in a pause"),
            Column("ready", "s", "of this, time without a pause", "logged_in - paused"),
            Column("calls", meaning="patients' calls that the agent took"),
            Column("talk", "s", "time with their callers, without hold"),
            Column("hold", "s", "time that their callers were on hold"),
            Column("wrap_up", "s", "time after the calls until the agent was free again"),
            Column("occupancy", "%", "", "100 * (talk + hold + wrap_up) / ready"),
        ),
        "Logged in and paused as far as they lie in the period; talk, hold and wrap-up of the patients' calls that "
        "began in it.",
        query,
        by=BY,
        chart="occupancy",
        calls=_calls,
        edges=(
            "Who is still logged in counts up to now, or to the end of the period.",
            "A restart of the daemon, or of the telephone system, ends nobody's login.",
            "A shift over midnight is divided between the days; a talk is not: it counts where its call began, so that "
            "a short period may show an occupancy above 100.",
            "Calls among ourselves and calls that agents make are not in the occupancy.",
            "Who takes calls without being logged in has no occupancy.",
        ),
        example="Logged in 3600 s, paused 600 s of them, talk 1200 s, hold 60 s, wrap-up 240 s: "
        "100 * (1200 + 60 + 240) / (3600 - 600) = 50.",
    )
)
