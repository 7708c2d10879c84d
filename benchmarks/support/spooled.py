"""Whole calls as Asterisk and the daemon spool them: real rows, with other ids, numbers and times."""

import re
import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from clinicpbx.core.records.rows import CDR_COLUMNS, CEL_COLUMNS, FACT_COLUMNS
from clinicpbx.paths import Instance
from tests.support.record_tables import Table, read_table

SITUATIONS = Path(__file__).parents[2] / "tests" / "scenario" / "records"
MIX = (
    *(["no_answer_then_next"] * 60),
    *(["blind_transfer"] * 20),
    *(["attended_transfer"] * 10),
    *(["abandoned_while_ringing"] * 7),
    *(["voicemail_hung_up_midway"] * 3),
)
CALLER = "+12125550147"
CELL, ROW, SPOOL = "\x1f", "\x1e", "\x1d"
Rows = list[list[str]]


class Spooled:
    """One situation, to be written as any number of calls; *lasts* seconds."""

    def __init__(self, table: Table) -> None:
        kinds = ((CEL_COLUMNS, table.cel), (CDR_COLUMNS, table.cdr), (FACT_COLUMNS, table.fact))
        cells = (ROW.join(CELL.join(row[name] for name in names) for row in rows) for names, rows in kinds)
        text = SPOOL.join(cells).replace("{", "{{").replace("}", "}}").replace(CALLER, "{number}")
        text = re.sub(r"\bclinic-\d+\.", "{id}", text)
        began = int(float(table.cel[0]["eventtime"]))
        self.lasts = max(float(row["eventtime"]) for row in table.cel) - began
        for second in range(int(self.lasts) + 2):
            iso = datetime.fromtimestamp(began + second, UTC).isoformat()[:19]
            text = text.replace(f"{began + second}.", f"{{epoch[{second}]}}.").replace(iso, f"{{iso[{second}]}}")
        self._text = text
        self.id = table.cel[0]["uniqueid"].split(".")[1]

    def call(self, n: int, number: str, ended: int) -> tuple[str, Rows, Rows, Rows]:
        """Its id, and the rows of CEL, CDR and facts of call *n* from *number*, that ended in that second (epoch)."""
        began = ended - int(self.lasts)
        seconds = range(began, began + int(self.lasts) + 2)
        iso = [datetime.fromtimestamp(second, UTC).isoformat()[:19] for second in seconds]
        id = f"clinic-{began}.{n:08}"
        filled = self._text.format(id=id, number=number, epoch=seconds, iso=iso)
        cel, cdr, fact = ([row.split(CELL) for row in part.split(ROW) if row] for part in filled.split(SPOOL))
        return id + self.id, cel, cdr, fact


def mix() -> list[Spooled]:
    """A hundred calls as they come."""
    read = {name: Spooled(read_table(SITUATIONS / f"{name}.txt")) for name in set(MIX)}
    return [read[MIX[n * 37 % 100]] for n in range(100)]


class Spools:
    """The three spools of an instance, written as their writers do: each batch is a transaction."""

    def __init__(self, instance: Instance) -> None:
        plan = ((instance.cel_spool, "cel", CEL_COLUMNS), (instance.cdr_spool, "cdr", CDR_COLUMNS))
        self._open = [
            (sqlite3.connect(path, timeout=30), self._insert(table, names))
            for path, table, names in (*plan, (instance.journal, "fact", FACT_COLUMNS))
        ]

    @staticmethod
    def _insert(table: str, names: Iterable[str]) -> str:
        quoted = [f'"{name}"' for name in names]
        return f"INSERT INTO {table} ({', '.join(quoted)}) VALUES ({', '.join('?' * len(quoted))})"

    def write(self, calls: Iterable[tuple[str, Rows, Rows, Rows]]) -> int:
        """Writes *calls*; how many rows."""
        parts: list[Rows] = [[], [], []]
        for _, *rows in calls:
            for part, more in zip(parts, rows, strict=True):
                part += more
        for (spool, insert), part in zip(self._open, parts, strict=True):
            with spool:
                spool.executemany(insert, part)
        return sum(map(len, parts))

    def close(self) -> None:
        for spool, _ in self._open:
            spool.close()
