"""What goes wrong while nobody looks: the TLS certificate runs out, rows of call records get lost."""

from datetime import datetime, timedelta
from typing import Any

import structlog

from clinicpbx.adapters.asterisk.certificate import days_left
from clinicpbx.adapters.asterisk.lost_rows import LostRows
from clinicpbx.adapters.metrics import Metrics
from clinicpbx.paths import Instance

log = structlog.get_logger(__name__)

CERTIFICATE_EVERY = timedelta(hours=1)
LOG_EVERY = timedelta(seconds=10)
REMEMBERED = timedelta(days=1)
WARN_BELOW = (30, 7, 1)
"""Days; one warning at each."""


class Upkeep:
    """Looks now and then; `told` is of the last look."""

    def __init__(self, instance: Instance, metrics: Metrics) -> None:
        self._instance, self._metrics = instance, metrics
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

    def told(self) -> dict[str, Any]:
        """For the status: whole days (None: no certificate can be read), and rows lost in the last REMEMBERED."""
        return {"certificate_days_left": self._days, "lost_rows": sum(rows for _, rows in self._losses)}

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
