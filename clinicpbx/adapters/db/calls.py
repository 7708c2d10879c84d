"""Reads interactions for people: lists, one call, and the facts of its way."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.tables import cel, fact, interaction, leg, offer, queue_entry
from clinicpbx.core.records.rows import CelRow, Fact, cel_row
from clinicpbx.core.records.rows import fact as fact_row


async def rows(engine: AsyncEngine, query: Select[Any]) -> list[dict[str, Any]]:
    """Every row of *query* by column name."""
    async with engine.connect() as connection:
        return [dict(row) for row in (await connection.execute(query)).mappings()]


async def find_calls(engine: AsyncEngine, call: str) -> list[dict[str, Any]]:
    """The interaction whose id is *call*, or ends with `.`*call*; several where the short form is not unique."""
    exact = await rows(engine, select(interaction).where(interaction.c.call == call))
    if exact:
        return exact
    short = interaction.c.call.endswith(f".{call}", autoescape=True)
    tail = interaction.c.call.endswith(f"-{call}", autoescape=True)
    return await rows(engine, select(interaction).where(or_(short, tail)).order_by(interaction.c.started).limit(20))


async def parts(engine: AsyncEngine, call: str) -> dict[str, list[dict[str, Any]]]:
    """The queue entries (`queues`), the `offers` and the `legs` of *call*, each in order."""
    wanted = {"queues": queue_entry, "offers": offer, "legs": leg}
    found = {name: select(table).where(table.c.call == call).order_by(table.c.n) for name, table in wanted.items()}
    return {name: await rows(engine, query) for name, query in found.items()}


async def waits(engine: AsyncEngine, calls: Sequence[str]) -> dict[str, tuple[str, int]]:
    """For each of *calls* that queued: its first queue, and its waits in all, in milliseconds."""
    entries = select(queue_entry).where(queue_entry.c.call.in_(calls)).order_by(queue_entry.c.call, queue_entry.c.n)
    found: dict[str, tuple[str, int]] = {}
    for row in await rows(engine, entries):
        queue, waited = found.get(row["call"], (row["queue"], 0))
        found[row["call"]] = queue, waited + row["waited_ms"]
    return found


async def facts_of(engine: AsyncEngine, call: str) -> Sequence[Fact]:
    """The daemon's facts about *call*, in order."""
    wanted = select(fact).where(fact.c.call == call).order_by(fact.c.rowid)
    return [fact_row(row) for row in await rows(engine, wanted)]


async def page_facts(engine: AsyncEngine, since: datetime) -> list[Fact]:
    """The facts about pages since then (aware), in order."""
    wanted = select(fact).where(fact.c.kind == "page", fact.c.at >= since.astimezone(UTC).isoformat())
    return [fact_row(row) for row in await rows(engine, wanted.order_by(fact.c.at, fact.c.rowid))]


async def channels_of(engine: AsyncEngine, call: str) -> list[CelRow]:
    """Asterisk's own events about *call*, in order."""
    wanted = select(cel).where(cel.c.linkedid == call).order_by(cel.c.rowid)
    return [cel_row(row) for row in await rows(engine, wanted)]
