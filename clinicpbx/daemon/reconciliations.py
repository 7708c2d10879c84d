"""How the call records came out even: kept hour by hour, and told to people where they do not."""

import json
import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.outbox import announce
from clinicpbx.adapters.db.reconcile import Reconciliation

log = structlog.get_logger(__name__)
EVERY = timedelta(hours=1)
KEPT, SHOWN = 1000, 5
Row = dict[str, Any]


def reconciled(path: Path) -> list[Row]:
    """What was kept in *path*, oldest first; nothing where there is no such file, torn lines left out."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return []
    return [row for line in lines if (row := _row(line))]


def _row(line: str) -> Row | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


class Reconciliations:
    """What was counted is kept once an hour, and whenever the differences are others than before.

    A difference is told once it was there twice in a row: a row that is on its way is none.
    """

    def __init__(self, path: Path, engine: AsyncEngine) -> None:
        self._path, self._engine = path, engine
        self._kept_at: datetime | None = None
        self._before: Mapping[str, tuple[str, ...]] = {}
        self._told = False

    async def take(self, counts: Reconciliation, at: datetime) -> None:
        """Errors: what the database raises."""
        found = counts.differences
        if lasting := [name for name in found if set(found[name]) & set(self._before.get(name, ()))]:
            await self._tell(lasting, at)
        else:
            self._told = bool(found) and self._told
        if found != self._before or self._kept_at is None or not timedelta() <= at - self._kept_at < EVERY:
            self._before, self._kept_at = found, at
            self._keep(counts, at)

    async def _tell(self, names: list[str], at: datetime) -> None:
        if self._told:
            return
        async with self._engine.begin() as connection:
            await announce(connection, "records_unreconciled", f"records-{at:%Y%m%dT%H%M}", {"names": names}, at=at)
        self._told = True
        log.error("call records do not come out even", differences=names)

    def _keep(self, counts: Reconciliation, at: datetime) -> None:
        """No names or numbers: ids of channels and calls alone."""
        row = {
            "at": at.isoformat(timespec="seconds"),
            "started": counts.started,
            "ended": counts.ended,
            "alive": counts.alive,
            "interrupted": counts.lost,
            "unreconciled": counts.unreconciled,
            "differences": {name: len(ids) for name, ids in counts.differences.items()},
            "for_example": {name: ids[:SHOWN] for name, ids in counts.differences.items()},
        }
        fresh = self._path.with_suffix(".new")
        try:
            fresh.write_text("".join(f"{json.dumps(each)}\n" for each in [*reconciled(self._path), row][-KEPT:]))
            os.replace(fresh, self._path)
        except OSError as fault:
            log.error("what was counted could not be kept", error=type(fault).__name__)
