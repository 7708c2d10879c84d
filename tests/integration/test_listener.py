"""The listener's process: killed at any time, its database away, Asterisk killed under it."""

import asyncio
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.adapters.db.tables import cdr, cel, fact, interaction
from clinicpbx.core.records.assemble import assemble_all
from clinicpbx.paths import Instance
from tests.support.bed import Bed, Program, eventually, running_bed
from tests.support.postgres import PROGRAMS, cluster
from tests.support.record_database import make_instance, write_call
from tests.support.record_tables import tables

pytestmark = pytest.mark.integration
CALLS = dict(tables(Path(__file__).parents[1] / "scenario" / "records"))
ENDED = {name: call for name, call in CALLS.items() if not call.lost}


def start(instance: Instance, url: str) -> Program:
    env = {**os.environ, "CLINICPBX_HOME": str(instance.home), "CLINICPBX_DATABASE_URL": url}
    command = [str(Path(sys.executable).with_name("clinicpbx")), "run", "listener"]
    instance.log.mkdir(exist_ok=True)
    # an address where no AMI is: rows must move without hints
    return Program("listener", command, instance.log / "listener.out", {**env, "CLINICPBX_BIND": "127.0.23.250"})


async def rows(url: str, table: Any) -> list[dict[str, Any]]:
    engine = make_engine(url)
    try:
        async with engine.connect() as connection:
            return [dict(row) for row in (await connection.execute(select(table))).mappings()]
    except Exception as fault:
        if "no such table" in str(fault) or "does not exist" in str(fault):
            return []
        raise
    finally:
        await engine.dispose()


async def reached(url: str, wanted: int, within: float = 30.0) -> list[dict[str, Any]]:
    until = time.monotonic() + within
    while len(found := await rows(url, interaction)) < wanted:
        assert time.monotonic() < until, f"{len(found)} of {wanted} records"
        await asyncio.sleep(0.1)
    return found


def expected(copies: int) -> Counter[str]:
    once = Counter(record.outcome for call in ENDED.values() for record in assemble_all(call.group()))
    return Counter({outcome: count * copies for outcome, count in once.items()})


async def kill_loop(instance: Instance, url: str, kills: int) -> None:
    """Calls are written without a pause while the listener is killed at random moments of its life."""
    draw = random.Random(8)

    def work() -> int:
        copies = 0
        while not done.is_set():
            for call in ENDED.values():
                write_call(instance, call, suffix=f"x{copies}")
            copies += 1
            time.sleep(0.05)
        return copies

    done = asyncio.Event()
    writing = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        for _ in range(kills):
            listener = start(instance, url)
            await asyncio.sleep(1.2 + draw.random())
            listener.kill()
    finally:
        done.set()
        copies = await writing
    listener = start(instance, url)
    try:
        await reached(url, expected(copies).total())
        await asyncio.sleep(1.5)
    finally:
        ended = listener.stop()
    assert ended == 0
    found = await rows(url, interaction)
    assert Counter(row["outcome"] for row in found) == expected(copies)
    for table, kind in ((cel, "cel"), (cdr, "cdr"), (fact, "fact")):
        assert len(await rows(url, table)) == copies * sum(len(getattr(call, kind)) for call in ENDED.values())


async def test_killed_again_and_again_it_loses_and_doubles_nothing(tmp_path: Path) -> None:
    await kill_loop(make_instance(tmp_path), f"sqlite:///{tmp_path}/main.db", 6)


async def test_killed_again_and_again_with_postgresql(tmp_path: Path, postgres: str) -> None:
    await kill_loop(make_instance(tmp_path), postgres, 6)


async def test_a_locked_database_only_delays_records(tmp_path: Path) -> None:
    instance, url = make_instance(tmp_path), f"sqlite:///{tmp_path}/main.db"
    listener = start(instance, url)
    write_call(instance, CALLS["answered from queue"])
    await reached(url, 1)
    lock = sqlite3.connect(tmp_path / "main.db", isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    write_call(instance, CALLS["emergency"])
    await asyncio.sleep(8)
    assert listener.alive
    lock.execute("ROLLBACK")
    lock.close()
    await reached(url, 2, within=20)
    assert listener.stop() == 0
    said = [json.loads(line) for line in (instance.log / "listener.out").read_text().splitlines() if "away" in line]
    assert len(said) == 1
    assert "0147" not in (instance.log / "listener.out").read_text()


async def test_postgresql_stopped_and_started_only_delays_records(tmp_path: Path) -> None:
    if PROGRAMS is None:
        pytest.skip("no PostgreSQL on this machine")
    instance = make_instance(tmp_path)
    with cluster() as database:
        listener = start(instance, database.url)
        write_call(instance, CALLS["answered from queue"])
        await reached(database.url, 1)
        database.stop()
        write_call(instance, CALLS["emergency"])
        await asyncio.sleep(3)
        assert listener.alive
        database.start()
        await reached(database.url, 2, within=20)
        assert listener.stop() == 0


async def test_a_second_listener_is_refused(tmp_path: Path) -> None:
    instance, url = make_instance(tmp_path), f"sqlite:///{tmp_path}/main.db"
    listener = start(instance, url)
    await eventually(lambda: (instance.run / "listener.prom").exists(), 10)
    second = start(instance, url)
    assert await asyncio.to_thread(second.process.wait, 10) == 1
    assert "runs already" in (instance.log / "listener.out").read_text()
    assert listener.stop() == 0


DIALPLAN = """
[cpbx-from-trunk]
exten => 5550100,1,Answer(,i)
 same => n,Wait(60)
"""
TRUNK = """
[trunk]
type = endpoint
context = cpbx-from-trunk
disallow = all
allow = ulaw
[trunk]
type = identify
endpoint = trunk
match = 127.0.{net}.0/24
"""


@pytest.fixture
def own_bed(tmp_path: Path) -> Iterator[Bed]:
    with running_bed(tmp_path / "home") as bed:
        yield bed


def test_sigterm_ends_it_at_once_even_without_a_database(tmp_path: Path) -> None:
    instance = make_instance(tmp_path)
    listener = start(instance, "postgresql://nobody@127.0.23.251:5999/none?connect_timeout=1")
    time.sleep(3)
    listener.send(signal.SIGTERM)
    try:
        assert listener.process.wait(10) == 0
    except subprocess.TimeoutExpired:
        listener.kill()
        raise
