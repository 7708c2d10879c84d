"""A simulated call in words: what decided at every step, and where that is written."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from clinicpbx.core.rulebook import Rulebook
from clinicpbx.errors import ClinicPBXError
from clinicpbx.rules.compile import Rules
from clinicpbx.rules.simulation import Moment, Outside, simulate


@dataclass(frozen=True, slots=True)
class Line:
    at: datetime
    step: str
    what: str
    why: str
    where: str


def instant(rules: Rules, text: str) -> datetime:
    """*text* as local time of the clinic's first site. Errors: ClinicPBXError where it is no time."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=rules.document.local).astimezone(UTC)
    except ValueError:
        raise ClinicPBXError(f"{text!r} is no time", do="Write it like '2026-12-24 11:00'") from None


def explain(book: Rulebook, dialled: str, at: datetime, outside: Outside) -> list[Line]:
    """The path of a call to *dialled* at *at*. Errors: ClinicPBXError where nothing answers that number."""
    return list(lines(book, simulate(book, dialled, at, outside)))


def flow_of(book: Rulebook, moments: list[Moment]) -> str:
    """The flow in which the call was."""
    return next(str(moment.detail["flow"]) for moment in moments if moment.kind == "arrived")


def lines(book: Rulebook, moments: list[Moment]) -> Iterator[Line]:
    """*moments* of a call, in words."""
    nodes = book.flows[flow_of(book, moments)].nodes
    for moment in moments:
        node = nodes.get(moment.step)
        said = _said(moment, node.kind if node else "play")
        if said:
            yield Line(moment.at, moment.step, *said, node.where if node else "")


def _said(moment: Moment, step_kind: str) -> tuple[str, str] | None:
    detail = moment.detail
    match moment.kind:
        case "arrived":
            return f"the call arrives on {detail['entry']}", f"flow {detail['flow']}"
        case "override":
            return f"the override {detail['name']} holds", str(detail["title"])
        case "left":
            return f"{step_kind} → {detail['outcome']}", str(detail["why"])
        case "queued":
            return f"waits in {detail['queue']}", f"priority {detail['priority']}"
        case "offered":
            skipped = f"; not {'; '.join(detail['skipped'])}" if detail["skipped"] else ""
            return f"rings {', '.join(detail['agents'])}", f"free in queue {detail['queue']}{skipped}"
        case "dialled":
            return f"rings {detail['target']}", str(detail.get("why") or "named by the step")
        case "dial_ended":
            return f"{detail['target']} did not take the call", str(detail["status"]).lower()
        case "alerted":
            return f"tells {', '.join(detail['phones'])}", f"by the prompt {detail['prompt']}"
        case "request":
            return f"wants {detail['category']}", "noted by the step"
        case "answered":
            return f"answered by {detail['agent']}", f"queue {detail['queue']}" if detail["queue"] else "dialled"
        case "message":
            return f"message for {detail['mailbox']}", f"{detail['seconds']} seconds"
        case "ended":
            return f"the call ends: {detail['outcome']}", ""
    return None
