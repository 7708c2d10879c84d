"""Counts what must come out even, and notices channels whose end was never written."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, distinct, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.ingest import touch
from clinicpbx.adapters.db.once import add
from clinicpbx.adapters.db.tables import cdr, cel, lost_channel, open_channel


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Channels that started must have ended, be alive, or be known as lost; each CDR's channel is in CEL."""

    started: int
    ended: int
    alive: int
    lost: int
    cdr_without_cel: int

    @property
    def unreconciled(self) -> int:
        return abs(self.started - self.ended - self.alive - self.lost) + self.cdr_without_cel


async def mark_lost(engine: AsyncEngine, alive: Collection[str], silent_since: datetime) -> int:
    """Marks open channels that are not in *alive* and whose group wrote no row since *silent_since*; their number.

    *alive* must have been asked for before the spool was last read to its end, else a channel that ended
    in between would count as lost (until its row comes: an end that is written always wins).
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
        limit = f"{silent_since.timestamp():.6f}"
        lost = {one: linked for one, linked in gone.items() if times.get(linked, "") < limit}
        now = datetime.now(UTC)
        await add(
            connection, lost_channel, [{"uniqueid": a, "linkedid": b, "noticed": now} for a, b in sorted(lost.items())]
        )
        await connection.execute(delete(open_channel).where(open_channel.c.uniqueid.in_(lost)))
        await touch(connection, lost.values())
    return len(lost)


async def reconcile(engine: AsyncEngine, alive: Collection[str] | None, since: datetime) -> Reconciliation:
    """The counts for channels started after *since*; *alive* None (nobody could be asked) trusts what is open."""
    after = f"{since.timestamp():.6f}"
    started = select(cel.c.uniqueid).where(cel.c.eventtype == "CHAN_START", cel.c.eventtime >= after)
    ended = select(cel.c.uniqueid).where(cel.c.eventtype == "CHAN_END")
    async with engine.connect() as connection:
        begun = set((await connection.execute(started)).scalars())
        done = set((await connection.execute(ended.where(cel.c.eventtime >= after))).scalars()) & begun
        waiting = set((await connection.execute(select(open_channel.c.uniqueid))).scalars()) & begun
        lost = set((await connection.execute(select(lost_channel.c.uniqueid))).scalars()) & begun
        known = select(cel.c.uniqueid).where(cel.c.linkedid == cdr.c.linkedid, cel.c.uniqueid == cdr.c.uniqueid)
        described = select(func.count(distinct(cdr.c.uniqueid))).where(cdr.c.start >= after, ~known.exists())
        orphans = (await connection.execute(described)).scalar_one()
    living = waiting if alive is None else waiting & set(alive)
    return Reconciliation(len(begun), len(done), len(living), len(lost - done), orphans)
