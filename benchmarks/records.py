"""How fast reports, searches and the listener are over ten years of calls: `python -m benchmarks.records --json`."""

import argparse
import asyncio
import gc
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Select, func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.support.decade import AGENTS, QUEUES, YEARS, ZONE, fill, midnight
from benchmarks.support.intake import Intake
from benchmarks.support.people import fill_beside
from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.adapters.db.inbox_tables import item
from clinicpbx.adapters.db.migrate import upgrade
from clinicpbx.adapters.db.tables import interaction, queue_entry
from clinicpbx.adapters.db.tally_proof import count_in
from clinicpbx.reports import REPORTS
from clinicpbx.reports._report import Period
from tests.support.postgres import cluster

UNTIL = midnight(datetime(2026, 11, 24, 12, tzinfo=UTC)).astimezone(UTC)
YEAR = timedelta(days=365)
Figures = dict[str, float]


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


async def seconds(work: Callable[[], Awaitable[object]], times: int = 3) -> float:
    """Of the fastest of several runs."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        await work()
        taken.append(time.perf_counter() - start)
    return min(taken)


async def timed(engine: AsyncEngine, query: Select[Any], times: int = 3) -> float:
    """Seconds to read all rows of *query*."""

    async def read() -> None:
        async with engine.connect() as connection:
            (await connection.execute(query)).all()

    return await seconds(read, times)


async def report_speed(engine: AsyncEngine, until: datetime, rows_too: bool) -> Figures:
    """Each report, by each of its dimensions, over a year and over all; by its first also from the rows, as plain SQL
    would: how many times longer that takes."""
    found: Figures = {}
    for name, report in REPORTS.items():
        for by in report.by or ("",):
            took = {}
            for years in (1, YEARS):
                period = Period(until - years * YEAR, until, by=by, zone=ZONE.key)
                took[years] = await timed(engine, report.select(period), 2)
                found[f"{name}_{by or 'all'}_{years}y_s"] = took[years]
            say(f"{name:>24} by {by or '-':<10} 1 year {took[1]:8.3f} s  {YEARS} years {took[YEARS]:8.3f} s")
        if rows_too:
            period = Period(until - YEAR, until, zone=ZONE.key, tallied=False)
            plain = await timed(engine, report.select(period), 1)
            first = found[f"{name}_{(report.by or ('all',))[0]}_1y_s"]
            found[f"{name}_rows_1y_s"], found[f"{name}_ratio"] = plain, plain / first
            say(f"{name:>24} from the rows, 1 year {plain:8.3f} s, {plain / first:6.1f} times")
    return found


async def search_speed(engine: AsyncEngine, until: datetime) -> Figures:
    """Seconds of what people look for: the newest 50 calls of a number, an agent, an outcome, a queue."""
    call, entry = interaction.c, queue_entry.c
    async with engine.connect() as connection:
        latest = select(call.number).where(call.number != "").order_by(call.started.desc()).offset(99).limit(1)
        number = (await connection.execute(latest)).scalar_one()
    newest = select(interaction).order_by(call.started.desc()).limit(50)
    stays = select(entry.call).where(entry.queue == QUEUES[3]).order_by(entry.entered.desc()).limit(50)
    wanted = {
        "number": newest.where(call.number == number),
        "agent": newest.where(call.agent == AGENTS[7]),
        "outcome": newest.where(call.outcome == "callback"),
        "queue": select(interaction).where(call.call.in_(stays)),
        "time": newest.where(call.started < until - 3 * YEAR),
    }
    return {f"search_{name}_s": await timed(engine, query) for name, query in wanted.items()}


async def intake_speed(engine: AsyncEngine, calls: int) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        intake = Intake(engine, Path(folder))
        await intake.backlog(500)  # what is compiled once is compiled
        found = await intake.backlog(calls)
        say(f"{'listener':>24} {found['calls_per_s']:.0f} calls/s of {calls} that wait")
        return found | await intake.live(int(found["calls_per_s"] * 0.6), 5)


async def size(engine: AsyncEngine) -> float:
    """Gigabytes on disk."""
    async with engine.connect() as connection:
        pages = "page_count * page_size FROM pragma_page_count, pragma_page_size"
        of = pages if connection.dialect.name == "sqlite" else "pg_database_size(current_database())"
        return (await connection.execute(text(f"SELECT {of}"))).scalar_one() / 1e9


async def last_call(engine: AsyncEngine) -> datetime | None:
    async with engine.connect() as connection:
        return (await connection.execute(select(func.max(interaction.c.started)))).scalar_one()


async def items(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return (await connection.execute(select(func.count(item.c.id)))).scalar_one()


async def measure(url: str, calls: int, ingest: int, rows_too: bool) -> Figures:
    migrating = make_engine(url, migrates=True)
    await upgrade(migrating)
    await migrating.dispose()
    engine, writing, start = make_engine(url), make_engine(url, writes=True), time.perf_counter()
    if await last_call(engine) is None:
        gc.disable()  # a month's rows are held at a time, and none of them in a cycle
        await fill(writing, calls, UNTIL, lambda n: say(f"{n:>12} calls, {time.perf_counter() - start:6.0f} s"))
        gc.enable()
    until = midnight(await last_call(engine) or UNTIL).astimezone(UTC)
    if await items(engine) == 0:
        await fill_beside(writing, until, calls)
    await count_in(writing, ZONE, lambda: None)  # of an older schema's file, what is counted only now
    found = {"filled_in_s": time.perf_counter() - start, "gigabytes": await size(engine)}
    found |= await report_speed(engine, until, rows_too)
    found |= await search_speed(engine, until)
    found |= await intake_speed(writing, ingest)
    await engine.dispose()
    await writing.dispose()
    return found


@contextmanager
def database(kind: str, folder: Path | None) -> Iterator[str]:
    """Its URL; what is not kept in *folder* is removed."""
    with ExitStack() as stack:
        if kind == "postgresql":
            yield stack.enter_context(cluster()).url
        else:
            kept = folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
            yield f"sqlite:///{kept / 'main.db'}"


def main() -> None:
    """Prints words on stderr, then one line of JSON."""
    parser = argparse.ArgumentParser(prog="benchmarks.records", description=__doc__)
    parser.add_argument("--json", action="store_true", help="only the line of JSON on stdout")
    parser.add_argument("--calls", type=int, default=50_000, help="how many there are on record")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--ingest", type=int, default=3_000, help="how many calls the listener moves")
    parser.add_argument("--no-rows", action="store_true", help="leave out the reports from the rows")
    parser.add_argument("--folder", type=Path, help="keep the SQLite file there; one that is there is taken as it is")
    given = parser.parse_args()
    with database(given.database, given.folder) as url:
        results = asyncio.run(measure(url, given.calls, given.ingest, not given.no_rows))
    rounded = {name: round(value, 4) for name, value in results.items()}
    if not given.json:
        for name, value in rounded.items():
            print(f"{name.replace('_', ' '):>40} {value:>12}")
    print(json.dumps({"benchmark": "records", "database": given.database, "calls": given.calls, **rounded}))


if __name__ == "__main__":
    main()
