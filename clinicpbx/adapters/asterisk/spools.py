"""The two SQLite files Asterisk writes its call records to; they must exist in WAL mode before it starts.

Asterisk writes a row once: on a full disk it would be gone. So both files have room of their own, which nobody
else can fill: free pages, and a write-ahead log that is as long as it ever gets.
"""

import ctypes
import os
import secrets
import sqlite3
from contextlib import suppress
from pathlib import Path

from clinicpbx.adapters.asterisk.files import OWNER
from clinicpbx.paths import Instance

CDR_COLUMNS = (
    "linkedid",
    "uniqueid",
    "sequence",
    "start",
    "answer",
    "end",
    "src",
    "dst",
    "clid",
    "channel",
    "dstchannel",
    "disposition",
    "userfield",
)
CDR_TIMES = frozenset({"start", "answer", "end"})
CEL_COLUMNS = (
    "eventtype",
    "eventtime",
    "linkedid",
    "uniqueid",
    "channame",
    "num",
    "name",
    "exten",
    "context",
    "appname",
    "eventextra",
)


ROOM = 8 << 20
"""Bytes in each file and its log: some thousand calls."""


def cdr_fields() -> list[str]:
    """The CDR's fields as Asterisk is to write them: times as seconds with fractions."""
    return [f"{column}(double)" if column in CDR_TIMES else column for column in CDR_COLUMNS]


def make_spools(instance: Instance) -> None:
    """Create both spools where they are missing; existing rows stay."""
    _make(instance.cdr_spool, "cdr", CDR_COLUMNS)
    _make(instance.cel_spool, "cel", CEL_COLUMNS)
    keep_room(instance)


def keep_room(instance: Instance) -> None:
    """Lengthens the write-ahead logs: SQLite removes them with the last connection. What is in them stays."""
    for spool in (instance.cdr_spool, instance.cel_spool):
        with suppress(OSError):  # no room to keep
            log = os.open(spool.with_name(f"{spool.name}-wal"), os.O_RDWR | os.O_CREAT, OWNER)
            try:
                # zeros are no frames: neither what is in the log nor its writer sees them. The system call alone will
                # do: where a file system has none, posix_fallocate writes, maybe over what Asterisk writes just now
                ctypes.CDLL(None).fallocate64(log, 0, ctypes.c_int64(0), ctypes.c_int64(ROOM))
            finally:
                os.close(log)


def _make(path: Path, table: str, columns: tuple[str, ...]) -> None:
    """A WAL database with *table* and `spool(id)`, a random name by which a reader knows a replaced file."""
    path.touch(mode=OWNER)
    names = ", ".join(f'"{column}"' for column in columns)
    with sqlite3.connect(path, timeout=10) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute(f'CREATE TABLE IF NOT EXISTS "{table}" (AcctId INTEGER PRIMARY KEY AUTOINCREMENT, {names})')
        database.execute("CREATE TABLE IF NOT EXISTS spool (id TEXT NOT NULL)")
        database.execute("INSERT INTO spool SELECT ? WHERE NOT EXISTS (SELECT 1 FROM spool)", (secrets.token_hex(16),))
    with suppress(sqlite3.Error):  # no room to keep
        _free_pages(database)
    database.close()


def _free_pages(database: sqlite3.Connection) -> None:
    """Pages that rows are written to before the file has to grow; those of deleted rows stay free."""
    (free,), (size,) = (database.execute(f"PRAGMA {name}").fetchone() for name in ("freelist_count", "page_size"))
    if free * size < ROOM:
        with database:
            database.execute("CREATE TABLE IF NOT EXISTS room (bytes BLOB)")
            database.execute("INSERT INTO room VALUES (zeroblob(?))", (ROOM,))
            database.execute("DELETE FROM room")
