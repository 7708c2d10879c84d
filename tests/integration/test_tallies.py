"""Whatever is written, rewritten and removed, in whatever order: the tallies are what the records give."""

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.adapters.db.records import write_records
from clinicpbx.adapters.db.tables import interaction, metadata
from clinicpbx.adapters.db.tallies import state, zone_of
from clinicpbx.adapters.db.tally_proof import count_in, differences, rebuild
from clinicpbx.adapters.db.tally_tables import TALLIES, call_tally, queue_tally, tally_state
from clinicpbx.core.records.call_record import Interaction, Offer, QueueEntry
from clinicpbx.private import Private
from tests.support.postgres import cluster
from tests.support.record_database import make_database
from tests.support.report_calls import CALLS, DAY, inbound

pytestmark = pytest.mark.integration
NEW_YORK = ZoneInfo("America/New_York")
# the end of a month, of a week and of summer time in New York are near
BEGAN = [
    at.astimezone(UTC)
    for at in (
        datetime(2026, 10, 31, 22, tzinfo=NEW_YORK),
        datetime(2026, 11, 1, 1, 5, tzinfo=NEW_YORK),
        datetime(2026, 11, 1, 1, 5, fold=1, tzinfo=NEW_YORK),
        datetime(2026, 11, 1, 1, 5, 0, 1, tzinfo=NEW_YORK),
        datetime(2026, 11, 8, 1, 14, 59, tzinfo=NEW_YORK),
        datetime(2026, 12, 1, 0, 0, tzinfo=NEW_YORK),
    )
]
WAITS = [timedelta(seconds=seconds) for seconds in (0, 5, 5.001, 600, 601)]
few = st.sampled_from
STAY = st.builds(
    lambda queue, at, waited, outcome, agent, offers, talk: QueueEntry(
        queue, at, at + waited, outcome, agent, offers, talk
    ),
    few(["front", "nurses"]),
    few(BEGAN),
    few(WAITS),
    few(["answered", "abandoned", "overflow", "interrupted"]),
    few(["", "201", "202"]),
    st.integers(0, 2),
    few(WAITS),
)
OFFER = st.builds(
    Offer, few(["front", "nurses"]), few(["201", "202"]), few(BEGAN), few(["answered", "noanswer", "elsewhere"])
)
CALL = st.builds(
    lambda call, kind, outcome, started, number, **more: Interaction(
        call, kind, outcome, started, started + timedelta(minutes=5), Private(number), **more
    ),
    st.builds("c{}".format, st.integers(0, 5)),
    few(["inbound", "inbound", "inbound", "internal", "selftest"]),
    few(["answered", "abandoned", "voicemail"]),
    few(BEGAN),
    few(["+12125550147", "+12125550148", ""]),
    queues=st.lists(STAY, max_size=2).map(tuple),
    offers=st.lists(OFFER, max_size=2).map(tuple),
    answered=few([None, BEGAN[0]]),
    agent=few(["", "201"]),
    talk=few(WAITS),
    category=few(["", "refill"]),
    site=few(["", "north"]),
    menu_path=few([(), ("main:1",), ("main:1", "more:2")]),
    callback=few(["", "", "promised", "done", "unreached"]),
    called_back=few([None, BEGAN[-1]]),
)
CHANGE = st.tuples(st.lists(CALL, max_size=3, unique_by=lambda one: one.call), st.sets(few(["c0", "c1", "c2", "c5"])))


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the schema and nothing else."""
    path = tmp_path_factory.mktemp("empty") / "main.db"
    asyncio.run(make_database(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with cluster() as made:
        asyncio.run(make_database(made.url))
        yield made.url


async def write(engine: AsyncEngine, calls: list[Interaction], gone: set[str] | None = None) -> None:
    async with engine.begin() as connection:
        await write_records(connection, {one.call for one in calls} | (gone or set()), calls)


async def kept(engine: AsyncEngine) -> dict[str, list[Any]]:
    async with engine.connect() as connection:
        return {name: sorted(map(tuple, await connection.execute(select(table)))) for name, table in TALLIES.items()}


async def different(engine: AsyncEngine) -> list[dict[str, Any]]:
    return [one async for one in differences(engine)]


async def test_a_report_waits_for_nobody_who_writes(postgres: str) -> None:
    writing, reading = make_engine(postgres, writes=True), make_engine(postgres)
    async with writing.begin() as connection:
        await state(connection, writes=True)
        assert await asyncio.wait_for(zone_of(reading), 5) == "", "nothing was counted yet"
        assert await asyncio.wait_for(different(reading), 20) == []
    for engine in (writing, reading):
        await engine.dispose()


async def follow(url: str, changes: list[tuple[list[Interaction], set[str]]]) -> None:
    engine = make_engine(url, writes=True)
    try:
        async with engine.begin() as connection:
            for table in reversed(metadata.sorted_tables):
                if table.name in (*TALLIES, "interaction"):
                    await connection.execute(table.delete())
        await rebuild(engine, NEW_YORK)
        for calls, gone in changes:
            await write(engine, calls, gone)
            assert await different(engine) == []
        before = await kept(engine)
        await rebuild(engine, NEW_YORK)
        assert await kept(engine) == before
    finally:
        await engine.dispose()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(CHANGE, min_size=1, max_size=5))
def test_tallies_follow_the_records(empty: Path, tmp_path: Path, changes: Any) -> None:
    shutil.copy(empty, tmp_path / "main.db")
    asyncio.run(follow(f"sqlite:///{tmp_path / 'main.db'}", changes))
    for file in tmp_path.iterdir():
        file.unlink()


@settings(max_examples=10, deadline=None, phases=[Phase.generate])
@given(changes=st.lists(CHANGE, min_size=1, max_size=4))
def test_tallies_follow_the_records_in_postgresql(postgres: str, changes: Any) -> None:
    asyncio.run(follow(postgres, changes))


@pytest.fixture
async def engine(empty: Path, tmp_path: Path) -> Any:
    shutil.copy(empty, tmp_path / "main.db")
    made = make_engine(f"sqlite:///{tmp_path / 'main.db'}", writes=True)
    yield made
    await made.dispose()


async def test_a_figure_that_is_not_the_records_is_named(engine: AsyncEngine) -> None:
    await write(engine, CALLS)
    assert await different(engine) == []
    async with engine.begin() as connection:
        row = queue_tally.c
        wrong = update(queue_tally).where(row.grain == "day", row.queue == "nurses").values(answered=7)
        await connection.execute(wrong)
        await connection.execute(delete(call_tally).where(call_tally.c.grain == "quarter", call_tally.c.did == "200"))
    found = await different(engine)
    (day,) = [one for one in found if one["grain"] == "day"]
    assert (day["tally"], day["of"], day["figure"], day["kept"], day["counted"]) == (
        "queue_tally", "nurses", "answered", 7, 1,
    )  # fmt: skip
    assert ("call_tally", "quarter", "calls", 0, 1) in {
        (one["tally"], one["grain"], one["figure"], one["kept"], one["counted"]) for one in found
    }
    await rebuild(engine, ZoneInfo("UTC"))
    assert await different(engine) == []


async def test_another_zone_counts_other_days_and_the_same_quarters(engine: AsyncEngine) -> None:
    await write(engine, CALLS)
    in_utc = await kept(engine)
    await rebuild(engine, NEW_YORK)
    moved = await kept(engine)
    assert [row for row in moved["call_tally"] if row[0] == "quarter"] == [
        row for row in in_utc["call_tally"] if row[0] == "quarter"
    ]
    assert {row[1] for row in moved["call_tally"] if row[0] == "day"} == {
        (DAY - timedelta(days=1)).toordinal() - 719163
    }
    assert await different(engine) == []


async def test_figures_stay_when_their_records_are_gone(engine: AsyncEngine) -> None:
    """Who deletes records closes the time before: its figures stand, in a rebuild and in another zone."""
    later = inbound("d.1", 26 * 60, "answered")
    await write(engine, [*CALLS, later])
    before = await kept(engine)
    limit = DAY + timedelta(days=1)
    async with engine.begin() as connection:
        await connection.execute(update(tally_state).values(closed=limit))
        await connection.execute(delete(interaction).where(interaction.c.started < limit))
    assert await different(engine) == []
    await rebuild(engine, ZoneInfo("UTC"))
    assert await kept(engine) == before
    # rows of a deleted call come once more, from a spool that was restored
    await write(engine, [CALLS[0], replace(later, outcome="abandoned")])
    assert await different(engine) == []
    days = [row for row in (await kept(engine))["call_tally"] if row[0] == "day"]
    assert sum(row[6] for row in days if row[4:6] == ("inbound", "answered")) == 4
    await rebuild(engine, NEW_YORK)
    assert await different(engine) == []


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
async def test_what_an_upgrade_left_to_be_counted_is_counted_once_the_zone_is_known(
    engine: AsyncEngine, zone: str
) -> None:
    await write(engine, CALLS)
    before = await kept(engine)
    async with engine.begin() as connection:
        await connection.execute(update(tally_state).values(zone=""))
        await connection.execute(delete(TALLIES["path_tally"]))
    assert await zone_of(engine) == ""
    assert await count_in(engine, ZoneInfo(zone), lambda: None)
    assert not await count_in(engine, ZoneInfo(zone), lambda: None)
    assert (await kept(engine))["path_tally"] if zone != "UTC" else await kept(engine) == before
    assert await different(engine) == []
