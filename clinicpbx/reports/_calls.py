"""Which calls count in a period, and what one of them stands for."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, exists, or_

from clinicpbx.adapters.db.tables import interaction, offer, queue_entry
from clinicpbx.reports._dimension import CLOCK, DIMENSIONS
from clinicpbx.reports._report import Period
from clinicpbx.reports._zone import clock

CALL = interaction.c


def begun(period: Period) -> ColumnElement[bool]:
    """Calls that began in *period*; test calls are in no report."""
    return and_(CALL.started >= period.since, CALL.started < period.until, CALL.kind != "selftest")


def patients_calls(period: Period) -> ColumnElement[bool]:
    """Calls from outside that began in *period*; what our own phones call is in no report of patients."""
    return and_(CALL.started >= period.since, CALL.started < period.until, CALL.kind == "inbound")


def of_call(by: str, period: Period) -> ColumnElement[Any]:
    """What a call stands for: a column of its own, or when it began."""
    return clock(by, CALL.started, period) if by in CLOCK else CALL[by]


def of_part(part: FromClause, by: str, period: Period) -> ColumnElement[Any]:
    """What a stay or an offer, *part* of a call, stands for: a column of its own, else what its call does."""
    return part.c[by] if by in part.c else of_call(by, period)


def calls_of(
    *more: ColumnElement[bool],
    within: Callable[[Period], ColumnElement[bool]] = patients_calls,
    stay: tuple[ColumnElement[bool], ...] = (),
) -> Callable[[Period, Mapping[str, Any]], ColumnElement[bool]]:
    """The calls behind a row, as it is shown: those *within* its period that stand for what it does, and *more*.

    *stay*: what holds for one of the call's stays in a queue, that of the row where it stands for a queue.
    """

    def calls(period: Period, row: Mapping[str, Any]) -> ColumnElement[bool]:
        names = [name for name in row if name in DIMENSIONS]
        own = (entries(*stay),) if stay else ()
        return and_(within(period), *(_stands_for(name, str(row[name]), period, stay) for name in names), *own, *more)

    return calls


def _stands_for(by: str, shown: str, period: Period, stay: tuple[ColumnElement[bool], ...]) -> ColumnElement[bool]:
    wanted = DIMENSIONS[by].meant(shown)
    match by:
        case "queue":
            return entries(queue_entry.c.queue == wanted, *stay)
        case "agent":
            rung = exists().where(offer.c.call == CALL.call, offer.c.agent == wanted)
            return or_(rung, entries(queue_entry.c.agent == wanted), CALL.agent == wanted)
    same: ColumnElement[bool] = of_call(by, period) == wanted
    return same


def entries(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Calls with a stay in a queue that satisfies *conditions*."""
    return exists().where(queue_entry.c.call == CALL.call, *conditions)


def lost_elsewhere() -> ColumnElement[bool]:
    """Calls abandoned outside every queue."""
    return and_(CALL.outcome == "abandoned", ~entries(queue_entry.c.outcome == "abandoned"))


def grouped(query: Select[Any], *by: ColumnElement[Any]) -> Select[Any]:
    """One row for each of *by*, in their order."""
    return query.group_by(*by).order_by(*by)
