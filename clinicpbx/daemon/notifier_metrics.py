"""What the notifier counts, as a text file that Prometheus' node exporter can show."""

from collections.abc import Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge

from clinicpbx.daemon.metrics_file import read_metrics, write_metrics

FAILED = "clinicpbx_notices_failed"


class NotifierMetrics:
    """Gauges of one notifier; no names but states."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.waiting = Gauge("clinicpbx_notices_waiting", "To be sent, or tried again", registry=registry)
        self.failed = Gauge(FAILED, "Given up after a day: a person has to see to them", registry=registry)
        self.age = Gauge("clinicpbx_notices_oldest_seconds", "Age of the oldest that waits", registry=registry)
        self.sent = Gauge("clinicpbx_notices_sent", "Sent, last 32 days", registry=registry)
        self.database = Gauge("clinicpbx_notices_database_up", "1 while the main database answers", registry=registry)

    def count(self, counts: Mapping[str, int], oldest_seconds: float) -> None:
        self.waiting.set(counts["waiting"])
        self.failed.set(counts["failed"])
        self.sent.set(counts["sent"])
        self.age.set(oldest_seconds)

    def write(self, path: Path) -> None:
        """What is counted now, in *path*."""
        write_metrics(self.registry, path)


def failed_notices(path: Path) -> int:
    """How many notices the metrics in *path* say are given up; 0 where no notifier has written any."""
    return int(read_metrics(path).get(FAILED, 0))
