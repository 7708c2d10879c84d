"""How fast the audit log is written and verified: `python -m benchmarks.audit --json`."""

import argparse
import asyncio
import json
import sqlite3
import tempfile
import time
from dataclasses import astuple
from datetime import UTC, datetime
from pathlib import Path

from clinicpbx.adapters.db.audit import append
from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.adapters.db.migrate import upgrade
from clinicpbx.core.audit.entry import Entry
from clinicpbx.core.audit.row import FIRST, row_after
from clinicpbx.core.audit.verify import Chain
from clinicpbx.daemon.checkpoints import follow

BAR = 100_000
"""Rows a second that one core must verify."""


def fill(path: Path, rows: int) -> None:
    """*rows* as a clinic writes them, straight into the file."""
    seq, hash = 0, FIRST
    with sqlite3.connect(path) as database:
        for _ in range(rows):
            entry = Entry("ana", "voicemail.export", f"frontdesk/m{seq}", {"call": f"clinic-{seq}.1", "how": "é"})
            row = row_after(seq, hash, entry, datetime.now(UTC))
            database.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?)", astuple(row))
            seq, hash = row.seq, row.hash
    database.close()


async def measure(path: Path, rows: int) -> dict[str, float]:
    migrating = make_engine(f"sqlite:///{path}", migrates=True)
    await upgrade(migrating)
    await migrating.dispose()
    fill(path, rows)
    engine = make_engine(f"sqlite:///{path}", writes=True)
    taken = []
    for _ in range(3):
        start, used = time.perf_counter(), time.process_time()
        chain = Chain()
        await follow(engine, chain)
        taken.append((time.perf_counter() - start, time.process_time() - used))
        assert chain.fault is None
        assert chain.seq == rows
    start = time.perf_counter()
    for _ in range(200):
        async with engine.begin() as connection:
            await append(connection, Entry("ana", "voicemail.export", "frontdesk/m1"))
    appended = (time.perf_counter() - start) / 200
    await engine.dispose()
    wall, cpu = min(taken)
    return {"rows_per_s": rows / wall, "rows_per_cpu_s": rows / cpu, "append_ms": appended * 1e3}


def main() -> None:
    """Prints words, then one line of JSON; exit code 1 below the bar."""
    parser = argparse.ArgumentParser(prog="benchmarks.audit", description=__doc__)
    parser.add_argument("--json", action="store_true", help="only the line of JSON")
    parser.add_argument("--rows", type=int, default=200_000, help="how long the log is")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results = asyncio.run(measure(Path(folder) / "main.db", given.rows))
    rounded = {name: round(value, 2) for name, value in results.items()}
    if not given.json:
        for name, value in rounded.items():
            print(f"{name.replace('_', ' '):>20} {value:>12}")
    print(json.dumps({"benchmark": "audit", "rows": given.rows, "bar_rows_per_s": BAR, **rounded}))
    raise SystemExit(results["rows_per_s"] < BAR)


if __name__ == "__main__":
    main()
