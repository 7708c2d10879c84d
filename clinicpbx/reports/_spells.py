"""Agents' time as rows to be added up: each spell as much as lies in the period, by whom or by the day."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Integer, Select, case, cast, func, literal, or_, select, union_all
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.selectable import NamedFromClause

from clinicpbx.adapters.db.expressions import elapsed, members, said
from clinicpbx.adapters.db.tables import UtcTime, agent_spell
from clinicpbx.adapters.db.tally_tables import spell_tally
from clinicpbx.core.records import stretch
from clinicpbx.reports._dimension import EPOCH
from clinicpbx.reports._report import Period
from clinicpbx.reports._zone import clock, days, longer, midnight

SPELL = agent_spell.c
Columns = ReadOnlyColumnCollection[str, Any]


def spells(period: Period, by: str) -> NamedFromClause:
    """`state`, `reason`, and `times`, `ms` and `longest_ms` of spells that touch *period*; `what` is their *by*: agent,
    reason or day.

    What lasts still counts up to now, and no spell beyond the end of *period*. Spells of whole days are read from the
    tally, but for those that go over midnight or last still.
    """
    whole = _whole_days(period) if period.tallied else None
    if whole is None:
        return union_all(*_each(period, by)).subquery()
    (begin, end), (since, until) = whole
    row, tally = SPELL, spell_tally.c
    what = tally.slot if by == "day" else tally[by]
    days = select(what.label("what"), tally.state, tally.reason, tally.times, tally.ms, tally.longest_ms)
    parts = [days.where(tally.grain == "day", tally.slot >= begin, tally.slot < end)]
    parts += _each(replace(period, until=period.known), by, row.counted.is_(False))
    for first, last in ((period.since, since), (until, period.known)):
        if first < last:
            soon = row.until < last + timedelta(days=2)  # of one day: found by the end
            parts += _each(replace(period, since=first, until=last), by, row.counted.is_(True), soon)
    return union_all(*parts).subquery()


def _whole_days(period: Period) -> tuple[tuple[int, int], tuple[datetime, datetime]] | None:
    """The local days that lie in *period*, the first and that after the last, and when those begin; None for none."""
    zone = ZoneInfo(period.zone)
    first, last = (at.astimezone(zone).date() for at in (period.since, period.known))
    if stretch.midnight(first, zone) < period.since:
        first += timedelta(days=1)
    begins, ends = (stretch.midnight(day, zone) for day in (first, last))
    return (((first - EPOCH).days, (last - EPOCH).days), (begins, ends)) if begins < ends else None


def _each(period: Period, by: str, *chosen: ColumnElement[bool]) -> Iterator[Select[Any]]:
    """The spells themselves."""
    since, until = literal(period.since, UtcTime()), literal(period.known, UtcTime())
    one = (
        select(
            *(SPELL.agent, SPELL.state, SPELL.reason),
            _later(SPELL.since, since).label("since"),
            _earlier(func.coalesce(SPELL.until, until), until).label("until"),
        )
        .where(SPELL.since < until, or_(SPELL.until.is_(None), SPELL.until > since), *chosen)
        .subquery()
    )
    if by == "day":
        yield from _by_day(one, period)
    else:
        yield _rows(one.c[by], one.c, elapsed(one.c.since, one.c.until))


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
    return select(
        *(what.label("what"), one.state, one.reason),
        *(literal(1).label("times"), length.label("ms"), length.label("longest_ms")),
    )


def _later(one: ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((one > other, one), else_=other)


def _earlier(one: ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((one < other, one), else_=other)
