"""Moves spooled rows into the main database, each exactly once: rows and cursor in one transaction."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from clinicpbx.adapters.db.audit import append_all
from clinicpbx.adapters.db.once import add, insert
from clinicpbx.adapters.db.outbox import announce
from clinicpbx.adapters.db.tables import cdr, cel, cursor, fact, interaction, link, lost_channel, open_channel, pending
from clinicpbx.core.audit.facts import entry_of
from clinicpbx.core.notify.kinds import of_fact
from clinicpbx.core.records.grouping import links
from clinicpbx.core.records.rows import cel_row
from clinicpbx.core.records.rows import fact as fact_row

TABLES = {"cdr": cdr, "cel": cel, "fact": fact}
OF_GROUPS = ("ended", "held", "unheld", "wrapped_up", "disposition")
"""Facts that change a record, perhaps another call's: a hold is of a channel, and an agent who asks a queue has a call
of their own, which has no record."""
Row = tuple[int, dict[str, str]]


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


async def ingest(engine: AsyncEngine, at: Cursor, rows: Sequence[Row], mark: str) -> Cursor:
    """Stores *rows*, read after *at*, the new cursor, and what of them is audited, in one transaction.

    *mark* is the last row's digest.
    """
    moved = replace(at, position=rows[-1][0], mark=mark)
    values = [{"spool": at.spool, "rowid": rowid, **row} for rowid, row in rows]
    async with engine.begin() as connection:
        await add(connection, TABLES[at.kind], values)
        touched = await _touched(connection, at.kind, values)
        if at.kind == "cel":
            await _channels(connection, values)
        if at.kind == "fact":
            await _announce(connection, values)
        await touch(connection, touched)
        state = {"file": moved.file, "spool": moved.spool, "position": moved.position, "mark": moved.mark}
        statement = insert(connection, cursor).values(kind=moved.kind, **state)
        await connection.execute(statement.on_conflict_do_update(index_elements=["kind"], set_=state))
        if at.kind == "fact":
            facts = [fact_row(row) for _, row in rows]
            audited = [(entry, each.at) for each in facts if (entry := entry_of(each)) is not None]
            if audited:
                await append_all(connection, audited)
    return moved


async def touch(connection: AsyncConnection, ids: Iterable[str]) -> None:
    """Marks the groups of *ids* to be assembled, also those that failed before."""
    chosen = sorted(set(ids))
    await add(connection, pending, [{"id": one, "failed": False} for one in chosen])
    if chosen:
        await connection.execute(update(pending).where(pending.c.id.in_(chosen)).values(failed=False))


async def _touched(connection: AsyncConnection, kind: str, rows: Sequence[dict[str, Any]]) -> set[str]:
    """The groups whose records these rows may change: only ended calls have one."""
    if kind == "cdr":
        return {row["linkedid"] for row in rows}
    if kind == "cel":
        return {row["linkedid"] for row in rows if row["eventtype"] in ("CHAN_END", "LINKEDID_END")}
    ended = {row["call"] for row in rows if row["kind"] in OF_GROUPS}
    others = {row["call"] for row in rows} - ended
    if others:
        known = select(interaction.c.call).where(interaction.c.call.in_(others))
        ended.update((await connection.execute(known)).scalars())
    return ended


async def _announce(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    for row in rows:
        known = fact_row(row)
        if told := of_fact(known.kind, known.call, known.body):
            await announce(connection, *told, {}, at=known.at)


async def _channels(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    # a channel under its own linkedid is linked to nothing, unless a transfer names others
    odd = (row for row in rows if row["uniqueid"] != row["linkedid"] or row["eventtype"].endswith("TRANSFER"))
    pairs = {pair for row in odd for pair in links(cel_row(row))}
    await add(connection, link, [{"a": a, "b": b} for a, b in sorted(pairs)])
    started = [row for row in rows if row["eventtype"] == "CHAN_START"]
    ended = [row["uniqueid"] for row in rows if row["eventtype"] == "CHAN_END"]
    shown = ({"uniqueid": row["uniqueid"], "linkedid": row["linkedid"], "since": row["eventtime"]} for row in started)
    await add(connection, open_channel, [row for row in shown if row["uniqueid"] not in set(ended)])
    if ended:
        await connection.execute(delete(open_channel).where(open_channel.c.uniqueid.in_(ended)))
        await connection.execute(delete(lost_channel).where(lost_channel.c.uniqueid.in_(ended)))
