"""The document's flows, checked step by step, and those every clinic has."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from pydantic import ValidationError

from clinicpbx.core.callflow.flow import Flow, Node
from clinicpbx.core.callflow.step import STEPS
from clinicpbx.core.schedule.hours import Hours
from clinicpbx.core.schedule.oncall import Rota
from clinicpbx.errors import Mistake
from clinicpbx.rules.document import Document, InternalNumber, StepRule
from clinicpbx.rules.parse import as_mistakes
from clinicpbx.rules.places import Path, Places, perhaps
from clinicpbx.rules.steps import options_of, step_of

CODES: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "login": ("agent_login", {}),
    "pause": ("agent_pause", {}),
    "voicemail": ("hear_messages", {}),
    "wrap_up": ("agent_wrap_up", {}),
    "more_time": ("agent_more_time", {}),
    "dispose": ("agent_dispose", {}),
    "count": ("queue_count", {}),
    "mode": ("queue_mode", {}),
    "listen": ("supervise", {"mode": "listen"}),
    "whisper": ("supervise", {"mode": "whisper"}),
    "barge": ("supervise", {"mode": "barge"}),
}
"""Feature code → the step it is, and its options."""
RING_BACK, PAGE, HANDOVER, CALL_ITEM = "ring-back", "oncall/page", "oncall/handover", "inbox/call"
RUNG = {PAGE: "page", HANDOVER: "handover"}
"""Flows of people on call, which no clinic can name so, and the step of each."""
OWN = {
    "ring_back": "is for call-backs alone; the step callback promises one",
    "call_item": "is for the inbox alone; see clinicpbx inbox call",
    "page": "is for people on call alone; voicemail with page, and triage, page them",
    "handover": "is for people on call alone; see handover of rotas",
}
"""Steps that no flow of the clinic's may have, since they act for who was rung by us."""
BUILT_IN = ("code-", "queue-", "mailbox-", "phase-", RING_BACK)
INTERNAL_LIMIT = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Draft:
    """What the checks look at. *flows*: the clinic's own; one with a mistake in a step lacks that step."""

    document: Document
    places: Places
    flows: Mapping[str, Flow] = field(default_factory=dict)
    hours: Mapping[str, Hours] = field(default_factory=dict)
    today: date = date.min
    rotas: Mapping[str, Rota] = field(default_factory=dict)

    def mistake(self, path: Path, problem: str) -> Mistake:
        return self.places.mistake(path, problem)

    def warning(self, path: Path, problem: str) -> Mistake:
        return self.places.mistake(path, problem, warning=True)

    def nodes(self) -> Iterator[tuple[Path, Node]]:
        """Every step of every flow, with its path."""
        for name, flow in self.flows.items():
            for step, node in flow.nodes.items():
                yield ("flows", name, "steps", step), node


def build_flows(document: Document, places: Places) -> tuple[dict[str, Flow], list[Mistake]]:
    """The clinic's own flows, and what is wrong with the options of their steps."""
    flows: dict[str, Flow] = {}
    mistakes: list[Mistake] = []
    for name, written in document.flows.items():
        nodes: dict[str, Node] = {}
        for step, rule in written.steps.items():
            path = ("flows", name, "steps", step)
            node = _node(rule, path, places)
            if isinstance(node, Node):
                nodes[step] = node
            else:
                mistakes += node
        flows[name] = Flow(written.first, nodes)
    return flows, mistakes


def _node(rule: StepRule, path: Path, places: Places) -> Node | list[Mistake]:
    if rule.kind in OWN:
        return [places.mistake((*path, rule.kind), f"{rule.kind} {OWN[rule.kind]}")]
    if rule.kind not in STEPS:
        return [places.mistake((*path, rule.kind), f"no step is called {rule.kind!r}{perhaps(rule.kind, STEPS)}")]
    try:
        step = step_of(rule.kind, rule.options, rule.next)
    except ValidationError as exc:
        return as_mistakes(exc, places, options_of(rule.kind), (*path, rule.kind))
    return Node(rule.kind, step, rule.next, str(places.of(path)))


def built_in(document: Document, places: Places) -> dict[str, Flow]:
    """The flows of feature codes, of queues dialled from inside, and of mailboxes with a number."""
    flows = {
        f"code-{code}": _straight(kind, options, str(places.of(("codes", code))))
        for code, (kind, options) in CODES.items()
    }
    flows[RING_BACK] = _straight("ring_back", {}, str(places.of(("queues",))))
    flows[CALL_ITEM] = _straight("call_item", {}, str(places.of(("categories",))))
    flows |= {name: _straight(kind, {}, str(places.of(("rotas",)))) for name, kind in RUNG.items()}
    for number, internal in document.extensions.items():
        if internal.queue is not None:
            where = str(places.of(("extensions", number)))
            flows[f"queue-{internal.queue}"] = _queue(internal.queue, backup(document, internal), where)
    for name, mailbox in document.mailboxes.items():
        if mailbox.number is not None:
            where = str(places.of(("mailboxes", name)))
            flows[f"mailbox-{name}"] = _straight("voicemail", {"mailbox": name, "confirm_number": False}, where)
    return flows


def entries(document: Document) -> dict[str, str]:
    """DID, extension or mailbox number → its flow."""
    found = {number: did.entered(number) for number, did in document.dids.items()}
    for number, internal in document.extensions.items():
        found[number] = internal.flow or f"queue-{internal.queue}"
    for name, mailbox in document.mailboxes.items():
        if mailbox.number is not None:
            found[mailbox.number] = f"mailbox-{name}"
    return found


def sites(document: Document) -> dict[str, str]:
    """DID, extension of a phone or of a queue → its site, where one is written; "" → the first."""
    found = {"": next(iter(document.sites)), **{number: did.site for number, did in document.dids.items()}}
    found |= {extension: phone.site for extension, phone in document.phones.items()}
    for number, internal in document.extensions.items():
        queue = document.queues.get(internal.queue or "")
        found[number] = queue.site if queue is not None else None
    return {number: site for number, site in found.items() if site}


def backup(document: Document, internal: InternalNumber) -> str:
    """The mailbox for those whom nobody of the queue answers: patients are transferred to it. Empty: there is none."""
    of_lines = (did.fallback for did in document.dids.values() if did.fallback)
    return internal.mailbox or next((line.mailbox for line in of_lines if line.queue == internal.queue), "")


def _queue(queue: str, mailbox: str, where: str) -> Flow:
    waiting = _straight("enqueue", {"queue": queue, "limit": INTERNAL_LIMIT}, where)
    if not mailbox:
        return waiting
    enqueue = waiting.nodes["enqueue"]
    message = _straight("voicemail", {"mailbox": mailbox}, where).nodes["voicemail"]
    following = dict.fromkeys(enqueue.next, "voicemail")
    return Flow(waiting.start, {**waiting.nodes, "enqueue": replace(enqueue, next=following), "voicemail": message})


def _straight(kind: str, options: Mapping[str, object], where: str) -> Flow:
    """Answer, one step, hang up whatever comes of it."""
    step = STEPS[kind](**options)
    following = dict.fromkeys(sorted(step.outcomes()), "end")
    return Flow(
        "answer",
        {
            "answer": Node("answer", STEPS["answer"](), {"done": kind}, where),
            kind: Node(kind, step, following, where),
            "end": Node("hangup", STEPS["hangup"](), {}, where),
        },
    )
