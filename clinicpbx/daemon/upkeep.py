"""What goes wrong while nobody looks: the certificate runs out, the disk is full, rows of call records get lost."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from clinicpbx.adapters.asterisk.certificate import days_left
from clinicpbx.adapters.asterisk.lost_rows import LostRows
from clinicpbx.adapters.asterisk.spools import keep_room
from clinicpbx.adapters.metrics import Metrics
from clinicpbx.adapters.reserve import keep
from clinicpbx.daemon.record_folders import record_folders
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings

log = structlog.get_logger(__name__)

CERTIFICATE_EVERY = timedelta(hours=1)
LOG_EVERY = timedelta(seconds=10)
REMEMBERED = timedelta(days=1)
WARN_BELOW = (30, 7, 1)
"""Days; one warning at each."""
Fact = Callable[[str, datetime, str, Mapping[str, object]], None]


class Upkeep:
    """Looks now and then; `told` is of the last look. *fact*: the journal's, for what people have to be told."""

    def __init__(self, instance: Instance, settings: Settings, metrics: Metrics, fact: Fact) -> None:
        self._instance, self._metrics, self._fact = instance, metrics, fact
        self._folders = record_folders(instance, settings)
        self._full: set[str] = set()
        self._lost = LostRows(instance.asterisk / "log" / "messages")
        self._certificate_at: datetime | None = None
        self._log_at: datetime | None = None
        self._warned: int | None = None
        self._days: int | None = None
        self._losses: list[tuple[datetime, int]] = []
        for spool in ("cdr", "cel"):
            metrics.lost_rows.labels(spool)

    def look(self, at: datetime) -> None:
        """Every second."""
        if self._certificate_at is None or at >= self._certificate_at:
            self._certificate_at = at + CERTIFICATE_EVERY
            self._look_at_certificate(at)
        if self._log_at is None or at >= self._log_at:
            self._log_at = at + LOG_EVERY
            self._look_at_log(at)
            keep_room(self._instance)
        self._look_at_room(at)

    def told(self) -> dict[str, Any]:
        """For the status: whole days (None: no certificate can be read), rows lost in the last REMEMBERED, and which
        file systems are full."""
        lost = sum(rows for _, rows in self._losses)
        return {"certificate_days_left": self._days, "lost_rows": lost, "disk_full": sorted(self._full)}

    def _look_at_room(self, at: datetime) -> None:
        """Gives the reserve back before a row finds no room, and says so once."""
        for place in keep(self._folders):
            self._metrics.full.labels(place.name).set(place.full)
            if place.full and place.name not in self._full:
                log.error("the disk is full; records live on what was kept back", place=place.name, bytes=place.free)
                about = f"disk-{place.name}-{at:%Y%m%dT%H%M}"
                self._fact(about, at, "notify", {"kind": "disk_full", "about": about})
            elif not place.full and place.name in self._full:
                log.info("there is room again", place=place.name)
            (self._full.add if place.full else self._full.discard)(place.name)

    def _look_at_certificate(self, at: datetime) -> None:
        days = days_left(self._instance, at)
        self._days = None if days is None else int(days // 1)
        self._metrics.certificate.set(float("nan") if days is None else days)
        below = min((limit for limit in WARN_BELOW if days is None or days < limit), default=None)
        if below is not None and below != self._warned:
            log.warning("the TLS certificate must be renewed", days_left=self._days)
        self._warned = below

    def _look_at_log(self, at: datetime) -> None:
        self._losses = [(when, rows) for when, rows in self._losses if at - when < REMEMBERED]
        lost = self._lost.look()
        for spool, rows in lost.items():
            self._metrics.lost_rows.labels(spool).inc(rows)
        if lost:
            self._losses.append((at, lost.total()))
            log.error("Asterisk could not write rows of call records", rows=lost.total())
