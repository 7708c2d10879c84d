"""What the daemon counts, in a registry of its own. Labels are fixed or the clinic's own words, never a caller's."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

TICKS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


WAITS = (5, 10, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1200)


class Metrics:
    """One set of instruments a process; text() is Prometheus' exposition format 0.0.4."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.calls = Counter("clinicpbx_calls", "Calls that entered a flow", ["flow"], registry=registry)
        self.ended = Counter("clinicpbx_calls_ended", "Calls that ended", ["outcome"], registry=registry)
        self.open_calls = Gauge("clinicpbx_open_calls", "Calls in progress", registry=registry)
        self.events = Counter("clinicpbx_ari_events", "Events heard from Asterisk", ["type"], registry=registry)
        self.refusals = Counter("clinicpbx_refusals", "Commands without effect", ["command", "why"], registry=registry)
        self.connected = Gauge("clinicpbx_asterisk_connected", "1 while events are heard", registry=registry)
        self.connects = Counter("clinicpbx_asterisk_connects", "Connections made to Asterisk", registry=registry)
        self.overflows = Counter("clinicpbx_event_overflows", "Connections dropped: events waited", registry=registry)
        self.adopted = Counter("clinicpbx_adopted_calls", "Calls found at a (re)connect", ["how"], registry=registry)
        self.barrier = Counter("clinicpbx_bugs", "Calls sent to the fallback by a bug", registry=registry)
        self.journal_failures = Counter("clinicpbx_journal_failures", "Failed commits", registry=registry)
        self.journal_lost = Counter("clinicpbx_journal_lost_rows", "Rows given up", registry=registry)
        self.commit = Histogram(
            "clinicpbx_journal_commit_seconds", "One commit of the journal", buckets=TICKS, registry=registry
        )
        self.lag = Histogram("clinicpbx_loop_lag_seconds", "Lag of the event loop", buckets=TICKS, registry=registry)
        self.unsealed = Gauge(
            "clinicpbx_unsealed_recordings", "Not in the vault for want of a key or room", registry=registry
        )
        self.queue_log_lost = Counter("clinicpbx_queue_log_lost_rows", "Given up, or refused", registry=registry)
        self.broken = Counter("clinicpbx_queue_rules_broken", "Alarm: never above 0", ["rule"], registry=registry)
        self.certificate = Gauge(
            "clinicpbx_certificate_days_left", "Until the TLS certificate expires", registry=registry
        )
        self.lost_rows = Counter(
            "clinicpbx_records_lost_rows", "Asterisk could not write them", ["spool"], registry=registry
        )
        self.full = Gauge(
            "clinicpbx_disk_full", "1 while records live on what was kept back", ["place"], registry=registry
        )
        self.selftest = Gauge(
            "clinicpbx_selftest_ok", "1 where the last test calls went through", ["entry"], registry=registry
        )
        self._of_queues(registry)
        self.healthy = Gauge("clinicpbx_healthy", "1 while the heartbeat is set", registry=registry)

    def _of_queues(self, registry: CollectorRegistry) -> None:
        self.queued = Counter("clinicpbx_queue_entries", "Who came into a queue", ["queue"], registry=registry)
        self.turned_away = Counter(
            "clinicpbx_queue_turned_away", "Not let in: full or closed", ["queue"], registry=registry
        )
        self.mode = Gauge("clinicpbx_queue_mode", "1 for the mode it is in", ["queue", "mode"], registry=registry)
        self.waiting = Gauge("clinicpbx_queue_waiting", "Callers who wait", ["queue"], registry=registry)
        self.longest_wait = Gauge("clinicpbx_queue_longest_wait_seconds", "Of them", ["queue"], registry=registry)
        self.to_call_back = Gauge("clinicpbx_queue_callbacks", "Call-backs in line", ["queue"], registry=registry)
        self.unreached = Gauge("clinicpbx_callbacks_unreached", "A person has to see to them", registry=registry)
        self.agents = Gauge("clinicpbx_queue_agents", "A queue's agents", ["queue", "state"], registry=registry)
        self.offers = Counter("clinicpbx_queue_offers", "What came of offers", ["queue", "outcome"], registry=registry)
        self.waited = Histogram(
            "clinicpbx_queue_wait_seconds",
            "From joining to the end",
            ["queue", "how"],
            buckets=WAITS,
            registry=registry,
        )

    def text(self) -> bytes:
        return generate_latest(self.registry)
