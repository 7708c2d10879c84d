"""Moves the three spools into the main database and assembles records; can be killed at any line."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.ingest import Cursor, ingest, read_cursor, restarted
from clinicpbx.adapters.db.reconcile import Reconciliation, mark_lost, reconcile
from clinicpbx.adapters.db.records import assemble_pending
from clinicpbx.adapters.spool.reader import BATCH, Spool

MARGIN = 1000
WINDOW = timedelta(hours=25)
Alive = Callable[[], Awaitable[Collection[str] | None]]
log = structlog.get_logger(__name__)


@dataclass
class RecordsRuntime:
    """One listener's work. *alive* asks Asterisk for its channels' uniqueids, None if it does not answer.

    *silence*: how long a group must have written nothing before its missing channels count as lost.
    """

    engine: AsyncEngine
    spools: tuple[Spool, ...]
    alive: Alive
    silence: timedelta = timedelta(seconds=10)
    moved: int = 0
    assembled: int = 0
    faults: int = 0

    def __post_init__(self) -> None:
        self._cursors: dict[str, Cursor] = {}

    async def step(self) -> int:
        """Moves and assembles everything there is; the number of rows moved. Raises what the databases raise."""
        count = 0
        for spool in self.spools:
            count += await self._drain(spool)
        await self._assemble()
        return count

    async def _drain(self, spool: Spool) -> int:
        count = 0
        while True:
            at = self._cursors.get(spool.kind) or await read_cursor(self.engine, spool.kind)
            found = await asyncio.to_thread(spool.after, at.position)
            if not at.valid_for(found.identity, found.last, found.mark):
                if not found.last:
                    return count
                at = restarted(spool.kind, found.identity)
                found = await asyncio.to_thread(spool.after, 0)
            if found.rows:
                # forgotten while it moves: after a failed commit the database alone knows how far it came
                self._cursors.pop(spool.kind, None)
                at = await ingest(self.engine, at, found.rows, found.end)
                count, self.moved = count + len(found.rows), self.moved + len(found.rows)
            if at.spool:
                self._cursors[spool.kind] = at
            if len(found.rows) < BATCH:
                await asyncio.to_thread(spool.prune, at.position - MARGIN)
                return count

    async def _assemble(self) -> None:
        while True:
            count, faults = await assemble_pending(self.engine)
            self.assembled += count
            for fault in faults:
                self.faults += 1
                log.error("a call's record could not be assembled", error=type(fault).__name__)
            if not count:
                return

    async def sweep(self) -> int:
        """Finds channels whose end Asterisk never wrote, and records their calls as interrupted; their number."""
        living = await self.alive()
        if living is None:
            return 0
        await self.step()
        lost = await mark_lost(self.engine, living, datetime.now(UTC) - self.silence)
        await self._assemble()
        return lost

    async def reconcile(self) -> Reconciliation:
        """The counts of the last day; what began in the last seconds is not settled and not counted."""
        living = await self.alive()
        await self.step()
        return await reconcile(self.engine, living, datetime.now(UTC) - WINDOW)

    def forget(self) -> None:
        """Reads the cursors anew at the next step: the database was away."""
        self._cursors.clear()
