"""The listener's process: killed at any time, its database away."""

import asyncio
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.adapters.db.tables import cdr, cel, fact, interaction
from clinicpbx.core.records.assemble import assemble_all
from clinicpbx.paths import Instance
from tests.support.bed import Program, eventually
from tests.support.postgres import Cluster, cluster
from tests.support.record_database import make_instance, write_call
from tests.support.record_tables import tables

pytestmark = pytest.mark.integration
CALLS = dict(tables(Path(__file__).parents[1] / "scenario" / "records"))
AN_HOUR = 300  # calls of a large clinic
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


async def reached(url: str, wanted: int, within: float = 30.0, table: Any = interaction) -> list[dict[str, Any]]:
    until = time.monotonic() + within
    while len(found := await rows(url, table)) < wanted:
        assert time.monotonic() < until, f"{len(found)} of {wanted} rows of {table.name}"
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
                write_call(instance, call, f"x{copies}")
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


@contextmanager
def locked(path: Path) -> Iterator[None]:
    lock = sqlite3.connect(path, isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    yield
    lock.execute("ROLLBACK")
    lock.close()


@contextmanager
def stopped(database: Cluster) -> Iterator[None]:
    database.stop()
    yield
    database.start()


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Somebody else takes all that is left of its file system."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as stream, suppress(OSError):
        while True:
            stream.write(bytes(4096))
    yield
    ballast.unlink()


async def away_for_an_hour(instance: Instance, url: str, away: AbstractContextManager[None]) -> None:
    """The alarm is there within 10 s; an hour's calls wait and are soon moved, in whatever time the hour passed."""
    listener = start(instance, url)
    write_call(instance, CALLS["answered from queue"])
    await reached(url, 1)
    metrics = instance.run / "listener.prom"
    await eventually(lambda: metrics.exists() and "clinicpbx_records_database_up 1.0" in metrics.read_text(), 5)
    with away:
        write_call(instance, CALLS["answered from queue"], "first")
        await eventually(lambda: "clinicpbx_records_database_up 0.0" in metrics.read_text(), 10)
        write_call(instance, CALLS["blind transfer"], *(f"h{n}" for n in range(AN_HOUR)))
        assert listener.alive
    once = len(CALLS["answered from queue"].cel), len(CALLS["blind transfer"].cel)
    await reached(url, 2 * once[0] + AN_HOUR * once[1], within=60, table=cel)
    assert len(await reached(url, AN_HOUR + 2)) == AN_HOUR + 2
    assert listener.stop() == 0
    said = [json.loads(line) for line in (instance.log / "listener.out").read_text().splitlines() if "away" in line]
    assert len(said) == 1
    assert "0147" not in (instance.log / "listener.out").read_text()


async def test_a_locked_database_only_delays_records(tmp_path: Path) -> None:
    await away_for_an_hour(make_instance(tmp_path), f"sqlite:///{tmp_path}/main.db", locked(tmp_path / "main.db"))


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a tmpfs needs root")
async def test_a_full_disk_of_the_main_database_only_delays_records(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(disk)], check=True)
    try:
        await away_for_an_hour(make_instance(tmp_path / "home"), f"sqlite:///{disk}/main.db", filled(disk))
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


async def test_postgresql_stopped_and_started_only_delays_records(tmp_path: Path) -> None:
    with cluster() as database:
        await away_for_an_hour(make_instance(tmp_path), database.url, stopped(database))


async def test_postgresql_that_hangs_only_delays_records(tmp_path: Path) -> None:
    with cluster() as database:
        await away_for_an_hour(make_instance(tmp_path), database.url, database.frozen())


def most_memory(listener: Program) -> int:
    """The most that it ever held, in KiB."""
    status = Path(f"/proc/{listener.process.pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0])


async def test_its_memory_does_not_grow_with_what_it_has_moved(tmp_path: Path) -> None:
    instance, url, call = make_instance(tmp_path), f"sqlite:///{tmp_path}/main.db", CALLS["answered from queue"]
    listener = start(instance, url)
    calls = [f"m{n}" for n in range(1500)]
    write_call(instance, call, *calls[:300])
    await reached(url, 300)
    before = most_memory(listener)
    write_call(instance, call, *calls[300:])
    await reached(url, len(calls), within=60)
    grown = most_memory(listener) - before
    assert listener.stop() == 0
    assert grown < 16 << 10


async def test_a_second_listener_is_refused(tmp_path: Path) -> None:
    instance, url = make_instance(tmp_path), f"sqlite:///{tmp_path}/main.db"
    listener = start(instance, url)
    await eventually(lambda: (instance.run / "listener.prom").exists(), 10)
    second = start(instance, url)
    assert await asyncio.to_thread(second.process.wait, 10) == 1
    assert "runs already" in (instance.log / "listener.out").read_text()
    assert listener.stop() == 0


async def test_sigterm_ends_it_at_once_even_without_a_database(tmp_path: Path) -> None:
    instance = make_instance(tmp_path)
    listener = start(instance, "postgresql://nobody@127.0.23.251:5999/none?connect_timeout=1")
    await eventually((instance.run / "listener.prom").exists, 20)
    listener.send(signal.SIGTERM)
    try:
        assert listener.process.wait(10) == 0
    except subprocess.TimeoutExpired:
        listener.kill()
        raise
