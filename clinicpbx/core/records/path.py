"""Why a call went where it went: the daemon's facts as lines a person can read."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from clinicpbx.core.records.rows import Fact


@dataclass(frozen=True, slots=True)
class PathLine:
    """One line of a call's way."""

    at: datetime
    step: str
    outcome: str
    why: str


def _names(body: Mapping[str, Any]) -> str:
    return ", ".join(map(str, body.get("agents", ())))


class _Body(dict[str, Any]):
    """What a fact says; what it does not say is empty."""

    def __missing__(self, name: str) -> str:
        return ""


def _supervision(kind: str) -> "Line":
    return lambda said: (said["phone"], kind.replace("_", " "), f"by {said['by']}")


Line = Callable[[_Body], tuple[str, str, str]]
LINES: Mapping[str, Line] = {
    "abandoned": lambda said: (said["queue"], "abandoned", said["why"]),
    "alerted": lambda said: (said["prompt"], "alerted", ", ".join(map(str, said["phones"]))),
    "answered": lambda said: (said["queue"], "answered", said["agent"]),
    "arrived": lambda said: ("", "arrived", f"{said['entry']} leads to flow {said['flow']}, rules {said['version']}"),
    "bounced": lambda said: (said["queue"], "bounced", f"{said['times']} times before"),
    "callback": lambda said: (said["queue"], "call-back promised", said["callback"]),
    "callback_ended": lambda said: (said["callback"], f"call-back {said['state']}", said["outcome"]),
    "consulted": lambda said: (said["entry"], "consulted", f"call {said['call']}"),
    "consults": lambda said: (said["entry"], "consults", f"call {said['call']}"),
    "dial_ended": lambda said: (said["target"], "dial ended", said["status"]),
    "dialled": lambda said: (said["target"], "dialled", said["why"]),
    "disposition": lambda said: (said["agent"], "disposition", said["disposition"]),
    "ended": lambda said: ("", "ended", said["outcome"]),
    "heard": lambda said: (said["prompt"], "heard", ""),
    "held": lambda said: ("", "put on hold", ""),
    "language": lambda said: ("", "language", said["language"]),
    "left": lambda said: (said["name"], said["outcome"], said["why"]),
    "menu": lambda said: (said["name"], "key", said["key"]),
    "message": lambda said: (said["mailbox"], "message", f"{said['message']}, {said['seconds']} s"),
    "notify": lambda said: ("", "people are told", said["kind"]),
    "offered": lambda said: (said["queue"], "offered", _asked(said)),
    "overflowed": lambda said: (said["queue"], "overflowed", said["why"]),
    "override": lambda said: ("", "override", f"{said['name']}: {said['title']}"),
    "page": lambda said: (said["page"], said["event"], ": ".join(filter(None, (said["who"], said["result"])))),
    "queued": lambda said: (said["queue"], "queued", f"priority {said['priority']}"),
    "refused": lambda said: (said["queue"], "refused", f"{_names(said)}: {said['status']}"),
    "request": lambda said: ("", "request", said["category"]),
    "step": lambda said: (said["name"], "entered", said["kind"]),
    "supervised": _supervision("supervised"),
    "supervision_ended": _supervision("supervision_ended"),
    "supervision_refused": _supervision("supervision_refused"),
    "triage": lambda said: ("", "triage", said["level"]),
    "unheld": lambda said: ("", "taken from hold", ""),
    "wrapped_up": lambda said: (said["queue"], "work after it", f"{said['phone']}: {int(said['ms'] or 0) / 1000} s"),
}


def _asked(said: _Body) -> str:
    skipped = "; ".join(map(str, said["skipped"]))
    return _names(said) + (f"; not {skipped}" if skipped else "")


def path(facts: Iterable[Fact]) -> list[PathLine]:
    """The call's way, line by line; facts of kinds not known here are left out."""
    known = ((fact, LINES[fact.kind]) for fact in facts if fact.kind in LINES)
    return [PathLine(fact.at, *map(str, line(_Body(fact.body)))) for fact, line in known]
