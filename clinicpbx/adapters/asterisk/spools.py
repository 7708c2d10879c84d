"""The two SQLite files Asterisk writes its call records to; they must exist in WAL mode before it starts."""

import secrets
import sqlite3
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


def cdr_fields() -> list[str]:
    """The CDR's fields as Asterisk is to write them: times as seconds with fractions."""
    return [f"{column}(double)" if column in CDR_TIMES else column for column in CDR_COLUMNS]


def make_spools(instance: Instance) -> None:
    """Create both spools where they are missing; existing rows stay."""
    _make(instance.cdr_spool, "cdr", CDR_COLUMNS)
    _make(instance.cel_spool, "cel", CEL_COLUMNS)


def _make(path: Path, table: str, columns: tuple[str, ...]) -> None:
    """A WAL database with *table* and `spool(id)`, a random name by which a reader knows a replaced file."""
    path.touch(mode=OWNER)
    names = ", ".join(f'"{column}"' for column in columns)
    with sqlite3.connect(path, timeout=10) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute(f'CREATE TABLE IF NOT EXISTS "{table}" (AcctId INTEGER PRIMARY KEY AUTOINCREMENT, {names})')
        database.execute("CREATE TABLE IF NOT EXISTS spool (id TEXT NOT NULL)")
        database.execute("INSERT INTO spool SELECT ? WHERE NOT EXISTS (SELECT 1 FROM spool)", (secrets.token_hex(16),))
    database.close()
