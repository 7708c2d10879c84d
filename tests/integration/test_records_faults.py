"""Real calls while their records cannot be written: each is put through, and each has its one record afterwards."""

import asyncio
import json
import os
import re
import sqlite3
import subprocess
import time
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clinicpbx.adapters.asterisk.lost_rows import LOST
from tests.support.bed import eventually, running_bed
from tests.support.crowd import DESKS, Crowd, crowd

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(os.geteuid() != 0, reason="mounting a tmpfs needs root"),
]
SIZE = 96 << 20


@contextmanager
def on_a_small_disk(home: Path, disk: Path) -> Iterator[Crowd]:
    """The clinic in *home*, of which *disk* is a small file system of its own."""
    disk.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(disk)], check=True)
    try:
        with running_bed(home, "info") as bed, crowd(bed) as made:
            bed.run("listener")
            made.start_daemon()
            yield made
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.fixture(scope="module")
def floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    """Its spools are on a disk of their own."""
    home = tmp_path_factory.mktemp("faults")
    with on_a_small_disk(home, home / "spool") as made:
        yield made


@pytest.fixture
async def tidy(floor: Crowd) -> AsyncIterator[None]:
    await floor.staffed()
    await eventually(floor.instance.reconciliations.exists, 15)  # the listener turns
    yield
    await floor.empty()


@contextmanager
def locked(*paths: Path) -> Iterator[None]:
    """Somebody else writes into these databases and does not come to an end."""
    open_ = [sqlite3.connect(path, isolation_level=None, timeout=10) for path in paths]
    for database in open_:
        database.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        for database in open_:
            database.execute("ROLLBACK")
            database.close()


async def talk(floor: Crowd, calls: int) -> None:
    """So many calls, each of which an agent takes and ends."""
    floor.callers(calls)
    await eventually(lambda: floor.agents("talking") == calls, 15)
    await asyncio.sleep(0.5)  # of talk: who hangs up while it is put through has talked with nobody
    await floor.empty()
    await eventually(lambda: floor.agents("free") == len(DESKS), 10)


def measured(floor: Crowd, name: str) -> float:
    """A metric of the daemon or, where the daemon has none of that name, of the listener."""
    settings = floor.bed.settings
    with urllib.request.urlopen(f"http://{settings.bind}:{settings.http_port}/metrics", timeout=5) as answer:
        text = answer.read().decode() + (floor.instance.run / "listener.prom").read_text()
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.M)
    return float(found[1]) if found else -1.0


def lost_rows(floor: Crowd) -> int:
    return len(LOST.findall((floor.instance.asterisk / "log" / "messages").read_bytes()))


def rows(path: Path, wanted: str) -> list[str]:
    with closing(sqlite3.connect(path, timeout=10)) as database:
        return [value for (value,) in database.execute(wanted)]


def waiting(floor: Crowd) -> int:
    written = rows(floor.instance.cel_spool, "SELECT seq FROM sqlite_sequence WHERE name = 'cel'")
    moved = rows(floor.instance.database, "SELECT position FROM cursor WHERE kind = 'cel'")
    return sum(map(int, written)) - sum(map(int, moved))


def doctor(floor: Crowd) -> tuple[int, dict[tuple[str, str], str]]:
    """The exit code, and what was found by check and state."""
    done = floor.bed.clinicpbx("doctor", "--json", check=False)
    return done.returncode, {(row["check"], row["state"]): row["finding"] for row in json.loads(done.stdout)}


@pytest.mark.usefixtures("tidy")
async def test_all_is_well_and_what_dies_is_named(floor: Crowd) -> None:
    for process in ("notifier", "rescuer"):
        floor.bed.run(process)
        await eventually((floor.instance.run / f"{process}.prom").exists, 10)
    code, found = doctor(floor)
    assert (code, [each for each in found if each[1] == "wrong"]) == (0, []), found
    vault = floor.bed.programs["vault"]
    vault.pause()
    code, found = doctor(floor)
    assert (code, [check for check, state in found if state == "wrong"]) == (1, ["Vault"])
    vault.resume()
    floor.bed.programs["rescuer"].stop()


