"""Tallies made anew from the records, and compared with them, month by month: each slot lies in one month."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Column, ColumnElement, Table, and_, delete, false, func, not_, or_, select, text, true
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from clinicpbx.adapters.db import repeats
from clinicpbx.adapters.db.bulk import put, replacing
from clinicpbx.adapters.db.inbox_tables import item
from clinicpbx.adapters.db.item_tally import closed_items, count_items
from clinicpbx.adapters.db.spells import Spell, count_spells, keep_counted
from clinicpbx.adapters.db.tables import agent_spell, interaction
from clinicpbx.adapters.db.tallies import Recount, rows_of, state, values_of, zone_of
from clinicpbx.adapters.db.tally_tables import TALLIES, item_tally, spell_tally, tally_state
from clinicpbx.core.records import slots
from clinicpbx.core.records.sums import Sums

ITEMS, SPELLS = {item_tally.name: item_tally}, {spell_tally.name: spell_tally}
CALLS = {name: table for name, table in TALLIES.items() if name not in (*ITEMS, *SPELLS)}
Rows = dict[str, set[tuple[Any, ...]]]
"""By tally, whole rows."""


async def count_in(engine: AsyncEngine, zone: ZoneInfo, told: Callable[[], object]) -> bool:
    """Rebuilds the tallies if their days and weeks are not those of *zone*; whether they were not."""
    other = await zone_of(engine) != zone.key
    if other:
        await rebuild(engine, zone, told)
    return other


async def rebuild(engine: AsyncEngine, zone: ZoneInfo, told: Callable[[], object] = lambda: None) -> int:
    """Counts all records anew, days and weeks by *zone*; the number of months. *told* is called after each.

    Figures of quarter hours before tally_state.closed stand, and days and weeks are made of them.
    Records are written again when it is done: it is one transaction. In SQLite that holds for all that is written; in
    PostgreSQL who closes items waits only while these are counted.
    """
    async with engine.begin() as connection:
        await put(connection, tally_state, ("id", "zone"), [(1, zone.key)], replacing(tally_state, ["zone"]))
        _, closed = await state(connection, writes=True)
        months = await _months(connection, zone)
        await clear(connection, CALLS, closed)
        await clear(connection, SPELLS, None)  # none of which go when records of calls do
        for month in months:
            begun = _began_in(month, zone)
            found = await repeats.following(connection, begun)
            await repeats.keep(connection, ((row["call"], row["next"]) for row in found if row["again"] != row["next"]))
            counted, wrong = await _counted(connection, month, zone, closed)
            await keep_counted(connection, wrong)
            await _put(connection, counted)
            told()
        # last: people close items at any time
        await clear(connection, ITEMS, closed)
        for month in months:
            await _put(connection, await _counted_items(connection, month, zone, closed))
            told()
    return len(months)


async def clear(connection: AsyncConnection, tables: Mapping[str, Table], closed: datetime | None) -> None:
    """Others write *tables* again when the transaction ends."""
    for name, table in tables.items():
        if connection.dialect.name == "postgresql":
            await connection.execute(text(f"LOCK TABLE {name} IN EXCLUSIVE MODE"))
        stands = and_(table.c.grain == "quarter", table.c.slot < slots.quarter_of(closed)) if closed else false()
        await connection.execute(delete(table).where(not_(stands)))


async def _put(connection: AsyncConnection, counted: Rows) -> None:
    for name, rows in counted.items():
        await put(connection, TALLIES[name], TALLIES[name].c.keys(), rows)


async def differences(engine: AsyncEngine) -> AsyncIterator[dict[str, Any]]:
    """Each figure that is not what the records, or the quarter hours of a day or an hour of the week, give."""
    async with engine.connect() as connection:
        if connection.dialect.name != "sqlite":  # whose readers see one state of everything as it is
            await connection.execution_options(isolation_level="REPEATABLE READ")
        zone, closed = await state(connection)
        for month in await _months(connection, zone):
            for row in await repeats.following(connection, _began_in(month, zone)):
                if row["again"] != row["next"]:
                    place = {"tally": "interaction", "grain": "", "slot": 0, "of": row["call"], "figure": "again"}
                    yield {**place, "kept": row["again"], "counted": row["next"]}
            kept = await _kept(connection, month, zone)
            counted, wrong = await _counted(connection, month, zone, closed)
            counted |= await _counted_items(connection, month, zone, closed)
            for spell in wrong:
                place = {"tally": "agent_spell", "grain": "", "slot": 0, "of": spell["name"], "figure": "counted"}
                yield {**place, "kept": not spell["counted"], "counted": spell["counted"]}
            for name, table in TALLIES.items():
                for difference in _compared(table, kept[name], counted.get(name, set())):
                    yield difference


def _compared(table: Table, kept: set[tuple[Any, ...]], counted: set[tuple[Any, ...]]) -> list[dict[str, Any]]:
    keys, names = len(table.primary_key), table.c.keys()
    had = {row[:keys]: row[keys:] for row in kept - counted}
    have = {row[:keys]: row[keys:] for row in counted - kept}
    found = []
    for key in sorted(had.keys() | have.keys()):
        none = (0,) * (len(names) - keys)
        of = " ".join(filter(None, key[2:]))
        place = {"tally": table.name, "grain": key[0], "slot": key[1], "of": of}
        for name, was, now in zip(names[keys:], had.get(key, none), have.get(key, none), strict=True):
            if was != now:
                found.append({**place, "figure": name, "kept": was, "counted": now})
    return found


async def _months(connection: AsyncConnection, zone: ZoneInfo) -> range:
    """Every month in which a call, a spell or an item began, or of which anything is kept."""
    began = interaction.c.started, agent_spell.c.since, item.c.opened
    spans = [(await connection.execute(select(func.min(at), func.max(at)))).one() for at in began]
    found = {slots.month_of(slots.quarter_of(at), zone) for span in spans for at in span if at is not None}
    to_month: dict[str, Callable[[int], int]] = {
        "quarter": lambda slot: slots.month_of(slot, zone),
        "day": lambda slot: slots.month_of(slots.day_begins(slot, zone), zone),
        **dict.fromkeys(("week", "demand"), lambda slot: slot // slots.WEEK),
    }
    for table in TALLIES.values():
        ends = select(table.c.grain, func.min(table.c.slot), func.max(table.c.slot)).group_by(table.c.grain)
        for grain, first, last in await connection.execute(ends):
            found |= {to_month[grain](first), to_month[grain](last)}
    return range(min(found), max(found) + 1) if found else range(0)


def _bounds(month: int, zone: ZoneInfo) -> tuple[int, int]:
    return slots.month_begins(month, zone), slots.month_begins(month + 1, zone)


def _began_in(month: int, zone: ZoneInfo, at: Column[datetime] = interaction.c.started) -> ColumnElement[bool]:
    since, until = (slots.instant_of(quarter) for quarter in _bounds(month, zone))
    return and_(at >= since, at < until)


async def _counted(
    connection: AsyncConnection, month: int, zone: ZoneInfo, closed: datetime | None
) -> tuple[Rows, list[Spell]]:
    """The rows of *month* as the records make them; before *closed*, as the quarter hours kept do.

    And the spells of which something else is kept than whether they are counted.
    """
    recount = Recount(zone, closed)
    recount.add(await rows_of(connection, _began_in(month, zone)))
    wrong = await count_spells(connection, _began_in(month, zone, agent_spell.c.since), recount.sums, zone)
    await _stand(connection, recount.sums, CALLS, month, zone, closed)
    return _rows(recount.sums, zone), wrong


async def _counted_items(connection: AsyncConnection, month: int, zone: ZoneInfo, closed: datetime | None) -> Rows:
    """The rows of *month* of items, as those of calls."""
    sums, opened = Sums(), item.c.opened
    since = opened >= closed if closed else true()
    count_items(sums, await closed_items(connection, and_(_began_in(month, zone, opened), since)))
    await _stand(connection, sums, ITEMS, month, zone, closed)
    return _rows(sums, zone)


async def _stand(
    connection: AsyncConnection,
    sums: Sums,
    tables: Mapping[str, Table],
    month: int,
    zone: ZoneInfo,
    closed: datetime | None,
) -> None:
    """Adds the quarter hours of *tables* that are kept from before *closed* to *sums*."""
    first, last = _bounds(month, zone)
    if closed is None:
        return
    for name, table in tables.items():
        keys = len(table.primary_key)
        stands = select(table).where(table.c.grain == "quarter", table.c.slot >= first)
        for row in await connection.execute(stands.where(table.c.slot < min(last, slots.quarter_of(closed)))):
            figures = dict(zip(table.c.keys()[keys:], row[keys:], strict=True))
            sums.of[name, row.slot, tuple(row[2:keys])] = figures


def _rows(sums: Sums, zone: ZoneInfo) -> Rows:
    return {name: set(values_of(name, rows)) for name, rows in sums.rows(zone).items()}


async def _kept(connection: AsyncConnection, month: int, zone: ZoneInfo) -> Rows:
    first, last = _bounds(month, zone)
    spans = {
        "quarter": (first, last),
        "day": (slots.day_of(first, zone), slots.day_of(last, zone)),
        **dict.fromkeys(("week", "demand"), (month * slots.WEEK, (month + 1) * slots.WEEK)),
    }
    found: Rows = {}
    for name, table in TALLIES.items():
        row = table.c
        within = or_(*(and_(row.grain == g, row.slot >= a, row.slot < b) for g, (a, b) in spans.items()))
        found[name] = {tuple(one) for one in await connection.execute(select(table).where(within))}
    return found
