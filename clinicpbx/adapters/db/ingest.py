"""Spooled rows as the main database keeps them, each exactly once: rows and cursor in one transaction."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter

from sqlalchemy import BindParameter, bindparam, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from clinicpbx.adapters.db.audit import append_all
from clinicpbx.adapters.db.bulk import put, replacing
from clinicpbx.adapters.db.once import insert
from clinicpbx.adapters.db.outbox import announce
from clinicpbx.adapters.db.spells import keep_spells
from clinicpbx.adapters.db.tables import cdr, cel, cursor, fact, interaction, link, lost_channel, open_channel, pending
from clinicpbx.core.audit.facts import AUDITED, entry_of
from clinicpbx.core.notify.kinds import of_fact
from clinicpbx.core.records.grouping import links
from clinicpbx.core.records.rows import CDR_COLUMNS, CEL_COLUMNS, FACT_COLUMNS, Fact, cel_cells, fact_cells

TABLES = {"cdr": cdr, "cel": cel, "fact": fact}
TOLD = {"notify", "agent", *AUDITED}
"""Facts that are of more than their call: people are told of them, or the audit log; or they are an agent's time."""
EVENT, TIME, LINKEDID, UNIQUEID, EXTRA = map(
    CEL_COLUMNS.index, ("eventtype", "eventtime", "linkedid", "uniqueid", "eventextra")
)
CALL, KIND = map(FACT_COLUMNS.index, ("call", "kind"))
Row = tuple[int, tuple[str, ...]]
Cells = Sequence[tuple[str, ...]]
OF_GROUPS = ("ended", "held", "unheld", "wrapped_up", "disposition")
"""Facts that change a record, perhaps another call's: a hold is of a channel, and an agent who asks a queue has a call
of their own, which has no record."""

IDS: BindParameter[list[str]] = bindparam("ids", expanding=True)
RECORDED = select(interaction.c.call).where(interaction.c.call.in_(IDS))
ENDED = [delete(table).where(table.c.uniqueid.in_(IDS)) for table in (open_channel, lost_channel)]


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a spool was read. *spool* names the rows of one life of the file, *mark* is the last row's digest."""

    kind: str
    file: str
    spool: str
    position: int
    mark: str = ""

    def valid_for(self, identity: str, last: int, mark: str) -> bool:
        """Whether it belongs to the file as it is now; a file replaced or restored from a backup starts anew.

        A row that was pruned has no *mark*; one that is another than it was shows a file set back.
        """
        return self.file == identity and last >= self.position and mark in ("", self.mark)


async def read_cursor(engine: AsyncEngine, kind: str) -> Cursor:
    """The cursor of spool *kind*; a new one starts before the first row."""
    async with engine.connect() as connection:
        found = (await connection.execute(select(cursor).where(cursor.c.kind == kind))).one_or_none()
    return Cursor(kind, found.file, found.spool, found.position, found.mark) if found else Cursor(kind, "", "", 0)


def restarted(kind: str, identity: str) -> Cursor:
    """The cursor before the first row of a file not seen before."""
    return Cursor(kind, identity, secrets.token_hex(8), 0)


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows (id, cells) of a spool, read after *at*. *mark* is the last one's digest."""

    at: Cursor
    rows: Sequence[Row]
    mark: str

    @property
    def moved(self) -> Cursor:
        """The cursor after its rows."""
        return replace(self.at, position=self.rows[-1][0], mark=self.mark)


async def changed(connection: AsyncConnection, batch: Batch) -> set[str]:
    """The groups whose records the rows of *batch* change; stores which channels they show to be linked and open."""
    kind, rows = batch.at.kind, [row for _, row in batch.rows]
    if kind == "cel":
        await _channels(connection, rows)
    return await _touched(connection, kind, rows)


async def keep(connection: AsyncConnection, batch: Batch) -> None:
    """Stores the rows of *batch*, how far its spool was read, and what people and the audit log are told."""
    moved, table = batch.moved, TABLES[batch.at.kind]
    await put(connection, table, table.c.keys(), [(moved.spool, rowid, *row) for rowid, row in batch.rows])
    state = {"file": moved.file, "spool": moved.spool, "position": moved.position, "mark": moved.mark}
    statement = insert(connection, cursor).values(kind=moved.kind, **state)
    await connection.execute(statement.on_conflict_do_update(index_elements=["kind"], set_=state))
    if moved.kind == "fact":
        await _tell(connection, [fact_cells(*row) for _, row in batch.rows if row[KIND] in TOLD])


async def touch(connection: AsyncConnection, ids: Iterable[str]) -> None:
    """Marks the groups of *ids* to be assembled, also those that failed before."""
    chosen = sorted(set(ids))
    await put(connection, pending, ("id", "failed"), [(one, False) for one in chosen], replacing(pending, ["failed"]))


async def _touched(connection: AsyncConnection, kind: str, rows: Cells) -> set[str]:
    """The groups whose records these rows may change: only ended calls have one."""
    if kind == "cdr":
        return {row[CDR_COLUMNS.index("linkedid")] for row in rows}
    if kind == "cel":
        return {row[LINKEDID] for row in rows if row[EVENT] in ("CHAN_END", "LINKEDID_END")}
    ended = {row[CALL] for row in rows if row[KIND] in OF_GROUPS}
    others = {row[CALL] for row in rows} - ended
    if others:
        ended.update((await connection.execute(RECORDED, {"ids": list(others)})).scalars())
    return ended


async def _tell(connection: AsyncConnection, facts: Sequence[Fact]) -> None:
    await keep_spells(connection, facts)
    for one in facts:
        if told := of_fact(one.kind, one.call, one.body):
            await announce(connection, *told, {}, at=one.at)
    audited = [(entry, one.at) for one in facts if (entry := entry_of(one)) is not None]
    if audited:
        await append_all(connection, audited)


async def _channels(connection: AsyncConnection, rows: Cells) -> None:
    # a channel under its own linkedid is linked to nothing, unless a transfer names others
    pairs = {(min(pair), max(pair)) for pair in map(itemgetter(LINKEDID, UNIQUEID), rows) if pair[0] != pair[1]}
    others = (row for row in rows if "_uniqueid" in row[EXTRA])
    odd = (row for row in others if row[UNIQUEID] != row[LINKEDID] or row[EVENT].endswith("TRANSFER"))
    pairs |= {pair for row in odd for pair in links(cel_cells(*row))}
    await put(connection, link, ("a", "b"), sorted(pairs))
    ended = {row[UNIQUEID] for row in rows if row[EVENT] == "CHAN_END"}
    started = (row for row in rows if row[EVENT] == "CHAN_START" and row[UNIQUEID] not in ended)
    shown = map(itemgetter(UNIQUEID, LINKEDID, TIME), started)
    await put(connection, open_channel, ("uniqueid", "linkedid", "since"), shown)
    if ended:
        for statement in ENDED:
            await connection.execute(statement, {"ids": list(ended)})
