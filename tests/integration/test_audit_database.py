"""The audit log in real databases: SQLite and PostgreSQL."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.audit import append, audit
from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.adapters.db.migrate import downgrade, upgrade
from clinicpbx.core.audit.entry import Entry
from clinicpbx.core.audit.row import FIRST, canonical, leaf_hash
from tests.support.postgres import PROGRAMS, cluster

pytestmark = pytest.mark.integration
WRITER = """
import asyncio, sys
from clinicpbx.adapters.db.audit import append
from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.core.audit.entry import Entry

async def write(url, name):
    engine = make_engine(url, writes=True)
    for n in range(25):
        async with engine.begin() as connection:
            await append(connection, Entry(name, "test", str(n)))
    await engine.dispose()

asyncio.run(write(*sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    if PROGRAMS is None:
        pytest.skip("no PostgreSQL on this machine")
    with cluster() as made:
        yield made.url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/main.db"
    return str(request.getfixturevalue("postgres"))


@pytest.fixture
async def engine(url: str) -> AsyncIterator[AsyncEngine]:
    """An empty log."""
    migrating = make_engine(url, migrates=True)
    await downgrade(migrating, "base")
    await upgrade(migrating)
    await migrating.dispose()
    made = make_engine(url, writes=True)
    yield made
    await made.dispose()


async def stored(engine: AsyncEngine) -> list[tuple[object, ...]]:
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(select(audit).order_by(audit.c.seq))]


async def test_each_row_binds_the_one_before(engine: AsyncEngine) -> None:
    for n in range(3):
        async with engine.begin() as connection:
            assert (
                await append(connection, Entry("ana", "voicemail.export", f"8100/m{n}", {"n": n, "é": "\0"})) == n + 1
            )
    last = FIRST
    for row in await stored(engine):
        assert row[6] == last
        assert leaf_hash(canonical(*row[:7])).hex() == row[7]  # type: ignore[arg-type]
        last = str(row[7])


async def test_a_change_that_fails_takes_its_row_with_it(engine: AsyncEngine) -> None:
    async def change() -> None:
        async with engine.begin() as connection:
            await append(connection, Entry("ana", "rules.apply"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await change()
    assert await stored(engine) == []


async def test_names_that_no_database_stores_are_stored_all_the_same(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await append(connection, Entry("a\0b", "x", "\ud800"))
    ((_, _, actor, _, thing, *_),) = await stored(engine)
    assert (actor, thing) == ("a\ufffdb", "?")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'eve' WHERE seq = 1",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE seq = 1",
        "TRUNCATE audit",
    ],
)
async def test_the_database_refuses_changes(engine: AsyncEngine, statement: str) -> None:
    async with engine.begin() as connection:
        await append(connection, Entry("ana", "x"))
    before = await stored(engine)
    with pytest.raises(DBAPIError):
        async with engine.begin() as connection:
            await connection.execute(text(statement))
    assert await stored(engine) == before


async def test_writers_in_several_processes_make_one_chain(engine: AsyncEngine, url: str) -> None:
    writers = [await asyncio.create_subprocess_exec(sys.executable, "-c", WRITER, url, name) for name in "abcd"]
    assert [await writer.wait() for writer in writers] == [0, 0, 0, 0]
    rows = await stored(engine)
    assert [row[0] for row in rows] == list(range(1, 101))
    assert [row[6] for row in rows[1:]] == [row[7] for row in rows[:-1]]
