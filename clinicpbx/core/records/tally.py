"""What is counted of calls, by queue, number, agent, way through the menus, reason, call-back, and of inbox items."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

Row = Mapping[str, Any]
Key = tuple[str, tuple[str, ...]]
Counts = dict[str, int]
EDGES = (5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600)
"""Seconds. Bucket n holds waits above edge n-1 and at most edge n, the last bucket those above every edge."""
DAYS = (1, 2, 3, 7, 14, 30)
"""Days until a patient called again for the same reason, at most."""
EDGES_MS = tuple(1000 * edge for edge in EDGES)
WORK = ("talk_ms", "hold_ms", "wrap_ms")
ENDS = {"answered": "answered", "abandoned": "abandoned", "overflow": "overflowed", "interrupted": "interrupted"}
"""How a stay ends, and its counter."""
WAITS = {"answered": "answer_wait_ms", "abandoned": "abandon_wait_ms"}
BLAMELESS = ("answered", "elsewhere", "abandoned", "interrupted", "overflow")
"""How an offer ends that its agent did not miss."""


def buckets(name: str) -> tuple[str, ...]:
    """The counters of a histogram of waits."""
    return tuple(f"{name}_{n}" for n in range(len(EDGES) + 1))


ANY = "*"
"""In a row: of whatever name it is there, but for none."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One tally: what its rows stand for, what is added up in them, and what the greatest is kept of.

    A quarter hour and a day have a row for all that they stand for. *week*: the names that are told apart by the hour
    of the week, None where nothing is counted by it; *demand*: those by which it is counted a second time.
    """

    of: tuple[str, ...]
    counters: tuple[str, ...]
    maxima: tuple[str, ...] = ()
    week: tuple[str, ...] | None = ()
    demand: tuple[str, ...] | None = None

    @property
    def figures(self) -> tuple[str, ...]:
        return (*self.counters, *self.maxima)

    def key_in(self, grain: str, key: tuple[str, ...]) -> tuple[str, ...] | None:
        """What *key* is counted under in the rows of *grain*; None where they count nothing."""
        if grain in ("quarter", "day"):
            return key
        told = self.week if grain == "week" else self.demand
        if told is None:
            return None
        return tuple(one if name in told or not one else ANY for name, one in zip(self.of, key, strict=True))


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
        week=("kind", "outcome"),
        demand=("site", "did", "kind"),
    ),
    "agent_tally": Shape(
        ("agent", "queue"), ("offers", "answered", "missed", "calls", "talk_ms", "hold_ms", "wrap_ms")
    ),
    "path_tally": Shape(("path",), ("calls", "taken", "left"), week=None),
    "contact_tally": Shape(("site", "category"), ("contacts", *(f"again_{days}" for days in DAYS), "later")),
    "spell_tally": Shape(("agent", "state", "reason"), ("times", "ms"), ("longest_ms",), week=None),
    "callback_tally": Shape(("queue",), ("promised", "done", "unreached", "tries", "delay_ms")),
    "item_tally": Shape(("category", "queue"), ("items", "attempted", "first_ms", "in_time", "late", "closed_ms")),
}


def tallies(call: Row, entries: Sequence[Row], offers: Sequence[Row]) -> Iterator[tuple[Key, Counts]]:
    """What a call counts as, by tally; its rows are those of the database. A key may come more than once.

    The system's calls to itself count nowhere, others in call_tally; calls from outside in all.
    """
    if call["kind"] == "selftest":
        return
    yield _call(call)
    if call["kind"] == "inbound":
        yield from _queues(call, entries)
        yield from _agents(call, entries, offers)
        yield _path(call, entries)
        yield from _callback(call, entries)
        yield from contact(call)


def _call(call: Row) -> tuple[Key, Counts]:
    return ("call_tally", (call["site"], call["did"], call["kind"], call["outcome"])), {
        "calls": 1,
        "taken": call["answered"] is not None,
        "talk_ms": call["talk_ms"],
        "hold_ms": call["hold_ms"],
        "wait_ms": call["wait_ms"],
        "transferred": call["transfers"] != "[]",
        "fallback": bool(call["fallback"]),
    }


def _queues(call: Row, entries: Sequence[Row]) -> Iterator[tuple[Key, Counts]]:
    """Each stay; and a call that was abandoned in none counts as one abandoned in no queue, without a wait."""
    for entry in entries:
        yield ("queue_tally", (call["site"], entry["queue"])), _stay(entry)
    if call["outcome"] == "abandoned" and all(entry["outcome"] != "abandoned" for entry in entries):
        yield ("queue_tally", (call["site"], "")), {"offered": 1, "abandoned": 1}


def _stay(entry: Row) -> Counts:
    outcome, waited = entry["outcome"], entry["waited_ms"]
    found = {"offered": 1, "wait_ms": waited, "offers": entry["offers"], "longest_ms": waited}
    if outcome in ENDS:
        found[ENDS[outcome]] = 1
    if outcome in WAITS:
        bucket = bisect_left(EDGES_MS, waited)
        found |= {f"{outcome}_{bucket}": 1, WAITS[outcome]: waited}
    if outcome == "abandoned":
        found["longest_abandon_ms"] = waited
    return found | {name: entry[name] for name in WORK}


def _agents(call: Row, entries: Sequence[Row], offers: Sequence[Row]) -> Iterator[tuple[Key, Counts]]:
    """Offers, and the stays that an agent answered; who took the call first without a queue, under no queue."""
    for offer in offers:
        outcome = offer["outcome"]
        yield (
            ("agent_tally", (offer["agent"], offer["queue"])),
            {
                "offers": 1,
                "answered": outcome == "answered",
                "missed": outcome not in BLAMELESS,
            },
        )
    answered = [entry for entry in entries if entry["outcome"] == "answered"]
    for entry in answered:
        work = {name: entry[name] for name in WORK}
        yield ("agent_tally", (entry["agent"], entry["queue"])), {"calls": 1, **work}
    agent = call["agent"]
    if agent and call["answered"] is not None and all(entry["agent"] != agent for entry in answered):
        talk, hold = (max(call[name] - sum(entry[name] for entry in answered), 0) for name in ("talk_ms", "hold_ms"))
        yield ("agent_tally", (agent, "")), {"calls": 1, "talk_ms": talk, "hold_ms": hold}


def _path(call: Row, entries: Sequence[Row]) -> tuple[Key, Counts]:
    """The menus and keys, as the record has them; *left*: the caller hung up before any queue or person."""
    left = call["outcome"] == "abandoned" and not entries and call["answered"] is None
    return ("path_tally", (call["menu_path"],)), {"calls": 1, "taken": call["answered"] is not None, "left": left}


def _callback(call: Row, entries: Sequence[Row]) -> Iterator[tuple[Key, Counts]]:
    """Under the last queue the caller was in; *delay_ms* from the end of that call until the patient was reached."""
    state, reached = call["callback"], call["called_back"]
    if not state:
        return
    delay = max(reached - call["ended"], timedelta()) if state == "done" and reached is not None else timedelta()
    yield (
        ("callback_tally", (entries[-1]["queue"] if entries else "",)),
        {
            "promised": 1,
            "done": state == "done",
            "unreached": state == "unreached",
            "tries": call["tries"],
            "delay_ms": delay // timedelta(milliseconds=1),
        },
    )


def spell(row: Row) -> tuple[Key, Counts]:
    """An agent's time ready or in a pause, that is over."""
    ms = round((row["until"] - row["since"]) / timedelta(milliseconds=1))
    key = ("spell_tally", tuple(row[name] for name in SHAPES["spell_tally"].of))
    return key, {"times": 1, "ms": ms, "longest_ms": ms}


def contact(call: Row) -> Iterator[tuple[Key, Counts]]:
    """A call from a known number that somebody took, and when its number called again for the same reason.

    *again*: when that was, None where it was not yet. Days are of 24 hours; `again_3` is above 2 and at most 3.
    """
    if call["kind"] != "inbound" or not call["number"] or call["answered"] is None:
        return
    found = {"contacts": 1}
    if call["again"] is not None:
        days = bisect_left(DAYS, (call["again"] - call["started"]) / timedelta(days=1))
        found[f"again_{DAYS[days]}" if days < len(DAYS) else "later"] = 1
    yield ("contact_tally", (call["site"], call["category"])), found


def request(item: Row) -> Iterator[tuple[Key, Counts]]:
    """A closed item of the inbox: one that is open may still become late by itself, and counts nowhere yet.

    *first_ms*, *closed_ms*: from its opening to the first attempt, None where there was none, and to its closing.
    """
    first, in_time = item["first_ms"], item["closed"] <= item["due"]
    yield (
        ("item_tally", (item["category"], item["queue"])),
        {
            "items": 1,
            "attempted": first is not None,
            "first_ms": first or 0,
            "in_time": in_time,
            "late": not in_time,
            "closed_ms": item["closed_ms"],
        },
    )
