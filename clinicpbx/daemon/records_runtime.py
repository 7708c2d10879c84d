"""Moves the three spools into the main database and assembles records; can be killed at any line."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.ingest import Batch, Cursor, read_cursor, restarted
from clinicpbx.adapters.db.intake import GROUPS, Assembled, take_in
from clinicpbx.adapters.db.reconcile import Reconciliation, mark_lost, reconcile
from clinicpbx.adapters.db.records import NO_RULES
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
        self._together = True

    async def step(self) -> bool:
        """Moves and assembles what there is, at most some seconds' work; whether all is done.

        Raises what the databases raise; what was not committed is done again by the next step.
        """
        done = await self._advance()
        await self._in_zone()
        return done

    async def _advance(self) -> bool:
        for _ in range(BATCHES):
            known, limits = any(self._waiting.values()), self._limits()
            read = [await self._read(spool, limits[spool.kind]) for spool in self.spools]
            full = any(len(batch.rows) >= limits[batch.at.kind] for batch in read)
            if full and not known:
                continue  # only now is it known how many rows wait
            if await self._take_in([batch for batch in read if batch.rows]) and not full:
                return True
        return False

    def _limits(self) -> dict[str, int]:
        """How many rows of each spool to move at once: in the proportion in which they were seen to wait, so that what
        moves is whole calls, each to be assembled once."""
        waiting = {spool.kind: self._waiting.get(spool.kind, 0) for spool in self.spools}
        most = max(waiting.values())
        return {kind: max(BATCH * rows // most, LEAST) if most else LEAST for kind, rows in waiting.items()}

    async def _cursor(self, kind: str) -> Cursor:
        return self._cursors.get(kind) or await read_cursor(self.engine, kind)

    async def _read(self, spool: Spool, limit: int) -> Batch:
        """At most *limit* rows that were not moved yet."""
        at = await self._cursor(spool.kind)
        found = await asyncio.to_thread(spool.after, at.position, limit)
        if found.last and not at.valid_for(found.identity, found.last, found.mark):
            at = restarted(spool.kind, found.identity)
            found = await asyncio.to_thread(spool.after, 0, limit)
        self._waiting[spool.kind] = max(found.last - at.position, len(found.rows))
        if at.spool:
            self._cursors[spool.kind] = at
        return Batch(at, found.rows, found.end)

    async def _take_in(self, batches: Sequence[Batch] = ()) -> bool:
        """Whether no group is left to be assembled."""
        # forgotten while rows move: after a failed commit the database alone knows how far it came
        for batch in batches:
            self._cursors.pop(batch.at.kind, None)
        # after a failure the next rows move without their records: it may be a record that cannot be written
        limit, self._together = GROUPS if self._together or not batches else 0, False
        done = await take_in(self.engine, batches, limit=limit, book=self.book())
        self._together = True
        self._tell(done)
        spools = {spool.kind: spool for spool in self.spools}
        for batch in batches:
            kind, moved = batch.at.kind, batch.moved
            self._cursors[kind] = moved
            self._waiting[kind] -= len(batch.rows)
            self.moved += len(batch.rows)
            await asyncio.to_thread(spools[kind].prune, moved.position - MARGIN, 2 * BATCH)
        return done.all

    def _tell(self, done: Assembled) -> None:
        for ended in done.ended:
            self.delay(max((self.clock() - ended).total_seconds(), 0.0))
        for fault in done.faults:
            self.faults += 1
            log.error("a call's record could not be assembled", error=type(fault).__name__)

    async def _in_zone(self) -> None:
        book = self.book()
        zone = book.notify.zone
        if book.version and zone != self._zone:
            if await count_in(self.engine, zone, self.lives):
                log.info("the tallies count the days of another zone", zone=zone.key)
            self._zone = zone

    async def sweep(self) -> int:
        """Finds channels whose end Asterisk never wrote, and records their calls as interrupted; their number."""
        living = await self.alive()
        # with rows still to read nothing can be said about ends
        if living is None or not await self.step():
            return 0
        lost = await mark_lost(self.engine, living, self.clock() - self.silence)
        for _ in range(BATCHES):
            if await self._take_in():
                break
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
