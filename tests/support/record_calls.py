"""Records situations anew: `python -m tests.support.record_calls [NAME...]`, or `--describe` for the records alone.

Each situation is dialled on a bed of its own clinic; what Asterisk and the daemon wrote is pasted into
tests/scenario/records, with the record that it gives. Read that record before you commit it.
"""

import asyncio
import sys
import tempfile
import traceback
from pathlib import Path

from clinicpbx.demo.phones import Phones
from tests.support import situations, situations_lost, situations_queues
from tests.support.bed import running_bed
from tests.support.recorder import FOLDER, SITUATIONS, Situation, Stage, describe_anew, mark, paste, written

WRITTEN = (situations, situations_queues, situations_lost)


async def _record(stage: Stage, one: Situation) -> bool:
    try:
        async with Phones() as phones, asyncio.timeout(120):
            await stage.ready()
            since = mark(stage)
            try:
                await one.act(stage, phones)
            finally:
                await stage.home_time()
    except Exception:
        traceback.print_exc()
        return False
    found = written(stage, since)
    for name, table in zip(one.names, found, strict=False):
        if name:
            paste(name, table)
    print(f"{', '.join(filter(None, one.names))}: {len(found)} calls", flush=True)
    return len(found) >= len(one.names)


async def _all(wanted: list[str]) -> list[str]:
    failed = []
    with tempfile.TemporaryDirectory() as folder, running_bed(Path(folder) / "home", "info") as bed:
        stage = Stage(bed)
        for one in SITUATIONS:
            if (not wanted or set(wanted) & set(one.names)) and not await _record(stage, one):
                failed += one.names
    return failed


def main(wanted: list[str]) -> int:
    if wanted == ["--describe"]:
        for file in FOLDER.glob("*.txt"):
            describe_anew(file)
        return 0
    failed = asyncio.run(_all(wanted))
    print("not recorded:", ", ".join(failed) or "none")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
