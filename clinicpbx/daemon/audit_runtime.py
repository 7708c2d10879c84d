"""The listener's care for the audit log: entries that wait are brought in, checkpoints signed and handed over."""

import time
from datetime import UTC, datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.audit import append
from clinicpbx.core.audit.entry import Entry
from clinicpbx.daemon.audit_key import make_audit_key
from clinicpbx.daemon.audit_trail import bring_in
from clinicpbx.daemon.checkpoints import Checkpoints
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings

LOOKED = 15.0  # seconds between two looks at the chain
log = structlog.get_logger(__name__)


class AuditRuntime:
    """One step at a time, beside the records, which go on whatever is wrong with files and keys of the audit log."""

    def __init__(self, instance: Instance, settings: Settings, engine: AsyncEngine) -> None:
        self._instance, self._settings, self._engine = instance, settings, engine
        self._checkpoints: Checkpoints | None = None
        self._look_at = 0.0
        self._trouble = ""

    @property
    def sound(self) -> bool:
        """False while a file or the key is not as it must be, and once the chain was found to be tampered with."""
        return not self._trouble and (self._checkpoints is None or self._checkpoints.fault is None)

    async def step(self) -> None:
        """Raises what the database raises (SQLAlchemyError); the next step goes on from there."""
        try:
            await self._step()
        except (OSError, ValueError, ClinicPBXError) as fault:
            self._look_at = time.monotonic() + LOOKED
            if str(fault) != self._trouble:
                log.error("the audit log's files are not as they must be", reason=str(fault))
            self._trouble = str(fault)

    async def _step(self) -> None:
        if moved := await bring_in(self._instance, self._engine):
            log.info("audit entries that waited are in the chain", entries=moved)
        if time.monotonic() < self._look_at:
            return
        if self._checkpoints is None:
            await self._begin()
        else:
            await self._checkpoints.step()
        self._look_at, self._trouble = time.monotonic() + LOOKED, ""

    async def _begin(self) -> None:
        if make_audit_key(self._instance):
            async with self._engine.begin() as connection:
                await append(connection, Entry("system", "keys.make", "audit.key"))
        self._checkpoints = Checkpoints(self._instance, self._settings, self._engine, lambda: datetime.now(UTC))
        await self._checkpoints.step()
