"""The audit log in real databases: SQLite and PostgreSQL."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.audit import Search, append, audit, find, leaves
from clinicpbx.adapters.db.ingest import Batch, Cursor, read_cursor
from clinicpbx.adapters.db.intake import take_in
from clinicpbx.adapters.db.outbox import notice
from clinicpbx.core.audit.entry import Entry
from clinicpbx.core.audit.row import FIRST, canonical, leaf_hash
from clinicpbx.core.audit.verify import Chain, Fault
from clinicpbx.daemon.audit_trail import Waiting, bring_in, wait
from clinicpbx.daemon.checkpoints import follow
from clinicpbx.paths import Instance

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


async def test_people_are_told_of_broken_glass_with_the_row_that_says_so(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await append(connection, Entry("ana", "voicemail.list", "8100"))
        seq = await append(connection, Entry("ana", "break-glass", "ana", {"reason": "the night nurse is ill"}))
    async with engine.connect() as connection:
        told = (await connection.execute(select(notice.c.kind, notice.c.about))).all()
    assert told == [("break_glass", f"audit-{seq}")]


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


FACT = ("clinic-1.1", "2026-03-01T12:00:00+00:00")
LISTENED = (*FACT, "supervised", '{"by":"phone-201","phone":"202","agent":"ana","mode":"listen"}')


async def test_facts_that_are_audited_are_rows_of_the_same_transaction(engine: AsyncEngine) -> None:
    other = (*FACT, "step", "{}")
    batch = Batch(Cursor("fact", "f", "s", 0), [(1, other), (2, LISTENED), (3, LISTENED)], "")
    await take_in(engine, [batch])
    ((_, moment, actor, action, thing, *_), _) = await stored(engine)
    assert (moment, actor, action) == ("2026-03-01T12:00:00.000000Z", "phone:phone-201", "call.supervise")
    assert thing == "phone:202"
    await take_in(engine, [Batch(batch.moved, [(4, other)], "")])
    assert len(await stored(engine)) == 2
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE audit RENAME TO gone"))
    with pytest.raises(DBAPIError):
        await take_in(engine, [Batch(batch.moved, [(4, LISTENED)], "")])
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE gone RENAME TO audit"))
    assert (await read_cursor(engine, "fact")).position == 4


async def test_what_waits_is_brought_in_once_also_beside_other_writers(engine: AsyncEngine, tmp_path: Path) -> None:
    instance = Instance(tmp_path)
    for n in range(20):
        wait(instance, Waiting(Entry("ana", "override.on", str(n)), datetime.now(UTC)))
    moves = await asyncio.gather(bring_in(instance, engine), append_some(engine))
    assert moves[0] == 20
    assert await bring_in(instance, engine) == 0
    chain = Chain()
    assert await follow(engine, chain)
    assert (chain.fault, chain.seq) == (None, 25)


async def append_some(engine: AsyncEngine) -> None:
    for n in range(5):
        async with engine.begin() as connection:
            await append(connection, Entry("eve", "x", str(n)))


async def test_searches_are_the_same_in_both(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await append(connection, Entry("ana", "calls.unmask", "c_1", {"break_glass": True}))
        await append(connection, Entry("ana", "break-glass", "ana"))
        await append(connection, Entry("bob", "calls.unmask", "cx1"))
    searches = {
        Search(break_glass=True): [2, 1],
        Search(actor="bob"): [3],
        Search(object="c_"): [1],
        Search(action="calls.unmask", limit=1): [3],
        Search(since=datetime.now(UTC) + timedelta(hours=1)): [],
        Search(since=datetime.now(UTC) - timedelta(hours=1)): [3, 2, 1],
    }
    async with engine.connect() as connection:
        for search, found in searches.items():
            assert [row.seq for row in await find(connection, search)] == found
        assert [len(leaf) for leaf in await leaves(connection, 2)] == [32, 32]


async def test_a_row_changed_by_the_databases_own_administrator_is_found(engine: AsyncEngine) -> None:
    await append_some(engine)
    drops = {
        "sqlite": ["DROP TRIGGER audit_no_update"],
        "postgresql": ["ALTER TABLE audit DISABLE TRIGGER audit_no_change"],
    }
    async with engine.begin() as connection:
        for statement in (*drops[engine.dialect.name], "UPDATE audit SET actor = 'bob' WHERE seq = 3"):
            await connection.execute(text(statement))
    chain = Chain()
    await follow(engine, chain)
    assert chain.fault == Fault(3, "row 3 was changed")
