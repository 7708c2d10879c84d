"""One call for a person: what is known of it, and a bar for each wait and each channel."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

Row = Mapping[str, Any]
WIDTH = 40
RINGS, TALKS, WAITS = "·", "━", "~"
BARS = ["who", "from", "to", "bar", "what"]
SHOWN_AS_BARS = ("queues", "legs", "offers")


def fields(record: Row) -> list[dict[str, Any]]:
    """A line for each thing that is known; lengths in seconds."""
    found = []
    for name, value in record.items():
        if value in ("", None, 0, []) or name in SHOWN_AS_BARS:
            continue
        if name.endswith("_ms"):
            name, value = name.removesuffix("_ms"), _seconds(value)
        found.append({"field": name.replace("_", " "), "value": _text(value)})
    return found


def _text(value: object) -> object:
    if isinstance(value, list):
        return "; ".join(" ".join(map(str, one.values())) if isinstance(one, dict) else str(one) for one in value)
    return value


def bars(record: Row, width: int = WIDTH) -> list[dict[str, Any]]:
    """A line for each wait and each channel, the first to begin first. Ringing is dotted, waiting wavy."""
    start, end = record["started"], record["ended"]
    whole = max((end - start).total_seconds(), 0.001)

    def place(at: datetime) -> int:
        return int(min(max(round((at - start).total_seconds() / whole * width), 0), width))

    found = []
    for who, parts, what in (*_waits(record["queues"]), *_channels(record["legs"])):
        bar = [" "] * width
        for mark, since, until in parts:
            first = min(place(since), width - 1)
            for n in range(first, max(place(until), first + 1)):
                bar[n] = mark
        since, until = parts[0][1], parts[-1][2]
        line = {"who": who, "from": _offset(since - start), "to": _offset(until - start), "bar": "".join(bar)}
        found.append((since, {**line, "what": what}))
    return [line for _, line in sorted(found, key=lambda each: each[0])]


Line = tuple[str, list[tuple[str, datetime, datetime]], str]


def _waits(queues: Sequence[Row]) -> Iterator[Line]:
    for stay in queues:
        times = {"waited": stay["waited_ms"], "worked on": stay["wrap_ms"]}
        what = " ".join(filter(None, (stay["outcome"], stay["agent"])))
        yield f"queue {stay['queue']}", [(WAITS, stay["entered"], stay["left"])], _told(what, times)


def _channels(legs: Sequence[Row]) -> Iterator[Line]:
    for leg in legs:
        begins, ends, answered = leg["started"], leg["ended"], leg["answered"]
        parts = [(TALKS, answered, ends)] if answered else []
        if answered is None or answered > begins:
            parts.insert(0, (RINGS, begins, answered or ends))
        who = " ".join(filter(None, (leg["role"], leg["party"])))
        what = f"rung by {leg['queue']}" if leg["queue"] else ""
        what = what if answered else f"{what}, not answered".removeprefix(", ")
        yield who, parts, _told(what, {"talked": leg["talk_ms"], "on hold": leg["hold_ms"]})


def _told(what: str, times: Mapping[str, int]) -> str:
    told = (f"{word} {_seconds(length)}" for word, length in times.items() if length)
    return ", ".join(filter(None, (what, *told)))


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.1f} s"


def _offset(length: timedelta) -> str:
    return f"{length.total_seconds():.1f} s"


def opened(row: Row) -> dict[str, Any]:
    """The row of a call, its lists read."""
    return {**row, "menu_path": json.loads(row["menu_path"]), "transfers": json.loads(row["transfers"])}
