"""Spooled rows and the records they change, in one transaction; records are a pure function of all rows of a group."""

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple

import orjson
from sqlalchemy import BindParameter, Table, bindparam, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from clinicpbx.adapters.db.bulk import put
from clinicpbx.adapters.db.inbox_intake import keep_items
from clinicpbx.adapters.db.ingest import Batch, changed, keep, touch
from clinicpbx.adapters.db.records import NO_RULES, write_records
from clinicpbx.adapters.db.tables import cdr, cel, fact, link, lost_channel, pending
from clinicpbx.core.records.assemble import Group, assemble_all
from clinicpbx.core.records.call_record import Interaction
from clinicpbx.core.records.grouping import groups
from clinicpbx.core.records.rows import CDR_COLUMNS, CEL_COLUMNS, FACT_COLUMNS, cdr_cells, cel_cells, fact_cells
from clinicpbx.core.rulebook import Rulebook

GROUPS = 500
READ: tuple[tuple[Table, tuple[str, ...], str, Callable[..., Any]], ...] = (
    (cel, CEL_COLUMNS, "linkedid", cel_cells),
    (cdr, CDR_COLUMNS, "linkedid", cdr_cells),
    (fact, FACT_COLUMNS, "call", fact_cells),
)
IDS: BindParameter[list[str]] = bindparam("ids", expanding=True)
ROWS = {
    table.name: select(table.c.rowid, *(table.c[name] for name in columns)).where(table.c[key].in_(IDS))
    for table, columns, key, _ in READ
}
LOST = select(lost_channel.c.uniqueid).where(lost_channel.c.uniqueid.in_(IDS))
NEAR = select(link.c.a, link.c.b).where(or_(link.c.a.in_(IDS), link.c.b.in_(IDS)))
WAITING = select(pending.c.id).where(pending.c.failed.is_(False)).order_by(pending.c.id)
SETTLED = delete(pending).where(pending.c.id.in_(IDS))
Assemble = Callable[[Group], list[Interaction]]
Placed = tuple[int, Sequence[str]]
"""A row, and its place in the order of writing."""
ByGroup = dict[str, dict[str, list[Placed]]]
"""Rows by their kind and the id of their group."""


class Assembled(NamedTuple):
    """Whether no group waits any more, the faults met, and when the calls ended that had no record before."""

    all: bool
    faults: list[Exception]
    ended: list[datetime]


async def take_in(
    engine: AsyncEngine,
    batches: Sequence[Batch] = (),
    *,
    limit: int = GROUPS,
    how: Assemble = assemble_all,
    book: Rulebook = NO_RULES,
) -> Assembled:
    """Stores *batches*, one of a kind, and assembles at most *limit* of the groups that they change or that wait.

    *book*: by which contacts become items of the inbox.
    A group whose assembly raises keeps its rows and is marked; it is tried again when a row of it comes.
    """
    async with engine.begin() as connection:
        touched = sorted({id for batch in batches for id in await changed(connection, batch)})
        await touch(connection, touched[limit:])
        chosen, room = touched[:limit], max(limit - len(touched), 0)
        chosen += (await connection.execute(WAITING.limit(room))).scalars()
        done = Assembled(len(chosen) < limit, [], [])
        if found := await members(connection, chosen):
            rows = await _rows(connection, sorted({one for group in found for one in group}), batches)
            failed = await _assemble(connection, found, rows, how, book, done)
            await _settle(connection, chosen, failed)
        for batch in batches:  # last: people, too, change items before they write the audit log
            await keep(connection, batch)
    return done


async def _assemble(
    connection: AsyncConnection,
    found: Iterable[frozenset[str]],
    rows: ByGroup,
    how: Assemble,
    book: Rulebook,
    done: Assembled,
) -> set[str]:
    """Writes the records of the groups *found*, and tells *done*; the ids of those that failed."""
    failed, sound, records = set[str](), set[str](), list[Interaction]()
    for group in found:
        try:
            records += how(_group(group, rows))
            sound |= group
        except Exception as fault:
            done.faults.append(fault)
            failed |= group
    known = await write_records(connection, sound, records)
    await keep_items(connection, sound, records, book)
    done.ended.extend(record.ended for record in records if record.call not in known)
    return failed


async def _settle(connection: AsyncConnection, ids: Sequence[str], failed: Collection[str]) -> None:
    """None of *ids* waits any more; those in groups that *failed* are marked."""
    await connection.execute(SETTLED, {"ids": ids})
    await put(connection, pending, ("id", "failed"), [(one, True) for one in ids if one in failed])


async def members(connection: AsyncConnection, ids: Sequence[str]) -> list[frozenset[str]]:
    """The groups of channels that *ids* are in, each once."""
    known, fresh, pairs = set(ids), set(ids), set[tuple[str, str]]()
    while fresh:
        pairs |= {(a, b) for a, b in await connection.execute(NEAR, {"ids": list(fresh)})}
        fresh = {one for pair in pairs for one in pair} - known
        known |= fresh
    return sorted(set(groups(known, pairs).values()), key=min)


async def _rows(connection: AsyncConnection, ids: Sequence[str], batches: Iterable[Batch]) -> ByGroup:
    """The rows of *ids*: those stored, and those of *batches*, which are not stored yet."""
    found: ByGroup = {}
    for table, columns, key, _ in READ:
        kind: dict[str, list[Placed]] = {}
        of = columns.index(key)
        for place, *row in (await connection.execute(ROWS[table.name], {"ids": ids})).all():
            kind.setdefault(row[of], []).append((place, row))
        for placed in (one for batch in batches if batch.at.kind == table.name for one in batch.rows):
            kind.setdefault(placed[1][of], []).append(placed)
        found[table.name] = kind
    found["lost"] = {one: [(0, (one,))] for one in (await connection.execute(LOST, {"ids": ids})).scalars()}
    return found


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except ValueError:  # what it refuses and json reads, such as half of a surrogate pair
        return json.loads(text)


def _group(ids: frozenset[str], rows: ByGroup) -> Group:
    def of(kind: str) -> list[Sequence[str]]:
        placed = [row for one in ids for row in rows[kind].get(one, ())]
        return [row for _, row in sorted(placed, key=itemgetter(0))]

    cel_rows, cdr_rows, facts = ([read(*row, read=_json) for row in of(table.name)] for table, _, _, read in READ)
    return Group(cdr_rows, cel_rows, facts, [one for (one,) in of("lost")])
