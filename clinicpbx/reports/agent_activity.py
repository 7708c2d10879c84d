"""What each agent was offered, took and talked."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select

from clinicpbx.adapters.db.tables import offer
from clinicpbx.reports import REPORTS
from clinicpbx.reports._calls import CALL, calls_of, grouped, patients_calls
from clinicpbx.reports._dimension import DIMENSIONS
from clinicpbx.reports._report import Column, Period, Report
from clinicpbx.reports._sums import mean, percent, seconds, total
from clinicpbx.reports._work import BY, reached_directly, taken_by, work


def query(period: Period) -> Select[Any]:
    by = period.by or BY[0]
    row = work(period, by).c
    answered, missed, calls = total(row.answered), total(row.missed), total(row.calls)
    figures = select(
        row.what.label(by),
        total(row.offers).label("offers"),
        answered.label("answered"),
        missed.label("missed"),
        percent(answered, answered + missed).label("answer_rate"),
        calls.label("calls"),
        seconds(total(row.talk_ms)).label("talk"),
        mean(total(row.talk_ms), calls).label("mean_talk"),
    )
    return grouped(figures, row.what)


def _calls(period: Period, row: Mapping[str, Any]) -> ColumnElement[bool]:
    if row.get("queue") == DIMENSIONS["queue"].shown(""):
        return and_(patients_calls(period), reached_directly())
    worked = or_(exists().where(offer.c.call == CALL.call), taken_by())
    return calls_of(worked)(period, row)


REPORTS.register("agent_activity")(
    Report(
        "Agents: offers and talk",
        (
            Column("agent", meaning="the agent, by the phone"),
            Column("offers", meaning="times the phone rang for a queue"),
            Column("answered", meaning="of these, the agent took the call"),
            Column("missed", meaning="of these, not answered, busy or not reachable"),
            Column("answer_rate", "%", "", "100 * answered / (answered + missed)"),
            Column("calls", meaning="patients' calls that the agent took, out of a queue or reached without one"),
            Column("talk", "s", "time with the callers, without hold"),
            Column("mean_talk", "s", "", "talk / calls"),
        ),
        "Phones that stopped ringing because another took the call, or the caller left, were neither answered nor "
        "missed. Of a call reached without a queue the talk is all of its talk, transfers with it.",
        query,
        by=BY,
        chart="talk",
        calls=_calls,
        edges=(
            "A phone that rings twice for one caller was offered the call twice.",
            "Where many phones ring at once each was offered the call, and one at most answered it.",
            "A call that a colleague hands over without a queue is the first agent's call.",
            "Calls of our own phones among each other are not counted.",
        ),
        example="An agent answered 2 offers and missed 1: rate 100 * 2 / (2 + 1) = 66.7; 60 s and 30 s of talk: mean "
        "(60 + 30) / 2 = 45.",
    )
)
