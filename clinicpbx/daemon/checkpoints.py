"""Follows the audit log, signs how far it has grown, and hands the signed statements to places off this machine."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters import syslog
from clinicpbx.adapters.db.audit import rows_after
from clinicpbx.adapters.vault.durable import create_durably
from clinicpbx.core.audit.checkpoint import Checkpoint, Signed, notes, parse_note
from clinicpbx.core.audit.verify import Chain, Fault, compare
from clinicpbx.daemon.audit_files import alone
from clinicpbx.daemon.audit_key import AuditKey
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings

FILE = "checkpoints"
BATCH = 5000
EVERY, ROWS = timedelta(minutes=10), 1000
log = structlog.get_logger(__name__)


def kept(instance: Instance) -> list[Signed]:
    """The checkpoints in HOME/audit/checkpoints. Errors: ValueError where there is anything else."""
    try:
        return [parse_note(note) for note in notes((instance.audit / FILE).read_text())]
    except FileNotFoundError:
        return []


async def follow(engine: AsyncEngine, chain: Chain, batches: int | None = None) -> bool:
    """Feeds *chain* with what it has not seen yet, at most *batches* of rows; whether it has seen all, or a fault."""
    while batches is None or batches > 0:
        async with engine.connect() as connection:
            rows = await rows_after(connection, chain.seq or None, BATCH)
        if chain.feed(rows) is not None or len(rows) < BATCH:
            return True
        batches = None if batches is None else batches - 1
    return False


def sign(instance: Instance, key: AuditKey, chain: Chain, at: datetime) -> Signed:
    """A checkpoint of *chain* as it is now, kept in HOME/audit/checkpoints."""
    moment = at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    signed = key.sign(Checkpoint(key.origin, chain.seq, chain.frontier.root(), moment))
    with alone(instance, FILE) as file:
        file.write(f"{signed.note}\n".encode())
    return signed


def hand_over(settings: Settings, signed: Signed) -> int:
    """Gives *signed* to the anchors that are set; how many took it. Errors: OSError where one does not."""
    if settings.audit_syslog:
        line = json.dumps({"checkpoint": signed.note})
        at = datetime.fromisoformat(signed.checkpoint.at)
        syslog.send(settings.audit_syslog, syslog.message("clinicpbx", "checkpoint", line, at))
    if settings.audit_folder is not None:
        name = f"{signed.checkpoint.origin.replace('/', '-')}-{signed.checkpoint.size:012}.checkpoint"
        # what stands there already is never written over
        create_durably(Path(settings.audit_folder) / name, signed.note.encode())
    return bool(settings.audit_syslog) + (settings.audit_folder is not None)


class Checkpoints:
    """The listener's part: a checkpoint every ten minutes in which something was written, or every 1,000 rows.

    A log that does not verify, or is not the one last signed, is signed no more: *fault* says so.
    """

    def __init__(
        self, instance: Instance, settings: Settings, engine: AsyncEngine, clock: Callable[[], datetime]
    ) -> None:
        self._instance, self._settings, self._engine, self._clock = instance, settings, engine, clock
        self._key = AuditKey(instance)
        self._last = max(kept(instance), key=lambda each: each.checkpoint.size, default=None)
        self._signed_at, self._told = clock(), -1
        self._unproved = [self._last.checkpoint] if self._last else []
        self._chain = Chain(each.size for each in self._unproved)
        self.fault: Fault | None = None

    async def step(self) -> None:
        """Some ten thousand rows' work at most. Raises what the database raises."""
        if self.fault is not None or not await follow(self._engine, self._chain, 4):
            return
        self._judge()
        if self.fault is None and self._due():
            self._last = sign(self._instance, self._key, self._chain, self._clock())
            self._signed_at = self._clock()
        await self._tell()

    def _judge(self) -> None:
        fault = self._chain.fault
        if fault is None and self._unproved:
            fault = next(iter(compare(self._unproved, self._chain.roots, self._chain.seq)), None)
            self._unproved = []
        if fault is not None:
            self.fault = fault
            log.critical("the audit log was tampered with; see clinicpbx audit verify", seq=fault.seq, what=fault.what)

    def _due(self) -> bool:
        grown = self._chain.seq - (self._last.checkpoint.size if self._last else 0)
        return grown >= ROWS or (grown > 0 and self._clock() - self._signed_at >= EVERY)

    async def _tell(self) -> None:
        if self._last is None or self._told >= self._last.checkpoint.size:
            return
        try:
            await asyncio.to_thread(hand_over, self._settings, self._last)
            self._told = self._last.checkpoint.size
        except OSError as fault:
            log.error("a checkpoint did not leave this machine; it is tried again", error=type(fault).__name__)
