"""Agents' time as rows to be added up: each spell as much as lies in the period, by whom or by the day."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, case, cast, func, literal, or_, select, union_all
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.selectable import NamedFromClause

from clinicpbx.adapters.db.expressions import elapsed, members, said
from clinicpbx.adapters.db.spells import agent_spell
from clinicpbx.adapters.db.tables import UtcTime
from clinicpbx.reports._report import Period
from clinicpbx.reports._zone import clock, days, longer, midnight

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
    )
    if by != "day":
        return _rows(one.c[by], one.c, elapsed(one.c.since, one.c.until)).subquery()
    return union_all(*_by_day(one, period)).subquery()


def _by_day(spell: NamedFromClause, period: Period) -> Iterator[Select[Any]]:
    """Almost every spell lies within a day; of the others what lies in the first day, in the last, in those between."""
    one = spell.c
    first, last = clock("day", one.since, period), clock("day", one.until, period)
    dawn = literal(datetime.fromtimestamp(0, UTC), UtcTime())
    since, until = elapsed(dawn, one.since), elapsed(dawn, one.until)
    yield _rows(first, one, until - since).where(first == last)
    yield _rows(first, one, midnight(first + 1, period) * 1000 - since).where(first < last)
    rest = until - midnight(last, period) * 1000
    yield _rows(last, one, rest).where(first < last, rest > 0)
    begins = pairwise(days(longer(period)))
    whole = [{"day": day, "ms": (after - begin) * 1000} for (day, begin), (_, after) in begins]
    # listed for none but the few that need it
    listed = case((first + 1 < last, literal(json.dumps(whole))), else_=literal("[]"))
    each = members(listed).table_valued("value")
    day, length = (cast(said(each.c.value, name), Integer) for name in ("day", "ms"))
    beside = _rows(day, one, length).select_from(spell.join(each, literal(True)))
    yield beside.where(first < day, day < last)


def _rows(what: ColumnElement[Any], one: Columns, length: ColumnElement[int]) -> Select[Any]:
    return select(what.label("what"), one.state, one.reason, length.label("ms"))


def _later(one: ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((one > other, one), else_=other)


def _earlier(one: ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((one < other, one), else_=other)
