"""What the listener counts, as a text file that Prometheus' node exporter or the daemon can show."""

from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, Histogram

from clinicpbx.adapters.db.reconcile import Reconciliation
from clinicpbx.daemon.metrics_file import write_metrics
from clinicpbx.daemon.records_runtime import RecordsRuntime

DELAYS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)


class RecordsMetrics:
    """Gauges of one listener; no labels, no names."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.unreconciled = Gauge(
            "clinicpbx_records_unreconciled", "Channels, calls and records that do not come out even", registry=registry
        )
        self.open = Gauge("clinicpbx_records_open_channels", "Channels alive at the last count", registry=registry)
        self.lost = Gauge("clinicpbx_records_lost_channels", "Channels without an end, last 25 h", registry=registry)
        self.moved = Gauge("clinicpbx_records_moved_rows", "Rows moved since the start", registry=registry)
        self.faults = Gauge("clinicpbx_records_faults", "Records that could not be assembled", registry=registry)
        self.delay = Histogram(
            "clinicpbx_records_delay_seconds", "From a call's end to its record", buckets=DELAYS, registry=registry
        )
        self.stored = Gauge("clinicpbx_records_database_up", "1 while the main database takes rows", registry=registry)
        self.audit = Gauge("clinicpbx_audit_sound", "0 once the audit log does not verify", registry=registry)
        self.audit.set(1)  # nothing is said of it before it was looked at

    def count(self, counts: Reconciliation) -> None:
        self.unreconciled.set(counts.unreconciled)
        self.open.set(counts.alive)
        self.lost.set(counts.lost)

    def write(self, path: Path, runtime: RecordsRuntime) -> None:
        """What is counted now, in *path*."""
        self.moved.set(runtime.moved)
        self.faults.set(runtime.faults)
        write_metrics(self.registry, path)
