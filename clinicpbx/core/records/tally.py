"""What is counted of calls: by queue, by number called, by agent, by menu, by reason, by call-back promised."""

from dataclasses import dataclass

EDGES = (5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600)
"""Seconds. Bucket n holds waits above edge n-1 and at most edge n, the last bucket those above every edge."""
DAYS = (1, 2, 3, 7, 14, 30)
"""Days until a patient called again for the same reason, at most."""


def buckets(name: str) -> tuple[str, ...]:
    """The counters of a histogram of waits."""
    return tuple(f"{name}_{n}" for n in range(len(EDGES) + 1))


@dataclass(frozen=True, slots=True)
class Shape:
    """One tally: what its rows stand for, what is added up in them, and what the greatest is kept of."""

    of: tuple[str, ...]
    counters: tuple[str, ...]
    maxima: tuple[str, ...] = ()

    @property
    def figures(self) -> tuple[str, ...]:
        return (*self.counters, *self.maxima)


SHAPES = {
    "queue_tally": Shape(
        ("site", "queue"),
        (
            *("offered", "answered", "abandoned", "overflowed", "interrupted"),
            *("wait_ms", "answer_wait_ms", "abandon_wait_ms", "talk_ms", "hold_ms", "wrap_ms", "offers"),
            *buckets("answered"),
            *buckets("abandoned"),
        ),
        ("longest_ms", "longest_abandon_ms"),
    ),
    "call_tally": Shape(
        ("site", "did", "kind", "outcome"),
        ("calls", "taken", "talk_ms", "hold_ms", "wait_ms", "transferred", "fallback"),
    ),
    "agent_tally": Shape(
        ("agent", "queue"), ("offers", "answered", "missed", "calls", "talk_ms", "hold_ms", "wrap_ms")
    ),
    "menu_tally": Shape(("menu", "key"), ("pressed", "left")),
    "contact_tally": Shape(("site", "category"), ("contacts", *(f"again_{days}" for days in DAYS), "later")),
    "callback_tally": Shape(("queue",), ("promised", "done", "unreached", "tries", "delay_ms")),
}
