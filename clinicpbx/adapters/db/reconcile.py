"""Counts what must come out even, and notices channels whose end was never written."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from clinicpbx.adapters.db.ingest import TABLES, touch
from clinicpbx.adapters.db.intake import members
from clinicpbx.adapters.db.once import add
from clinicpbx.adapters.db.tables import cdr, cel, cursor, fact, interaction, lost_channel, open_channel
from clinicpbx.core.records.rows import stamp

BACK = 1000
GRACE = timedelta(minutes=2)
"""So long a call that arrived may be unknown to Asterisk's rows: they come by another way."""

AHEAD = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """How many channels started, ended, live, or are known as lost; and by name the ids that do not come out even."""

    started: int
    ended: int
    alive: int
    lost: int
    differences: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def unreconciled(self) -> int:
        return sum(map(len, self.differences.values()))


async def mark_lost(engine: AsyncEngine, alive: Collection[str], silent_since: datetime) -> int:
    """Marks open channels that are not in *alive* and whose group wrote no row since *silent_since*; their number.

    *alive* must have been asked for before the spool was last read to its end, else a channel that ended
    in between would count as lost (until its row comes: an end that is written always wins). Rows that are ahead of
    the clock were written before it was set back: they are no sign of life.
    """
    async with engine.begin() as connection:
        rows = (await connection.execute(select(open_channel))).all()
        gone = {row.uniqueid: row.linkedid for row in rows if row.uniqueid not in alive}
        if not gone:
            return 0
        latest = select(cel.c.linkedid, func.max(cel.c.eventtime).label("latest")).where(
            cel.c.linkedid.in_(set(gone.values()))
        )
        times = {row.linkedid: row.latest for row in await connection.execute(latest.group_by(cel.c.linkedid))}
        first, last = (f"{at.timestamp():.6f}" for at in (silent_since, silent_since + AHEAD))
        lost = {one: linked for one, linked in gone.items() if not first <= times.get(linked, "") <= last}
        now = datetime.now(UTC)
        await add(
            connection, lost_channel, [{"uniqueid": a, "linkedid": b, "noticed": now} for a, b in sorted(lost.items())]
        )
        await connection.execute(delete(open_channel).where(open_channel.c.uniqueid.in_(lost)))
        await touch(connection, lost.values())
    return len(lost)


async def reconcile(
    engine: AsyncEngine, alive: Collection[str] | None, since: datetime, now: datetime
) -> Reconciliation:
    """The counts for what began after *since*; *alive* None (nobody could be asked) trusts what is open."""
    after = f"{since.timestamp():.6f}"
    async with engine.connect() as connection:
        recent = (await _recent(connection, "cel", cel.c.eventtime, after)).with_only_columns(cel.c.uniqueid)
        begun = await _ids(connection, recent.where(cel.c.eventtype == "CHAN_START"))
        done = await _ids(connection, recent.where(cel.c.eventtype == "CHAN_END")) & begun
        waiting = await _ids(connection, select(open_channel.c.uniqueid)) & begun
        lost = (await _ids(connection, select(lost_channel.c.uniqueid)) & begun) - done
        living = waiting if alive is None else waiting & set(alive)
        found = {
            "channel_without_end": begun - done - living - lost,
            "cdr_without_cel": await _orphans(connection, after),
            "call_without_record": await _unrecorded(connection, since, now - GRACE),
            "record_without_outcome": await _ids(connection, _unfinished(since)),
        }
    named = {name: tuple(sorted(ids)) for name, ids in found.items() if ids}
    return Reconciliation(len(begun), len(done), len(living), len(lost), named)


async def _ids(connection: AsyncConnection, wanted: Select[Any]) -> set[str]:
    return set((await connection.execute(wanted)).scalars())


async def _recent(connection: AsyncConnection, kind: str, time: Any, after: str) -> Select[Any]:
    """Selects the rows of the spool in use that were written since *after*, without reading the older ones.

    Rows are stored in the order in which they were written: steps back that double find where they begin.
    """
    table = TABLES[kind]
    at = (await connection.execute(select(cursor).where(cursor.c.kind == kind))).one_or_none()
    if at is None:
        return select(table).where(table.c.rowid < 0)
    of_spool, back = select(table).where(table.c.spool == at.spool), BACK
    while (low := at.position - back) > 0:
        first = of_spool.with_only_columns(time).where(table.c.rowid >= low).order_by(table.c.rowid).limit(1)
        if ((await connection.execute(first)).scalar_one_or_none() or "") < after:
            break
        back *= 2
    return of_spool.where(table.c.rowid >= low, time >= after)


async def _orphans(connection: AsyncConnection, after: str) -> set[str]:
    """Channels that have a CDR and no channel event."""
    known = select(cel.c.uniqueid).where(cel.c.linkedid == cdr.c.linkedid, cel.c.uniqueid == cdr.c.uniqueid)
    recent = await _recent(connection, "cdr", cdr.c.start, after)
    return await _ids(connection, recent.with_only_columns(cdr.c.uniqueid).where(~known.exists()))


async def _unrecorded(connection: AsyncConnection, since: datetime, until: datetime) -> set[str]:
    """Calls that the daemon knew, that are over, and that are in no record: not even in one of another's."""
    recent = await _recent(connection, "fact", fact.c.at, stamp(since))
    arrived = recent.with_only_columns(fact.c.call).where(fact.c.kind == "arrived", fact.c.at < stamp(until))
    recorded = select(interaction.c.call).where(interaction.c.call == fact.c.call)
    living = select(open_channel.c.uniqueid).where(open_channel.c.uniqueid == fact.c.call)
    calls = await _ids(connection, arrived.where(~recorded.exists(), ~living.exists()))
    for group in await members(connection, sorted(calls)) if calls else ():
        own = select(interaction.c.call).where(interaction.c.call.in_(group)).limit(1)
        open_ = select(open_channel.c.uniqueid).where(open_channel.c.linkedid.in_(group)).limit(1)
        if await _ids(connection, own) or await _ids(connection, open_):
            calls -= group
    return calls


def _unfinished(since: datetime) -> Select[Any]:
    wrong = or_(interaction.c.outcome == "", interaction.c.ended < interaction.c.started)
    return select(interaction.c.call).where(interaction.c.started >= since, wrong)
