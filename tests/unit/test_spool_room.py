"""Room inside Asterisk's spools: it is there from the start, it is not the rows' business, and it comes back."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from clinicpbx.adapters.asterisk.spools import ROOM, keep_room, make_spools
from tests.support.record_database import make_instance

pytestmark = pytest.mark.unit


def free(path: Path) -> int:
    with closing(sqlite3.connect(path)) as spool:
        (pages,), (size,) = (spool.execute(f"PRAGMA {name}").fetchone() for name in ("freelist_count", "page_size"))
    return int(pages * size)


def test_the_room_is_there_from_the_start_and_rows_use_it(tmp_path: Path) -> None:
    instance = make_instance(tmp_path)
    log = instance.cel_spool.with_name("cel.db-wal")
    assert (log.stat().st_size, log.stat().st_blocks * 512) == (ROOM, ROOM)
    assert free(instance.cel_spool) >= ROOM
    assert not log.exists(), "SQLite removes it with the last connection"
    size = instance.cel_spool.stat().st_size
    with closing(sqlite3.connect(instance.cel_spool, isolation_level=None)) as asterisk:
        asterisk.executemany("INSERT INTO cel (name) VALUES (?)", [("x" * 1000,)] * 4000)
    assert instance.cel_spool.stat().st_size == size
    assert free(instance.cel_spool) < ROOM
    make_spools(instance)
    assert free(instance.cel_spool) >= ROOM


def test_a_log_in_use_is_lengthened_and_keeps_what_is_in_it(tmp_path: Path) -> None:
    instance = make_instance(tmp_path)
    log = instance.cel_spool.with_name("cel.db-wal")
    log.unlink()
    with closing(sqlite3.connect(instance.cel_spool, isolation_level=None)) as asterisk:
        for n in range(50):
            asterisk.execute("INSERT INTO cel (name) VALUES (?)", (str(n),))
            keep_room(instance)
        assert log.stat().st_size == ROOM
        with closing(sqlite3.connect(instance.cel_spool)) as listener:
            assert listener.execute("SELECT count(*), max(AcctId) FROM cel").fetchone() == (50, 50)
            assert listener.execute("PRAGMA integrity_check").fetchone() == ("ok",)
