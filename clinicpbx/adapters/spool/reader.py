"""Reads and prunes the SQLite files that Asterisk and the daemon write about calls."""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clinicpbx.core.records.rows import CDR_COLUMNS, CEL_COLUMNS, FACT_COLUMNS

BATCH = 5000


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows after a position, as ids and cells. *last* is the highest id the file ever gave out, 0 for a new file;
    *mark* is the digest of the row at the position, "" if it is not there; *end* is that of the last row read, else
    *mark*."""

    identity: str
    last: int
    mark: str
    end: str
    rows: tuple[tuple[int, tuple[str, ...]], ...]


NOTHING = Rows("", 0, "", "", ())


def _text(raw: bytes) -> str:
    """Callers choose their names: bytes that are no UTF-8 must not stop the reader, and PostgreSQL takes no NUL."""
    return raw.decode("utf-8", "replace").replace("\0", "\ufffd")


def _tables(database: sqlite3.Connection) -> set[str]:
    return {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def _sound(rows: Sequence[tuple[Any, ...]]) -> bool:
    """Whether no cell of *rows* is null or holds a NUL."""
    columns = list(zip(*rows, strict=True))[1:]
    return all(None not in column and "\0" not in "".join(column) for column in columns)


def _digest(row: tuple[object, ...]) -> str:
    return hashlib.sha256(repr(row).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Spool:
    """One file with one table of rows that only grows; *kind* is cdr, cel or fact. *reads*: a row as it goes on."""

    kind: str
    path: Path
    key: str
    columns: tuple[str, ...]
    reads: Callable[[tuple[str, ...]], tuple[str, ...]] = tuple

    @contextmanager
    def _open(self, mode: str) -> Iterator[sqlite3.Connection]:
        database = sqlite3.connect(f"file:{self.path}?mode={mode}", uri=True, timeout=2.0, isolation_level=None)
        try:
            yield database
        finally:
            database.close()

    def after(self, position: int, limit: int = BATCH) -> Rows:
        """At most *limit* rows with ids above *position*, in order.

        sqlite3.Error where the file cannot be read; an absent file has no rows, it comes with the daemon.
        """
        if not self.path.exists():
            return NOTHING
        # a reader of a WAL file must be able to write its index, hence not mode=ro
        with self._open("rw") as database:
            database.execute("BEGIN")
            tables = _tables(database)
            if self.kind not in tables:
                return NOTHING
            found = database.execute("SELECT id FROM spool").fetchone() if "spool" in tables else None
            last = self._last(database)
            rows = self._rows(database, position, limit + 1)
        mark = _digest(rows.pop(0)) if rows and rows[0][0] == position else ""
        rows = rows[:limit]
        end = _digest(rows[-1]) if rows else mark
        read = tuple((row[0], self.reads(row[1:])) for row in rows)
        return Rows(found[0] if found else "", last, mark, end, read)

    def _last(self, database: sqlite3.Connection) -> int:
        given = database.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (self.kind,)).fetchone()
        return given[0] if given else 0

    def _rows(self, database: sqlite3.Connection, position: int, limit: int) -> list[tuple[Any, ...]]:
        names = ", ".join(f'CAST("{column}" AS TEXT)' for column in self.columns)
        wanted = f'SELECT {self.key}, {names} FROM "{self.kind}" WHERE {self.key} >= ? ORDER BY {self.key} LIMIT ?'
        with suppress(sqlite3.OperationalError):  # not UTF-8
            rows = database.execute(wanted, (position, limit)).fetchall()
            if _sound(rows):
                return rows
        database.text_factory = _text
        return [tuple(cell or "" for cell in row) for row in database.execute(wanted, (position, limit))]

    def prune(self, below: int, limit: int = BATCH) -> int:
        """Deletes at most *limit* of the rows with ids below *below*; their number.

        Few, so that the writer waits little. Facts are the daemon's: journal.db has one writer.
        """
        if self.kind == "fact" or not self.path.exists():
            return 0
        with self._open("rw") as database:
            first = f'SELECT min({self.key}) FROM "{self.kind}"'
            return database.execute(
                f'DELETE FROM "{self.kind}" WHERE {self.key} < min(?, ({first}) + ?)', (below, limit)
            ).rowcount


def spools(
    cdr: Path, cel: Path, journal: Path, disclosed: Callable[[tuple[str, ...]], tuple[str, ...]] = tuple
) -> tuple[Spool, Spool, Spool]:
    """The three of an instance, in the order they are read: facts last, they complete what Asterisk wrote.

    *disclosed*: a fact with what the journal sealed in it.
    """
    return (
        Spool("cel", cel, "AcctId", CEL_COLUMNS),
        Spool("cdr", cdr, "AcctId", CDR_COLUMNS),
        Spool("fact", journal, "id", FACT_COLUMNS, disclosed),
    )
