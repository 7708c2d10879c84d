"""Why a call went where it went: the daemon's facts as lines a person can read."""

from collections.abc import Iterable, Mapping
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


def _line(fact: Fact) -> tuple[str, str, str] | None:
    body = {"name": "", "queue": "", "why": "", **fact.body}
    match fact.kind:
        case "arrived":
            rules = f"{body.get('entry', '')} leads to flow {body.get('flow', '')}, rules {body.get('version', '')}"
            return "", "arrived", rules
        case "override":
            return "", "override", f"{body['name']}: {body.get('title', '')}"
        case "step":
            return body["name"], "entered", str(body.get("kind", ""))
        case "left":
            return body["name"], str(body.get("outcome", "")), body["why"]
        case "menu":
            return body["name"], "key", str(body.get("key", ""))
        case "language":
            return "", "language", str(body.get("language", ""))
        case "queued":
            return body["queue"], "queued", f"priority {body.get('priority', '')}"
        case "offered":
            skipped = "; ".join(map(str, body.get("skipped", ())))
            return body["queue"], "offered", _names(body) + (f"; not {skipped}" if skipped else "")
        case "answered":
            return body["queue"], "answered", str(body.get("agent", ""))
        case "refused":
            return body["queue"], "refused", f"{_names(body)}: {body.get('status', '')}"
        case "abandoned" | "overflowed":
            return body["queue"], fact.kind, body["why"]
        case "message":
            return str(body.get("mailbox", "")), "message", f"{body.get('message', '')}, {body.get('seconds', '')} s"
        case "bounced":
            return body["queue"], "bounced", f"{body.get('times', '')} times before"
        case "callback_ended":
            return str(body.get("callback", "")), f"call-back {body.get('state', '')}", str(body.get("outcome", ""))
        case "disposition":
            return str(body.get("agent", "")), "disposition", str(body.get("disposition", ""))
        case "supervised" | "supervision_refused" | "supervision_ended":
            return str(body.get("phone", "")), fact.kind.replace("_", " "), f"by {body.get('by', '')}"
        case "callback":
            return body["queue"], "call-back promised", str(body.get("callback", ""))
        case "dialled":
            return str(body.get("target", "")), "dialled", body["why"]
        case "alerted":
            return str(body.get("prompt", "")), "alerted", ", ".join(map(str, body.get("phones", ())))
        case "dial_ended":
            return str(body.get("target", "")), "dial ended", str(body.get("status", ""))
        case "ended":
            return "", "ended", str(body.get("outcome", ""))
    return _on_call(fact.kind, body)


def _on_call(kind: str, body: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """How urgent the call was, and who was paged about it."""
    if kind == "triage":
        return "", "triage", str(body.get("level", ""))
    if kind == "page":
        said = ": ".join(filter(None, (str(body.get("who", "")), str(body.get("result", "")))))
        return str(body.get("page", "")), str(body.get("event", "")), said
    return None


def path(facts: Iterable[Fact]) -> list[PathLine]:
    """The call's way, line by line; facts of kinds not known here are left out."""
    lines = ((fact.at, _line(fact)) for fact in facts)
    return [PathLine(at, *map(str, line)) for at, line in lines if line is not None]
