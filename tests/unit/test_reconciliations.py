"""What was counted is kept once an hour, and told once where it lasts."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.adapters.db.outbox import notice
from clinicpbx.adapters.db.reconcile import Reconciliation
from clinicpbx.daemon.reconciliations import KEPT, Reconciliations, reconciled
from tests.support.record_database import make_database

pytestmark = pytest.mark.unit
NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
EVEN = Reconciliation(5, 3, 1, 1)


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    url = f"sqlite:///{tmp_path}/main.db"
    await make_database(url)
    engine = make_engine(url, writes=True)
    yield engine
    await engine.dispose()


def uneven(*calls: str) -> Reconciliation:
    return Reconciliation(5, 3, 1, 1, {"call_without_record": calls})


async def told(engine: AsyncEngine) -> list[str]:
    async with engine.connect() as connection:
        return list((await connection.execute(select(notice.c.about).order_by(notice.c.at))).scalars())


async def test_even_counts_are_kept_once_an_hour(engine: AsyncEngine, tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    one = Reconciliations(path, engine)
    for minutes in range(0, 125, 5):
        await one.take(EVEN, NOW + MINUTE * minutes)
    rows = reconciled(path)
    assert [row["at"][11:16] for row in rows] == ["08:00", "09:00", "10:00"]
    assert (rows[0]["interrupted"], rows[0]["unreconciled"], rows[0]["differences"]) == (1, 0, {})
    await one.take(EVEN, NOW - MINUTE)  # the clock was set back
    assert len(reconciled(path)) == 4
    assert await told(engine) == []


async def test_what_differs_twice_is_told_once_until_it_is_even_again(engine: AsyncEngine, tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    one = Reconciliations(path, engine)
    counts = [
        uneven("a"),
        uneven("b"),
        EVEN,
        uneven("c"),
        uneven("c", "d"),
        uneven("c"),
        EVEN,
        uneven("e"),
        uneven("e"),
    ]
    said = list[int]()
    for n, count in enumerate(counts):
        await one.take(count, NOW + MINUTE * n)
        said.append(len(await told(engine)))
    assert said == [0, 0, 0, 0, 1, 1, 1, 1, 2]
    assert (await told(engine))[0] == "records-20261124T0804"
    assert reconciled(path)[-1]["for_example"] == {"call_without_record": ["e"]}


async def test_what_differs_without_a_pause_is_told_once_though_it_changes(engine: AsyncEngine, tmp_path: Path) -> None:
    one = Reconciliations(tmp_path / "kept.jsonl", engine)
    for n, count in enumerate(map(uneven, "ccdd")):
        await one.take(count, NOW + MINUTE * n)
    assert await told(engine) == ["records-20261124T0801"]


async def test_the_file_has_an_end_and_a_full_disk_harms_nothing(engine: AsyncEngine, tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    path.write_bytes(b'{"at": "old"}\n' * (2 * KEPT) + b"\xff\n" + b"torn")
    one = Reconciliations(path, engine)
    await one.take(EVEN, NOW)
    assert len(path.read_text().splitlines()) == KEPT
    await Reconciliations(tmp_path / "gone" / "kept.jsonl", engine).take(EVEN, NOW)
