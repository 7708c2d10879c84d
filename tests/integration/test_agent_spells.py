"""What agents' time was: from the journal into spells, once, however often the rows come."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.calls import rows
from clinicpbx.adapters.db.spells import keep_spells
from clinicpbx.adapters.db.tables import agent_spell
from clinicpbx.adapters.db.tally_proof import differences, rebuild
from clinicpbx.adapters.metrics import Metrics
from clinicpbx.adapters.spool.reader import spools
from clinicpbx.core.acd.results import AgentStateChanged
from clinicpbx.core.records.rows import Fact
from clinicpbx.daemon.journal import Journal
from clinicpbx.daemon.journal_key import journal_sealing
from clinicpbx.daemon.records_runtime import RecordsRuntime
from clinicpbx.paths import Instance
from clinicpbx.reports import REPORTS
from clinicpbx.reports._report import Period
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


async def figures(engine: AsyncEngine, name: str, period: Period) -> list[tuple[Any, ...]]:
    """Of the report *name*, to a tenth of a second."""
    async with engine.connect() as connection:
        found = (await connection.execute(REPORTS[name].select(period))).all()
    return [tuple(one if isinstance(one, str | None) else round(float(one), 1) for one in row) for row in found]


@pytest.mark.parametrize("seed", range(4))
async def test_a_tally_says_of_spells_what_they_say_themselves(engine: AsyncEngine, seed: int) -> None:
    """Spells of minutes and of days, over midnights and a change of the clock, that come late and in any order."""
    draw, zone = random.Random(seed), ZoneInfo("America/New_York")
    begin = datetime(2026, 10, 28, 3, 30, tzinfo=UTC)
    await rebuild(engine, zone)
    facts, moment = [], begin
    for _ in range(120):
        moment += timedelta(milliseconds=draw.randrange(1000 * draw.choice((600, 5000, 9000, 100_000))))
        name, state = draw.choice(("ana", "ben")), draw.choice(("ready", "paused", "out"))
        body = {"name": name, "agent": name, "state": state, "reason": draw.choice(("", "lunch"))}
        facts.append(Fact("", moment, "agent", body))
    late = draw.sample(facts, 40)
    batches = [[fact for fact in facts if fact not in late], *([fact] for fact in late)]
    for batch in batches:
        async with engine.begin() as connection:
            await keep_spells(connection, batch)
    assert [one async for one in differences(engine)] == []
    midnight = datetime(2026, 10, 30, tzinfo=zone)
    for days in (0, 1, 4, 30):
        for since in (midnight, midnight + timedelta(hours=5 * draw.random())):
            until = since + timedelta(days=days, hours=draw.choice((0, 7, 17)))
            now = draw.choice((None, since + (until - since) * 0.7))
            for name in ("pauses", "agent_time"):
                for by in REPORTS[name].by:
                    period = Period(since.astimezone(UTC), until.astimezone(UTC), by=by, zone=zone.key, now=now)
                    told = await figures(engine, name, period)
                    assert told == await figures(engine, name, replace(period, tallied=False)), (name, period)
    before = await found(engine)
    await rebuild(engine, ZoneInfo("Asia/Kathmandu"))
    assert await found(engine) == before
    assert [one async for one in differences(engine)] == []
    async with engine.begin() as connection:
        counted = agent_spell.c.counted.is_(True)
        one = (await connection.execute(select(agent_spell.c.name, agent_spell.c.since).where(counted).limit(1))).one()
        same = (agent_spell.c.name == one.name, agent_spell.c.since == one.since)
        await connection.execute(update(agent_spell).where(*same).values(counted=False))
    wrong = [one async for one in differences(engine)]
    assert [(row["tally"], row["of"], row["kept"], row["counted"]) for row in wrong] == [
        ("agent_spell", one.name, False, True)
    ]
    await rebuild(engine, zone)
    assert [one async for one in differences(engine)] == []