@pytest.mark.usefixtures("tidy")
async def test_calls_go_on_while_the_spools_and_the_main_database_are_locked(floor: Crowd) -> None:
    since, instance = datetime.now(UTC), floor.instance
    with locked(instance.database):
        begun = time.monotonic()
        with locked(instance.cdr_spool, instance.cel_spool):
            await talk(floor, 8)
            await asyncio.sleep(max(0.0, begun + 7 - time.monotonic()))
        await eventually(lambda: measured(floor, "clinicpbx_records_database_up") == 0, begun + 10 - time.monotonic())
        await talk(floor, 2)
        await eventually(lambda: waiting(floor) > 50, 15)
    found = await floor.recorded(since, 10, within=45)
    assert Counter(row["outcome"] for row in found) == {"answered": 10}
    assert (lost_rows(floor), measured(floor, "clinicpbx_records_database_up")) == (0, 1.0)


def fill(ballast: Path) -> None:
    """Takes all that is left, as a log that nobody stops."""
    with ballast.open("ab", buffering=0) as stream:
        try:
            while True:
                stream.write(bytes(65536))
        except OSError:
            pass
        try:
            while True:
                stream.write(bytes(512))
        except OSError:
            pass


@pytest.mark.usefixtures("tidy")
async def test_on_a_full_disk_calls_are_recorded_and_people_are_told(floor: Crowd) -> None:
    since, spool = datetime.now(UTC), floor.instance.cdr_spool.parent
    ballast, full = spool / "ballast", 'clinicpbx_disk_full{place="spool"}'
    await eventually((spool / "reserve").exists, 5)
    assert measured(floor, full) == 0
    fill(ballast)
    begun = time.monotonic()
    await eventually(lambda: measured(floor, full) == 1, 10)
    assert not (spool / "reserve").exists()
    fill(ballast)  # what eats the disk eats the reserve as well
    await talk(floor, 10)
    await talk(floor, 10)
    assert os.statvfs(spool).f_bavail == 0
    assert time.monotonic() - begun < 60
    records = await floor.recorded(since, 20)
    assert Counter(row["outcome"] for row in records) == {"answered": 20}
    assert lost_rows(floor) == 0

    code, found = doctor(floor)
    assert (code, "the disk is full" in found["Disk", "wrong"]) == (1, True)
    said = floor.bed.clinicpbx("status", check=False)
    assert (said.returncode, said.stderr.count("the disk is full")) == (1, 1)
    told = "SELECT about FROM notice WHERE kind = 'disk_full'"
    (about,) = await eventually(lambda: rows(floor.instance.database, told), 10)
    assert about.startswith("disk-spool-")
    ballast.unlink()
    await eventually(lambda: measured(floor, full) == 0, 5)
    assert (spool / "reserve").stat().st_size == SIZE // 10
    assert ("Disk", "wrong") not in doctor(floor)[1]


async def test_with_everything_on_one_full_disk_calls_are_put_through_and_recorded(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with on_a_small_disk(home, home) as floor:
        await floor.staffed()
        since, full = datetime.now(UTC), 'clinicpbx_disk_full{place="home"}'
        await talk(floor, 2)
        await floor.recorded(since, 2)
        for _ in range(2):
            fill(home / "ballast")
            await eventually(lambda: not (home / "reserve").exists(), 5)
        await eventually(lambda: measured(floor, full) == 1, 10)
        await talk(floor, 10)
        assert os.statvfs(home).f_bavail == 0
        (home / "ballast").unlink()
        records = await floor.recorded(since, 12, within=45)
        assert Counter(row["outcome"] for row in records) == {"answered": 12}
        assert all(row["version"] and row["flow"] == "main" for row in records), "what the daemon decided is known, too"
        await eventually(lambda: measured(floor, full) == 0, 10)
        assert lost_rows(floor) == 0
