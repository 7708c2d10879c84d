"""How fast the listener moves rows and makes records, against copying the rows alone; and whether its memory grows."""

import argparse
import asyncio
import json
import re
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.adapters.db.migrate import upgrade
from clinicpbx.adapters.spool.reader import BATCH, spools
from clinicpbx.core.records.rows import CEL_COLUMNS
from clinicpbx.daemon.records_runtime import RecordsRuntime
from clinicpbx.paths import Instance
from tests.support.record_database import make_instance, write_call
from tests.support.record_tables import read_table

CALL = Path(__file__).parents[1] / "tests" / "scenario" / "records" / "answered_from_queue.txt"


def most_memory() -> int:
    """The most this process ever held, in KiB."""
    return int(re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[0])


def copy(instance: Instance, target: Path) -> tuple[float, int]:
    """Seconds that the channel events alone take into a database that is as durable, in batches as large; how many."""
    copied, begun = 0, time.process_time()
    with closing(sqlite3.connect(target, isolation_level=None)) as main:
        main.execute("PRAGMA journal_mode=WAL")
        main.execute("PRAGMA synchronous=FULL")
        main.execute(f"CREATE TABLE cel (id INTEGER PRIMARY KEY, {', '.join(CEL_COLUMNS)})")
        with closing(sqlite3.connect(instance.cel_spool)) as spool:
            rows = spool.execute(f"SELECT {', '.join(CEL_COLUMNS)} FROM cel")
            while batch := rows.fetchmany(BATCH):
                main.execute("BEGIN IMMEDIATE")
                main.executemany(f"INSERT INTO cel VALUES (NULL, {', '.join('?' * len(CEL_COLUMNS))})", batch)
                main.execute("COMMIT")
                copied += len(batch)
    return time.process_time() - begun, copied


async def work(step: Callable[[], Awaitable[bool]]) -> float:
    begun = time.process_time()
    while not await step():
        pass
    return time.process_time() - begun


async def nobody() -> set[str]:
    return set()


async def measure(rows: int, folder: Path) -> dict[str, float]:
    instance, call = make_instance(folder), read_table(CALL)
    engine = make_engine(f"sqlite:///{folder}/main.db", migrates=True)
    await upgrade(engine)
    await engine.dispose()
    engine = make_engine(f"sqlite:///{folder}/main.db", writes=True)
    found = spools(instance.cdr_spool, instance.cel_spool, instance.journal)
    runtime = RecordsRuntime(engine, found, nobody)
    of_call = len(call.cel) + len(call.cdr) + len(call.fact)
    names = [f"b{n}" for n in range(rows // of_call)]
    warm = len(names) // 5
    write_call(instance, call, *names[:warm])
    await work(runtime.step)
    before = most_memory()
    write_call(instance, call, *names[warm:])
    written = (len(names) - warm) * of_call
    copied, cel = copy(instance, folder / "copy.db")
    spent = await work(runtime.step)
    await engine.dispose()
    return {
        "rows": written,
        "rows_per_cpu_second": round(written / spent),
        "times_the_cpu_of_copying": round(spent / written / (copied / cel), 1),
        "memory_grew_kib": most_memory() - before,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(measure(options.rows, Path(folder)))
    print(json.dumps(found) if options.json else "\n".join(f"{name:26} {value}" for name, value in found.items()))


if __name__ == "__main__":
    main()
