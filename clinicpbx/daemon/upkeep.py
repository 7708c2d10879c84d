"""What runs out while nobody looks: the certificate of the TLS transport."""

from datetime import datetime, timedelta
from typing import Any

import structlog

from clinicpbx.adapters.asterisk.certificate import days_left
from clinicpbx.adapters.metrics import Metrics
from clinicpbx.paths import Instance

log = structlog.get_logger(__name__)

EVERY = timedelta(hours=1)
WARN_BELOW = (30, 7, 1)
"""Days. A warning once for each, and every day below the last."""


class Upkeep:
    """Looks now and then; `told` is of the last look."""

    def __init__(self, instance: Instance, metrics: Metrics) -> None:
        self._instance, self._metrics = instance, metrics
        self._next: datetime | None = None
        self._warned = ""
        self._days: int | None = None

    def look(self, at: datetime) -> None:
        """Every second; reads at most once an hour."""
        if self._next is not None and at < self._next:
            return
        self._next = at + EVERY
        days = days_left(self._instance, at)
        self._days = None if days is None else int(days // 1)
        self._metrics.certificate.set(float("nan") if days is None else days)
        passed = [str(limit) for limit in WARN_BELOW if days is not None and days < limit]
        stage = "unreadable" if days is None else "".join(passed[-1:])
        if stage and stage != self._warned:
            log.warning("the TLS certificate must be renewed", days_left=self._days)
        self._warned = stage

    def told(self) -> dict[str, Any]:
        """For the status."""
        return {"certificate_days_left": self._days}
