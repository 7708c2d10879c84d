"""Agents' time as rows to be added up: each spell as much as lies in the period, by whom or by the day."""

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, case, cast, func, literal, or_, select, union_all
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.selectable import NamedFromClause

from clinicpbx.adapters.db.expressions import elapsed, instant, members, said
from clinicpbx.adapters.db.spells import agent_spell
from clinicpbx.adapters.db.tables import UtcTime
from clinicpbx.reports._report import Period
from clinicpbx.reports._zone import clock, days

SPELL = agent_spell.c
Columns = ReadOnlyColumnCollection[str, Any]


def spells(period: Period, by: str) -> NamedFromClause:
    """`state`, `reason` and `ms` of each spell that touches *period*; `what` is its *by*: agent, reason or day.

    What lasts still counts up to now, and no spell beyond the end of *period*.
    """
    since, until = literal(period.since, UtcTime()), literal(period.known, UtcTime())
    one = (
        select(
            *(SPELL.agent, SPELL.state, SPELL.reason),
            _later(SPELL.since, since).label("since"),
            _earlier(func.coalesce(SPELL.until, until), until).label("until"),
        )
        .where(SPELL.since < until, or_(SPELL.until.is_(None), SPELL.until > since))
        .subquery()
        .c
    )
    if by != "day":
        return _rows(one[by], one, elapsed(one.since, one.until)).subquery()
    return union_all(*_by_day(one, period)).subquery()


def _by_day(one: Columns, period: Period) -> tuple[Select[Any], Select[Any]]:
    """Almost every spell lies within a day; each other one is laid beside the days of the period."""
    first, last = clock("day", one.since, period), clock("day", one.until, period)
    within = _rows(first, one, elapsed(one.since, one.until)).where(first == last)
    listed = [{"day": day, "since": _written(since), "until": _written(until)} for day, since, until in days(period)]
    each = members(literal(json.dumps(listed))).table_valued("value")
    since, until = (instant(said(each.c.value, name)) for name in ("since", "until"))
    begun, ended = _later(one.since, since), _earlier(one.until, until)
    beside = _rows(cast(said(each.c.value, "day"), Integer), one, elapsed(begun, ended))
    return within, beside.where(first != last, begun < ended)


def _rows(what: ColumnElement[Any], one: Columns, length: ColumnElement[int]) -> Select[Any]:
    return select(what.label("what"), one.state, one.reason, length.label("ms"))


def _later(one: ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((one > other, one), else_=other)


def _earlier(one: ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((one < other, one), else_=other)


def _written(at: datetime) -> str:
    """As SQLite holds instants; the offset, which it does not write, comes after all that is compared."""
    return at.astimezone(UTC).isoformat(sep=" ", timespec="microseconds")
