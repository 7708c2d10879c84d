"""What came to a queue in each quarter of an hour, and who was there for it: what staffing learns from."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.expressions import epoch
from clinicpbx.adapters.db.tables import agent_spell, queue_entry
from clinicpbx.core.acd.results import READY
from clinicpbx.core.records.slots import QUARTER


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
    slot = (epoch(entry.entered) // QUARTER.seconds).label("slot")
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


async def ready(
    engine: AsyncEngine, names: Collection[str], since: datetime, until: datetime
) -> list[tuple[datetime, datetime]]:
    """From when until when each of the agents *names* was ready for calls, within *since* to *until*."""
    spell = agent_spell.c
    wanted = select(spell.since, spell.until).where(
        spell.name.in_(names),
        spell.state == READY,
        spell.since < until,
        or_(spell.until.is_(None), spell.until > since),
    )
    async with engine.connect() as connection:
        return [(max(row.since, since), min(row.until or until, until)) for row in await connection.execute(wanted)]
