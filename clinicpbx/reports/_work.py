"""What agents were offered and took, to be added up: from the rows of calls, or from the tally."""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, select, true, union_all
from sqlalchemy.sql.selectable import NamedFromClause

from clinicpbx.adapters.db.tables import interaction, offer, queue_entry
from clinicpbx.adapters.db.tally_tables import agent_tally
from clinicpbx.core.records.tally import BLAMELESS
from clinicpbx.reports._calls import CALL, entries, of_call, of_part, patients_calls
from clinicpbx.reports._report import Period
from clinicpbx.reports._sums import flag
from clinicpbx.reports._tallied import countable, covered

BY = ("agent", "queue", "hour", "day", "weekday", "quarter")
COUNTS = ("offers", "answered", "missed", "calls", "hold_ms", "wrap_ms")


def work(period: Period, by: str) -> NamedFromClause:
    """COUNTS, and `talk_ms` without hold; `what` is the *by* of a row."""
    if countable(period):
        row = agent_tally.c
        what, within = covered(agent_tally, by, period)
        talk = (row.talk_ms - row.hold_ms).label("talk_ms")
        return select(what.label("what"), *(row[name] for name in COUNTS), talk).where(within).subquery()
    return union_all(_offers(period, by), _answered(period, by), _directly(period, by)).subquery()


def _offers(period: Period, by: str) -> Select[Any]:
    one, nothing = offer.c, literal(0)
    return (
        select(
            of_part(offer, by, period).label("what"),
            literal(1).label("offers"),
            flag(one.outcome == "answered").label("answered"),
            flag(one.outcome.not_in(BLAMELESS)).label("missed"),
            *(nothing.label(name) for name in ("calls", "hold_ms", "wrap_ms", "talk_ms")),
        )
        .join(interaction, CALL.call == one.call)
        .where(patients_calls(period))
    )


def _answered(period: Period, by: str) -> Select[Any]:
    stay, nothing = queue_entry.c, literal(0)
    return (
        select(
            of_part(queue_entry, by, period),
            *(nothing, nothing, nothing, literal(1), stay.hold_ms, stay.wrap_ms, stay.talk_ms - stay.hold_ms),
        )
        .join(interaction, CALL.call == stay.call)
        .where(patients_calls(period), stay.outcome == "answered")
    )


def _directly(period: Period, by: str) -> Select[Any]:
    """Calls whose first agent was reached without a queue, with the time that is no queue's agent's."""
    stay, nothing = queue_entry.c, literal(0)
    answered = and_(stay.call == CALL.call, stay.outcome == "answered")

    def rest(name: str) -> ColumnElement[int]:
        of_queues = select(func.coalesce(func.sum(stay[name]), 0)).where(answered).scalar_subquery()
        left = CALL[name] - of_queues
        return case((left > 0, left), else_=0)

    talk, hold = rest("talk_ms"), rest("hold_ms")
    what = literal("") if by == "queue" else of_call(by, period)
    figures = select(what, nothing, nothing, nothing, literal(1), hold, nothing, talk - hold)
    return figures.where(patients_calls(period), reached_directly())


def reached_directly() -> ColumnElement[bool]:
    """Calls whose first agent took them out of no queue."""
    stay = queue_entry.c
    no_queues = ~entries(stay.outcome == "answered", stay.agent == CALL.agent)
    return and_(CALL.agent != "", CALL.answered.is_not(None), no_queues)


def taken_by(agent: str = "") -> ColumnElement[bool]:
    """Calls that *agent* took, or, where none is named, any."""
    stay = queue_entry.c
    theirs = (stay.agent == agent, CALL.agent == agent) if agent else (true(), CALL.agent != "")
    return or_(entries(stay.outcome == "answered", theirs[0]), and_(reached_directly(), theirs[1]))
