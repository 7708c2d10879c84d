"""What agents' time was: spells logged in and ready, or paused, made of the daemon's facts about agents."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, Row, Select, Table, Text, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from clinicpbx.adapters.db.tables import UtcTime, metadata
from clinicpbx.core.acd.results import OUT
from clinicpbx.core.records.rows import Fact

# `agent`: by the phone, as in the records of calls; `name`: in the rules. `until` is null while it lasts
agent_spell = Table(
    "agent_spell",
    metadata,
    Column("name", Text, primary_key=True),
    Column("since", UtcTime, primary_key=True),
    *(Column(name, Text, nullable=False, server_default="") for name in ("agent", "state", "reason")),
    Column("until", UtcTime),
)
Index(None, agent_spell.c.until)
SPELL = agent_spell.c


async def keep_spells(connection: AsyncConnection, facts: Iterable[Fact]) -> None:
    """Turns the facts of kind `agent` into spells; facts that come again change nothing."""
    for fact in facts:
        if fact.kind == "agent" and (name := str(fact.body.get("name", ""))):
            told = {key: str(fact.body.get(key, "")) for key in ("agent", "state", "reason")}
            await _turn(connection, name, fact.at, told)


async def _turn(connection: AsyncConnection, name: str, at: datetime, told: dict[str, str]) -> None:
    """From *at* on the agent is as *told*."""
    theirs = select(agent_spell).where(SPELL.name == name)
    before = await _first(connection, theirs.where(SPELL.since <= at).order_by(SPELL.since.desc()))
    if before is not None and before.since == at:
        return
    until = None
    if before is not None and (before.until is None or before.until > at):
        if all(getattr(before, key) == value for key, value in told.items()):
            return
        this = (SPELL.name == name, SPELL.since == before.since)
        await connection.execute(update(agent_spell).where(*this).values(until=at))
        until = before.until
    elif (later := await _first(connection, theirs.where(SPELL.since > at).order_by(SPELL.since))) is not None:
        until = later.since
    if told["state"] != OUT:
        await connection.execute(insert(agent_spell).values(name=name, since=at, until=until, **told))


async def _first(connection: AsyncConnection, wanted: Select[Any]) -> Row[Any] | None:
    found: Row[Any] | None = (await connection.execute(wanted.limit(1))).one_or_none()
    return found
