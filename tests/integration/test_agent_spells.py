"""What agents' time was: from the journal into spells, once, however often the rows come."""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.calls import rows
from clinicpbx.adapters.db.spells import agent_spell, keep_spells
from clinicpbx.adapters.metrics import Metrics
from clinicpbx.adapters.spool.reader import spools
from clinicpbx.core.acd.results import AgentStateChanged
from clinicpbx.core.records.rows import Fact
from clinicpbx.daemon.journal import Journal
from clinicpbx.daemon.journal_key import journal_sealing
from clinicpbx.daemon.records_runtime import RecordsRuntime
from clinicpbx.paths import Instance
from tests.support.record_database import make_instance

pytestmark = pytest.mark.integration
START = datetime(2026, 11, 24, 8, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


async def found(engine: AsyncEngine) -> list[tuple[Any, ...]]:
    spells = await rows(engine, select(agent_spell).order_by(agent_spell.c.name, agent_spell.c.since))
    return [tuple(row[key] for key in ("name", "agent", "state", "reason", "since", "until")) for row in spells]


async def nobody() -> None:
    return None


def told(instance: Instance, *changes: AgentStateChanged) -> None:
    """A daemon's life: it keeps *changes*, and ends."""
    journal = Journal(instance.journal, journal_sealing(instance.keys), Metrics())
    for change in changes:
        journal.keep(change)
    assert journal.commit()
    journal.close()


async def test_a_day_of_an_agent_outlives_daemon_and_listener(engine: AsyncEngine, tmp_path: Path) -> None:
    instance = make_instance(tmp_path / "instance")
    instance.journal.unlink()

    async def listen() -> None:
        found = spools(instance.cdr_spool, instance.cel_spool, instance.journal)
        assert await RecordsRuntime(engine, found, nobody).step()

    login = AgentStateChanged("ana", True, "", at(0), phone="201")
    told(instance, login, AgentStateChanged("ana", True, "", at(0), ("desk",), phone="201"))  # left a queue
    await listen()
    assert await found(engine) == [("ana", "201", "ready", "", at(0), None)]
    told(instance, AgentStateChanged("ana", True, "lunch", at(60), phone="201"))
    told(instance, AgentStateChanged("ana", True, "", at(90), phone="201"))
    await listen()
    told(instance, AgentStateChanged("ana", False, "", at(240), phone="201"))
    await listen()
    day = [
        ("ana", "201", "ready", "", at(0), at(60)),
        ("ana", "201", "paused", "lunch", at(60), at(90)),
        ("ana", "201", "ready", "", at(90), at(240)),
    ]
    assert await found(engine) == day
    told(instance, AgentStateChanged("ana", True, "", at(600), phone="202"))  # at another desk
    await listen()
    assert await found(engine) == [*day, ("ana", "202", "ready", "", at(600), None)]


async def test_facts_that_come_again_change_nothing(engine: AsyncEngine) -> None:
    draw = random.Random(4)
    states = ("ready", "paused", "out")
    facts = [
        Fact("", at(minute), "agent", {"name": name, "agent": name, "state": draw.choice(states), "reason": ""})
        for minute in range(40)
        for name in ("ana", "ben")
    ]
    async with engine.begin() as connection:
        await keep_spells(connection, facts)
    once = await found(engine)
    for name in ("ana", "ben"):
        theirs = [spell for spell in once if spell[0] == name]
        assert all(a[5] is not None and a[5] <= b[4] for a, b in pairwise(theirs))
        for fact in (fact for fact in facts if fact.body["name"] == name):
            of_then = [s for s in theirs if s[4] <= fact.at and (s[5] is None or s[5] > fact.at)]
            assert [s[2] for s in of_then] == ([] if fact.body["state"] == "out" else [fact.body["state"]])
    for _ in range(20):
        first = draw.randrange(len(facts))
        async with engine.begin() as connection:
            await keep_spells(connection, facts[first : draw.randrange(first, len(facts) + 1)])
        assert await found(engine) == once
