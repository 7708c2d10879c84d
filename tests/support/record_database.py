"""Spools filled from tables of calls, and an empty main database."""

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from clinicpbx.adapters.asterisk.spools import make_spools
from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.adapters.db.migrate import upgrade
from clinicpbx.core.records.rows import CDR_COLUMNS, CEL_COLUMNS, FACT_COLUMNS
from clinicpbx.paths import Instance
from tests.support.record_tables import Table

FACTS = """CREATE TABLE IF NOT EXISTS
fact(id INTEGER PRIMARY KEY AUTOINCREMENT, call TEXT, at TEXT, kind TEXT, body TEXT)"""

ID = re.compile(r"(\b(?:clinic|test[0-9]+)|(?<!cpbx-)\b(?:listen|selftest)-(?:rules|fallback))-(?=[0-9])")
"""How the ids of calls and of test calls begin."""


def make_instance(home: Path) -> Instance:
    """The spools of an instance in *home*, empty, as Asterisk and the daemon find them."""
    instance = Instance(home)
    for folder in (instance.cdr_spool.parent, instance.run, instance.keys):
        folder.mkdir(parents=True, exist_ok=True)
    make_spools(instance)
    with sqlite3.connect(instance.journal) as journal:
        journal.execute("PRAGMA journal_mode=WAL")
        journal.execute(FACTS)
    journal.close()
    return instance


def write(path: Path, table: str, columns: Iterable[str], rows: Iterable[Mapping[str, str]]) -> None:
    """Adds *rows* to a spool, as its writer does."""
    names = list(columns)
    quoted = ", ".join(f'"{name}"' for name in names)
    marks = ", ".join("?" * len(names))
    with sqlite3.connect(path, timeout=30) as spool:
        spool.executemany(
            f"INSERT INTO {table} ({quoted}) VALUES ({marks})", [[row[name] for name in names] for row in rows]
        )
    spool.close()


def write_call(instance: Instance, call: Table, *suffixes: str) -> None:
    """Writes every row of *call*, once for each of *suffixes*, which makes its ids those of another call."""

    def others(rows: Sequence[Mapping[str, str]]) -> Iterator[dict[str, str]]:
        for suffix in suffixes or ("",):
            for row in rows:
                yield {key: ID.sub(lambda id: f"{id[1]}{suffix}-", value) for key, value in row.items()}  # noqa: B023

    write(instance.cel_spool, "cel", CEL_COLUMNS, others(call.cel))
    write(instance.cdr_spool, "cdr", CDR_COLUMNS, others(call.cdr))
    write(instance.journal, "fact", FACT_COLUMNS, others(call.fact))


async def make_database(url: str) -> None:
    """The newest schema at *url*."""
    engine = make_engine(url, migrates=True)
    await upgrade(engine)
    await engine.dispose()
