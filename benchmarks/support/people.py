"""What the people of a hospital group did beside their calls in years: shifts, pages, what became of each message."""

import json
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import count, pairwise
from typing import Any

from sqlalchemy import and_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from benchmarks.support.decade import AGENTS, QUEUES, YEARS, ZONE
from clinicpbx.adapters.db.bulk import put
from clinicpbx.adapters.db.inbox_tables import contact, item
from clinicpbx.adapters.db.item_tally import recounted
from clinicpbx.adapters.db.spells import count_spells, keep_counted
from clinicpbx.adapters.db.tables import agent_spell, fact, interaction
from clinicpbx.adapters.db.tallies import store
from clinicpbx.core.acd.results import PAUSED, READY
from clinicpbx.core.records.rows import stamp
from clinicpbx.core.records.sums import Sums

LEFT = ("voicemail", "callback", "abandoned")
PAGES = 20
"""A day."""
WHOLE = 10_000_000
"""Calls that all agents take."""
SHIFT = ((8, 0, READY), (10, 0, PAUSED), (10, 15, READY), (12, 0, PAUSED), (12, 30, READY), (15, 0, PAUSED))
GOES_ON, ENDS = (15, 15), (17, 0)
ITEM = ("id", "number", "category", "language", "queue", "outcome", "opened", "due", "touched", "closed")
CONTACT = ("call", "item", "kind", "at", "settled")
SPELL = ("name", "since", "agent", "state", "reason", "until")
Rows = list[tuple[Any, ...]]


async def fill_beside(engine: AsyncEngine, until: datetime, calls: int) -> None:
    """YEARS of them up to *until*, a month a transaction; the *calls* are there, and so many agents as those need."""
    agents = AGENTS[: len(AGENTS) * calls // WHOLE + 1]
    draw, ids = random.Random(7), count(1)  # noqa: S311
    first = (until - timedelta(days=365 * YEARS)).date()
    months = [first + timedelta(days=n) for n in range(0, 365 * YEARS + 1, 30)]
    for begin, end in pairwise([*months, until.date() + timedelta(days=1)]):
        days = [begin + timedelta(days=n) for n in range((end - begin).days)]
        midnights = [datetime.combine(day, time(0), ZONE) for day in days]
        items, contacts = await _items(engine, midnights[0], midnights[-1] + timedelta(days=1), draw, ids)
        spells = [spell for day in midnights if day.weekday() < 5 for spell in _shifts(day, agents)]
        pages = [row for day in midnights for row in _pages(day, draw)]
        async with engine.begin() as connection:
            async with recounted(connection, [row[0] for row in items]):
                await put(connection, item, ITEM, items)
                await put(connection, contact, CONTACT, contacts)
            await put(connection, agent_spell, SPELL, spells)
            await _count(connection, midnights[0], midnights[-1] + timedelta(days=1))
            numbered = ((f"bench-{begin}", n, *row) for n, row in enumerate(pages))
            await put(connection, fact, ("spool", "rowid", "call", "at", "kind", "body"), numbered)
    async with engine.begin() as connection:
        if engine.dialect.name == "postgresql":  # whose sequence knows of no id but its own
            await connection.execute(text("SELECT setval(pg_get_serial_sequence('item', 'id'), max(id)) FROM item"))
        await connection.execute(text("ANALYZE"))


async def _count(connection: AsyncConnection, since: datetime, until: datetime) -> None:
    """The spells begun in between are counted."""
    sums, begun = Sums(), and_(agent_spell.c.since >= since, agent_spell.c.since < until)
    await keep_counted(connection, await count_spells(connection, begun, sums, ZONE))
    await store(connection, sums, ZONE)


async def _items(
    engine: AsyncEngine, since: datetime, until: datetime, draw: random.Random, ids: Iterator[int]
) -> tuple[Rows, Rows]:
    """Each patient who was not answered is an item, tried once, and closed some hours later."""
    call, items, contacts = interaction.c, [], []
    wanted = select(call.call, call.number, call.category, call.language, call.outcome, call.ended).where(
        call.kind == "inbound", call.outcome.in_(LEFT), call.started >= since, call.started < until
    )
    async with engine.connect() as connection:
        found = (await connection.execute(wanted)).all()
    for one in found:
        id, due = next(ids), one.ended + timedelta(hours=2)
        tried = one.ended + timedelta(minutes=60 * draw.random())
        closed = one.ended + timedelta(hours=3 * draw.random() + 1)
        queue = QUEUES[id % len(QUEUES)]
        items.append((id, one.number, one.category, one.language, queue, "reached", one.ended, due, closed, closed))
        contacts.append((one.call, id, one.outcome, one.ended, True))
        contacts.append((f"item-{id}", id, "tried", tried, True))
    return items, contacts


def _shifts(day: datetime, agents: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Everybody's day: seven spells, three of them pauses."""
    at = [day.replace(hour=hour, minute=minute).astimezone(UTC) for hour, minute, _ in SHIFT]
    at += [day.replace(hour=hour, minute=minute).astimezone(UTC) for hour, minute in (GOES_ON, ENDS)]
    states = [state for *_, state in SHIFT] + [READY]
    for n, agent in enumerate(agents):
        late = timedelta(seconds=n)
        for state, (since, until) in zip(states, pairwise(at), strict=True):
            yield f"agent-{agent}", since + late, agent, state, "lunch" if state == PAUSED else "", until + late


def _pages(day: datetime, draw: random.Random) -> Iterator[tuple[str, str, str, str]]:
    """As the daemon notes them: begun, rung, accepted by somebody, closed."""
    for n in range(PAGES):
        page, at = f"page-{day:%Y%m%d}-{n}", day.astimezone(UTC) + timedelta(hours=24 * draw.random())
        steps = (("begun", 0, {"result": "message"}), ("rung", 5, {}), ("accepted", 30, {}), ("closed", 600, {}))
        who = f"clinician-{n}"
        for event, later, more in steps:
            body = {"page": page, "event": event, "who": who, **more}
            yield f"page-call-{page}", stamp(at + timedelta(seconds=later)), "page", json.dumps(body)
