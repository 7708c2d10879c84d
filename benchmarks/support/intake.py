"""How fast spooled rows become records: all that waits at once, and calls as they come."""

import asyncio
import gc
import resource
import time
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.support.spooled import Spools, mix
from clinicpbx.adapters.db.tables import interaction
from clinicpbx.adapters.spool.reader import spools
from clinicpbx.daemon.records_runtime import RecordsRuntime
from tests.support.record_database import make_instance

PAUSE = 0.05  # as the listener waits for the last rows of a call


async def nobody() -> set[str]:
    return set()


def megabytes() -> float:
    """The most memory that this process had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Intake:
    """A listener of its own instance in *folder*, writing to *engine*."""

    def __init__(self, engine: AsyncEngine, folder: Path) -> None:
        gc.set_threshold(100_000)  # as the listener does
        instance = make_instance(folder)
        found = spools(instance.cdr_spool, instance.cel_spool, instance.journal)
        self._engine, self._runtime = engine, RecordsRuntime(engine, found, nobody)
        self._spools, self._mix, self._made = Spools(instance), mix(), 0

    def write(self, calls: int) -> list[str]:
        """Spools *calls* calls that end now; their ids."""
        now, first = int(time.time()), self._made
        self._made += calls
        made = [
            self._mix[n % 100].call(n, f"+1{2_120_000_000 + n * 7919 % 9_000_000}", now)
            for n in range(first, self._made)
        ]
        self._spools.write(made)
        return [call for call, *_ in made]

    async def backlog(self, calls: int) -> dict[str, float]:
        """Calls a second, and CPU time a call, where *calls* wait."""
        for _ in range(0, calls, 500):
            self.write(500)
        start, cpu = time.perf_counter(), time.process_time()
        while not await self._runtime.step():
            pass
        took, used = time.perf_counter() - start, time.process_time() - cpu
        return {"calls_per_s": calls / took, "calls_per_cpu_s": calls / used}

    async def live(self, rate: int, seconds: int) -> dict[str, float]:
        """How long after its last row a call is on record, in seconds, where *rate* calls a second end."""
        waiting, waits, before, n = dict[str, float](), list[float](), megabytes(), 0
        start = time.perf_counter()
        while (now := time.perf_counter()) < start + seconds or (waiting and now < start + 4 * seconds):
            due = min(int((now - start) * rate), rate * seconds) - n
            if due:
                written = time.perf_counter()
                waiting |= dict.fromkeys(self.write(due), written)
                n += due
            await self._runtime.step()
            async with self._engine.connect() as connection:
                found = select(interaction.c.call).where(interaction.c.call.in_(waiting))
                seen = (await connection.execute(found)).scalars().all()
            waits += [time.perf_counter() - waiting.pop(call) for call in seen]
            await asyncio.sleep(PAUSE)
        waits += [float("inf")] * len(waiting)
        p50, p99 = (sorted(waits)[int(len(waits) * part)] for part in (0.5, 0.99))
        return {"live_rate": rate, "visible_p50_s": p50, "visible_p99_s": p99, "grown_mb": megabytes() - before}
