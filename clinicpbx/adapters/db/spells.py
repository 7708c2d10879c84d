"""What agents' time was: spells logged in and ready, or paused, made of the daemon's facts about agents."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, Select, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from clinicpbx.adapters.db.tables import agent_spell
from clinicpbx.adapters.db.tallies import state, store
from clinicpbx.core.acd.results import OUT
from clinicpbx.core.records.rows import Fact
from clinicpbx.core.records.slots import within_a_day
from clinicpbx.core.records.sums import Sums
from clinicpbx.core.records.tally import spell

SPELL = agent_spell.c
Spell = Mapping[Any, Any]


async def keep_spells(connection: AsyncConnection, facts: Iterable[Fact]) -> None:
    """Turns the facts of kind `agent` into spells, and their tally; facts that come again change nothing."""
    about = [fact for fact in facts if fact.kind == "agent" and fact.body.get("name")]
    if about:
        zone, _ = await state(connection, writes=True)
        sums = Sums()
        for fact in about:
            told = {key: str(fact.body.get(key, "")) for key in ("agent", "state", "reason")}
            await _turn(connection, str(fact.body["name"]), fact.at, told, Recounting(sums, zone))
        await store(connection, sums, zone)


class Recounting:
    """Adds spells to *sums* where they are to be counted."""

    def __init__(self, sums: Sums, zone: ZoneInfo) -> None:
        self._sums, self._zone = sums, zone

    def count(self, row: Spell) -> bool:
        """Adds *row*; whether it is counted."""
        counted = within_a_day(row["since"], row["until"], self._zone)
        if counted:
            self._sums.add(row["since"], [spell(row)])
        return counted

    def take_back(self, row: Spell) -> None:
        if row["counted"]:
            self._sums.add(row["since"], [spell(row)], -1)


async def _turn(
    connection: AsyncConnection, name: str, at: datetime, told: dict[str, str], recounting: Recounting
) -> None:
    """From *at* on the agent is as *told*."""
    theirs = select(agent_spell).where(SPELL.name == name)
    before = await _first(connection, theirs.where(SPELL.since <= at).order_by(SPELL.since.desc()))
    if before is not None and before.since == at:
        return
    until = None
    if before is not None and (before.until is None or before.until > at):
        if all(getattr(before, key) == value for key, value in told.items()):
            return
        recounting.take_back(before._mapping)
        shorter = {"until": at, "counted": recounting.count({**before._mapping, "until": at})}
        this = (SPELL.name == name, SPELL.since == before.since)
        await connection.execute(update(agent_spell).where(*this).values(shorter))
        until = before.until
    elif (later := await _first(connection, theirs.where(SPELL.since > at).order_by(SPELL.since))) is not None:
        until = later.since
    if told["state"] != OUT:
        made = {"name": name, "since": at, "until": until, **told}
        await connection.execute(insert(agent_spell).values(made | {"counted": recounting.count(made)}))


async def _first(connection: AsyncConnection, wanted: Select[Any]) -> Row[Any] | None:
    found: Row[Any] | None = (await connection.execute(wanted.limit(1))).one_or_none()
    return found


async def count_spells(
    connection: AsyncConnection, begun: ColumnElement[bool], sums: Sums, zone: ZoneInfo
) -> list[Spell]:
    """Adds the spells of *begun* to *sums*; those whose `counted` is not what is counted, with that."""
    recounting, wrong = Recounting(sums, zone), list[Spell]()
    for row in (await connection.execute(select(agent_spell).where(begun))).mappings():
        counted = recounting.count(row)
        if counted != row["counted"]:
            wrong.append({**row, "counted": counted})
    return wrong


async def keep_counted(connection: AsyncConnection, rows: Iterable[Spell]) -> None:
    """Stores whether the spells *rows* are counted."""
    found = [{"one": row["name"], "at": row["since"], "is": row["counted"]} for row in rows]
    if found:
        one = (SPELL.name == bindparam("one"), SPELL.since == bindparam("at"))
        await connection.execute(update(agent_spell).where(*one).values(counted=bindparam("is")), found)
