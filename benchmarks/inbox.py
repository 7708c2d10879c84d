"""How fast the inbox lists, tells and claims over a million items: `python -m benchmarks.inbox --json`."""

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.adapters.db.inbox import change_item
from clinicpbx.adapters.db.inbox_intake import keep_items
from clinicpbx.adapters.db.inbox_lists import Wanted, list_items, story
from clinicpbx.adapters.db.inbox_tables import OPEN, contact, item, item_event
from clinicpbx.adapters.db.migrate import upgrade
from clinicpbx.adapters.db.records import NO_RULES, write_records
from clinicpbx.core.inbox.changes import Actor, Claim
from clinicpbx.core.records.call_record import Interaction
from clinicpbx.private import Private

NOW = datetime(2026, 11, 24, 15, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BATCH = 10_000
CATEGORIES, TEAMS, OWNERS = (
    ("message", "abandoned", "callback", "refill"),
    ("frontdesk", "nurse"),
    ("", "", "ana", "ben"),
)


async def fill(engine: AsyncEngine, count: int, open_count: int) -> None:
    """*count* items over two years, the newest *open_count* of them open, each with a contact and a line of history."""
    draw = random.Random(7)  # noqa: S311
    for start in range(0, count, BATCH):
        ids = range(start + 1, min(start + BATCH, count) + 1)
        opened = [NOW - MINUTE * (count - id) for id in ids]
        rows = [
            {
                "id": id,
                "number": f"+1212{draw.randrange(2_000_000, 9_999_999)}",
                "category": draw.choice(CATEGORIES),
                "queue": draw.choice(TEAMS),
                "owner": draw.choice(OWNERS),
                "priority": draw.choice((0, 0, 5)),
                "opened": at,
                "due": at + MINUTE * draw.randrange(600),
                "touched": at,
                "closed": None if id > count - open_count else at + MINUTE * 60,
            }
            for id, at in zip(ids, opened, strict=True)
        ]
        of = [
            {"call": f"c.{r['id']}", "item": r["id"], "kind": "abandoned", "at": r["opened"], "settled": True}
            for r in rows
        ]
        async with engine.begin() as connection:
            await connection.execute(insert(item), rows)
            await connection.execute(insert(contact), of)
            await connection.execute(
                insert(item_event), [{"item": r["id"], "at": r["opened"], "kind": "opened"} for r in rows]
            )
    async with engine.begin() as connection:
        if connection.dialect.name == "postgresql":  # ids that were given do not move its sequence
            await connection.execute(text("SELECT setval('item_id_seq', max(id)) FROM item"))
        await connection.execute(text("ANALYZE"))


async def slowest(work: Callable[[], Awaitable[object]], times: int = 5) -> float:
    """Milliseconds of the slowest of several runs, the first of them cold."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        await work()
        taken.append(time.perf_counter() - start)
    return max(taken) * 1e3


async def measure(url: str, count: int, open_count: int) -> dict[str, float]:
    migrating = make_engine(url, migrates=True)
    await upgrade(migrating)
    await migrating.dispose()
    engine, writing = make_engine(url), make_engine(url, writes=True)
    await fill(writing, count, open_count)
    async with engine.connect() as connection:
        halfway = select(item.c.id).where(OPEN).order_by(item.c.due).offset(open_count // 2).limit(1)
        middle = (await connection.execute(halfway)).scalar_one()
    lists = {
        "first_page": Wanted(),
        "page_in_the_middle": Wanted(after=middle),
        "overdue": Wanted(before=NOW),
        "mine": Wanted(owner="ana"),
        "team_and_category": Wanted(queue="nurse", category="refill"),
        "nobody_of_that_team": Wanted(queue="none"),
        "closed": Wanted(closed=True),
        "came_since_yesterday": Wanted(since=NOW - timedelta(days=1), limit=500),
    }
    results = {f"list_{name}_ms": await slowest(lambda one=one: list_items(engine, one)) for name, one in lists.items()}  # type: ignore[misc]
    results["show_ms"] = await slowest(lambda: story(engine, middle))
    free = iter([one.id for one in await list_items(engine, Wanted(limit=200)) if not one.owner])
    results["claim_ms"] = await slowest(
        lambda: change_item(writing, next(free), Claim(), Actor("eva"), NOW, NO_RULES), 20
    )
    results["intake_of_200_calls_ms"] = await slowest(lambda: intake(writing), 3)
    await engine.dispose()
    await writing.dispose()
    return results


async def intake(engine: AsyncEngine) -> None:
    """A batch of the listener: 200 abandoned calls of as many numbers."""
    base = random.randrange(10**9)  # noqa: S311
    records = [
        Interaction(f"n.{base}.{n}", "inbound", "abandoned", NOW, NOW + MINUTE, Private(f"+1212555{n:04}"))
        for n in range(200)
    ]
    async with engine.begin() as connection:
        calls = [record.call for record in records]
        await write_records(connection, calls, records)
        await keep_items(connection, calls, records, NO_RULES)


def main() -> None:
    """Prints words, then one line of JSON."""
    parser = argparse.ArgumentParser(prog="benchmarks.inbox", description=__doc__)
    parser.add_argument("--json", action="store_true", help="only the line of JSON")
    parser.add_argument("--items", type=int, default=1_000_000, help="how many items there are")
    parser.add_argument("--open", type=int, default=20_000, help="how many of them are open")
    parser.add_argument("--url", help="an empty database instead of a SQLite file of its own")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = given.url or f"sqlite:///{Path(folder) / 'main.db'}"
        results = asyncio.run(measure(url, given.items, given.open))
    rounded = {name: round(value, 1) for name, value in results.items()}
    if not given.json:
        for name, value in rounded.items():
            print(f"{name.replace('_', ' '):>28} {value:>10}")
    print(json.dumps({"benchmark": "inbox", "items": given.items, "open": given.open, **rounded}))


if __name__ == "__main__":
    main()
