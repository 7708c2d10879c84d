"""Moves the three spools into the main database and assembles records; can be killed at any line."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.ingest import Cursor, ingest, read_cursor, restarted
from clinicpbx.adapters.db.reconcile import Reconciliation, mark_lost, reconcile
from clinicpbx.adapters.db.records import NO_RULES, assemble_pending
from clinicpbx.adapters.db.tally_proof import count_in
from clinicpbx.adapters.spool.reader import BATCH, Spool
from clinicpbx.core.rulebook import Rulebook

MARGIN = 1000
BATCHES, LEAST = 10, 100
Alive = Callable[[], Awaitable[Collection[str] | None]]
log = structlog.get_logger(__name__)


@dataclass
class RecordsRuntime:
    """One listener's work. *alive* asks Asterisk for its channels' uniqueids, None if it does not answer.

    *silence*: how long a group must have written nothing before its missing channels count as lost. *window*: how
    far back is counted. *clock*: aware UTC. *book*: the rules for the inbox, and whose days the tallies count.
    *delay* is told of each new record how many seconds after the call's end it was there. *lives*: called now and then
    in long work.
    """

    engine: AsyncEngine
    spools: tuple[Spool, ...]
    alive: Alive
    silence: timedelta = timedelta(seconds=10)
    window: timedelta = timedelta(hours=25)
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    book: Callable[[], Rulebook] = lambda: NO_RULES
    delay: Callable[[float], None] = lambda seconds: None
    lives: Callable[[], object] = lambda: None
    moved: int = 0
    faults: int = 0

    def __post_init__(self) -> None:
        self._cursors: dict[str, Cursor] = {}
        self._waiting: dict[str, int] = {}  # rows, by the spool's kind
        self._zone: ZoneInfo | None = None

    async def step(self) -> bool:
        """Moves and assembles what there is, at most some seconds' work; whether all is done.

        Raises what the databases raise; what was not committed is done again by the next step.
        """
        drained = False
        for _ in range(BATCHES):
            limits = self._limits()
            if drained := all([await self._move(spool, limits[spool.kind]) for spool in self.spools]):
                break
        return await self._assemble() and drained

    def _limits(self) -> dict[str, int]:
        """How many rows of each spool to move at once: in the proportion in which they were seen to wait, so that what
        moves is whole calls, each to be assembled once."""
        waiting = {spool.kind: self._waiting.get(spool.kind, 0) for spool in self.spools}
        most = max(waiting.values())
        return {kind: max(BATCH * rows // most, LEAST) if most else BATCH for kind, rows in waiting.items()}

    async def _cursor(self, kind: str) -> Cursor:
        return self._cursors.get(kind) or await read_cursor(self.engine, kind)

    async def _move(self, spool: Spool, limit: int) -> bool:
        """Moves at most *limit* rows; whether there were no more."""
        at = await self._cursor(spool.kind)
        found = await asyncio.to_thread(spool.after, at.position, limit)
        if not at.valid_for(found.identity, found.last, found.mark):
            if not found.last:
                return True
            at = restarted(spool.kind, found.identity)
            found = await asyncio.to_thread(spool.after, 0, limit)
        if found.rows:
            # forgotten while it moves: after a failed commit the database alone knows how far it came
            self._cursors.pop(spool.kind, None)
            at = await ingest(self.engine, at, found.rows, found.end)
            self.moved += len(found.rows)
            await asyncio.to_thread(spool.prune, at.position - MARGIN, 2 * BATCH)
        if at.spool:
            self._cursors[spool.kind] = at
        self._waiting[spool.kind] = max(found.last - at.position, 0)
        return len(found.rows) < limit

    async def _in_zone(self) -> None:
        book = self.book()
        zone = book.notify.zone
        if book.version and zone != self._zone:
            if await count_in(self.engine, zone, self.lives):
                log.info("the tallies count the days of another zone", zone=zone.key)
            self._zone = zone

    async def _assemble(self) -> bool:
        await self._in_zone()
        for _ in range(BATCHES):
            done = await assemble_pending(self.engine, book=self.book())
            for ended in done.ended:
                self.delay(max((self.clock() - ended).total_seconds(), 0.0))
            for fault in done.faults:
                self.faults += 1
                log.error("a call's record could not be assembled", error=type(fault).__name__)
            if not done.waiting:
                return True
        return False

    async def sweep(self) -> int:
        """Finds channels whose end Asterisk never wrote, and records their calls as interrupted; their number."""
        living = await self.alive()
        # with rows still to read nothing can be said about ends
        if living is None or not await self.step():
            return 0
        lost = await mark_lost(self.engine, living, self.clock() - self.silence)
        await self._assemble()
        return lost

    async def reconcile(self) -> Reconciliation | None:
        """The counts of the window; None while rows are still to be read."""
        living = await self.alive()
        if not await self.step():
            return None
        now = self.clock()
        return await reconcile(self.engine, living, now - self.window, now)

    def forget(self) -> None:
        """Reads the cursors anew at the next step: the database was away."""
        self._cursors.clear()
