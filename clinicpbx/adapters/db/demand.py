"""What came to a queue in each quarter of an hour: what staffing learns from."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, case, cast, extract, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.tables import queue_entry

SECONDS = 900


@dataclass(frozen=True, slots=True)
class Quarter:
    """*slot*: quarters of an hour since 1970 in UTC. Lengths in ms: of all waits, and of agents' work for callers."""

    slot: int
    offered: int
    answered: int
    abandoned: int
    wait_ms: int
    handle_ms: int


async def demand(engine: AsyncEngine, queue: str, since: datetime, until: datetime) -> list[Quarter]:
    """The quarters of *queue* in which anybody came, in order."""
    entry = queue_entry.c
    slot = (cast(func.floor(extract("epoch", entry.entered)), BigInteger) // SECONDS).label("slot")
    outcomes = (func.sum(case((entry.outcome == outcome, 1), else_=0)) for outcome in ("answered", "abandoned"))
    work = entry.talk_ms + entry.wrap_ms  # talk has the hold in it
    wanted = (
        select(slot, func.count(), *outcomes, func.sum(entry.waited_ms), func.sum(work))
        .where(entry.queue == queue, entry.entered >= since, entry.entered < until)
        .group_by(slot)
        .order_by(slot)
    )
    async with engine.connect() as connection:
        return [Quarter(*map(int, row)) for row in await connection.execute(wanted)]
