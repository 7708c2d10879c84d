"""Tallies kept beside the records: what calls counted as before they were written is taken back, what now is added."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import repeat
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from clinicpbx.adapters.db import repeats
from clinicpbx.adapters.db.bulk import put
from clinicpbx.adapters.db.tables import agent_spell, interaction, offer, queue_entry
from clinicpbx.adapters.db.tally_tables import TALLIES, tally_state
from clinicpbx.core.records import slots
from clinicpbx.core.records.sums import Place, Sums, grains
from clinicpbx.core.records.tally import ANY, SHAPES, Counts, Row, contact, spell, tallies

CALL = (
    "call",
    "kind",
    "outcome",
    "started",
    "ended",
    "number",
    "did",
    "transfers",
    "agent",
    "answered",
    "menu_path",
    "talk_ms",
    "fallback",
    "category",
    "site",
    "wait_ms",
    "hold_ms",
    "callback",
    "tries",
    "called_back",
    "again",
)
"""What of an interaction is counted."""
ENTRY = ("call", "queue", "waited_ms", "outcome", "agent", "offers", "talk_ms", "hold_ms", "wrap_ms")
OFFER = ("call", "queue", "agent", "outcome")
Counted = tuple[Row, Sequence[Row], Sequence[Row]]
"""The rows of a call: its own, its stays, its offers."""


async def zone_of(engine: AsyncEngine) -> str:
    """The zone whose days and weeks are counted; "" where everything is yet to be counted."""
    async with engine.connect() as connection:
        return (await connection.execute(select(tally_state.c.zone))).scalar_one_or_none() or ""


async def state(connection: AsyncConnection, *, writes: bool = False) -> tuple[ZoneInfo, datetime | None]:
    """The zone of days and weeks, and the instant before which figures stand. Who *writes* tallies waits for others."""
    wanted = select(tally_state).with_for_update() if writes else select(tally_state)
    found = (await connection.execute(wanted)).one_or_none()
    return (ZoneInfo(found.zone or "UTC"), found.closed) if found else (ZoneInfo("UTC"), None)


async def rows_of(connection: AsyncConnection, chosen: ColumnElement[bool]) -> list[Counted]:
    """The rows to count of the interactions that *chosen* names."""
    calls = await _rows(connection, select(*(interaction.c[name] for name in CALL)).where(chosen))
    parts = []
    for table, names in ((queue_entry, ENTRY), (offer, OFFER)):
        of_call: dict[str, list[Row]] = {}
        wanted = select(*(table.c[name] for name in names)).join(interaction, interaction.c.call == table.c.call)
        for row in await _rows(connection, wanted.where(chosen).order_by(table.c.call, table.c.n)) if calls else ():
            of_call.setdefault(row["call"], []).append(row)
        parts.append(of_call)
    stays, offers = parts
    return [(call, stays.get(call["call"], ()), offers.get(call["call"], ())) for call in calls]


async def _rows(connection: AsyncConnection, wanted: Select[Any]) -> list[Row]:
    return [dict(row) for row in (await connection.execute(wanted)).mappings()]


class Recount:
    """What calls count as, before and after they are written. Figures before *closed* stand as they are.

    *known*: those of the calls that were on record already.
    """

    def __init__(self, zone: ZoneInfo, closed: datetime | None) -> None:
        self.zone, self.closed, self.sums = zone, closed, Sums()
        self.known = set[str]()
        self._moved: set[str] = set()

    def _open(self, call: Row) -> bool:
        return self.closed is None or call["started"] >= self.closed

    def add(self, counted: Iterable[Counted], times: int = 1) -> None:
        """Adds what calls count as; *times* is -1 to take it back."""
        for call, entries, offers in counted:
            if self._open(call):
                self.sums.add(call["started"], tallies(call, entries, offers), times)

    async def take_back(self, connection: AsyncConnection, calls: Collection[str]) -> None:
        """Before *calls* are written or removed."""
        known = select(interaction.c.call).where(interaction.c.call.in_(calls))
        self.known = set((await connection.execute(known)).scalars())
        if self.known:
            self.add(await rows_of(connection, interaction.c.call.in_(self.known)), -1)
            self._moved = await repeats.before(connection, self.known)

    async def count(self, connection: AsyncConnection, written: Mapping[str, Counted]) -> None:
        """After the rows *written* were; *again* of them, and of the calls that they followed, is found and kept."""
        near = self._moved | await repeats.before(connection, written)
        changed, again = [], dict[str, datetime | None]()
        for row in await repeats.following(connection, interaction.c.call.in_(near | written.keys())):
            call, then = row["call"], row["next"]
            if row["again"] != then:
                changed.append((call, then))
            if call in written:
                again[call] = then
            elif row["again"] != then and self._open(row):
                self.sums.add(row["started"], contact(row), -1)
                self.sums.add(row["started"], contact({**row, "again": then}))
        await repeats.keep(connection, changed)
        self.add(({**call, "again": again.get(of)}, stays, offers) for of, (call, stays, offers) in written.items())
        await store(connection, self.sums, self.zone)


async def store(connection: AsyncConnection, sums: Sums, zone: ZoneInfo) -> None:
    """Adds *sums* to the tallies; rows in which nothing is left go."""
    for name, rows in sums.rows(zone).items():
        await add_counts(connection, name, rows)
    for place in sums.lowered:
        await _measure(connection, place, zone)


async def add_counts(connection: AsyncConnection, name: str, rows: dict[tuple[Any, ...], Counts]) -> None:
    """Adds *rows* to the tally *name*."""
    table, shape = TALLIES[name], SHAPES[name]
    greatest = "greatest" if connection.dialect.name == "postgresql" else "max"
    sums = [f'"{one}" = {name}."{one}" + excluded."{one}"' for one in shape.counters]
    sums += [f'"{one}" = {greatest}({name}."{one}", excluded."{one}")' for one in shape.maxima]
    await put(connection, table, table.c.keys(), values_of(name, rows), f"DO UPDATE SET {', '.join(sums)}")
    less = [key for key, counts in rows.items() if min(counts.values(), default=0) < 0]
    if less:
        mark = "%s" if connection.dialect.name == "postgresql" else "?"
        same = [f'"{one.name}" = {mark}' for one in table.primary_key]
        none = [f'"{one}" = 0' for one in shape.counters]
        await connection.exec_driver_sql(f"DELETE FROM {name} WHERE {' AND '.join((*same, *none))}", less)


def values_of(name: str, rows: Mapping[tuple[Any, ...], Counts]) -> list[tuple[Any, ...]]:
    """*rows* of the tally *name* as the table has them."""
    figures, nothing = SHAPES[name].figures, repeat(0)
    return [(*key, *map(counts.get, figures, nothing)) for key, counts in rows.items()]


async def _measure(connection: AsyncConnection, place: Place, zone: ZoneInfo) -> None:
    """Finds the greatest of *place* anew: of the quarter in the rows counted, of the others in the quarters."""
    name, quarter, names = place
    table, shape = TALLIES[name], SHAPES[name]
    tally, maxima = table.c, [table.c[one] for one in shape.maxima]
    of_quarters = select(*(func.coalesce(func.max(one), 0) for one in maxima)).where(tally.grain == "quarter")
    for grain, slot in grains(quarter, zone):
        key = shape.key_in(grain, names)
        if key is None:
            continue
        alike = [_alike(tally[column], one) for column, one in zip(shape.of, key, strict=True)]
        of_slot = of_quarters.where(tally.slot.in_(_quarters_of(grain, slot, zone)), *alike)
        counted = GREATEST[name](connection, quarter, *names) if grain == "quarter" else _row(connection, of_slot)
        longest = await counted
        same = [tally[column] == one for column, one in zip(shape.of, key, strict=True)]
        row = update(table).where(tally.grain == grain, tally.slot == slot, *same)
        await connection.execute(row.values(dict(zip(maxima, longest, strict=True))))


async def _row(connection: AsyncConnection, wanted: Select[Any]) -> tuple[int, ...]:
    return tuple((await connection.execute(wanted)).one())


async def _waits(connection: AsyncConnection, quarter: int, site: str, queue: str) -> tuple[int, ...]:
    since, until = (slots.instant_of(one) for one in (quarter, quarter + 1))
    waits, call = queue_entry.c.waited_ms, interaction.c
    gone = func.max(waits).filter(queue_entry.c.outcome == "abandoned")
    found = select(func.coalesce(func.max(waits), 0), func.coalesce(gone, 0)).join_from(queue_entry, interaction)
    within = (call.kind == "inbound", call.started >= since, call.started < until)
    return await _row(connection, found.where(*within, call.site == site, queue_entry.c.queue == queue))


async def _lengths(connection: AsyncConnection, quarter: int, *names: str) -> tuple[int, ...]:
    one, (since, until) = agent_spell.c, (slots.instant_of(each) for each in (quarter, quarter + 1))
    same = (one[column] == name for column, name in zip(SHAPES["spell_tally"].of, names, strict=True))
    wanted = select(agent_spell).where(one.counted.is_(True), one.since >= since, one.since < until, *same)
    return (max((spell(row)[1]["longest_ms"] for row in await _rows(connection, wanted)), default=0),)


GREATEST: dict[str, Callable[..., Awaitable[tuple[int, ...]]]] = {"queue_tally": _waits, "spell_tally": _lengths}


def _alike(column: ColumnElement[str], name: str) -> ColumnElement[bool]:
    return column != "" if name == ANY else column == name


def _quarters_of(grain: str, slot: int, zone: ZoneInfo) -> list[int]:
    if grain == "day":
        return list(range(slots.day_begins(slot, zone), slots.day_begins(slot + 1, zone)))
    month = slot // slots.WEEK
    of_month = range(slots.month_begins(month, zone), slots.month_begins(month + 1, zone))
    return [quarter for quarter in of_month if slots.hour_of_week(quarter, zone) == slot]
