"""A clinical call is never offered to administrative agents, unless the caller chooses so, nor to the unlicensed."""

from collections.abc import Iterator

from clinicpbx.core.callflow.flow import Flow
from clinicpbx.core.rulebook import QueueRules
from clinicpbx.errors import Mistake
from clinicpbx.rules.checks import CHECKS
from clinicpbx.rules.flows import Draft


@CHECKS.register("clinical")
def clinical(draft: Draft) -> Iterator[Mistake]:
    queues = draft.document.queues
    for name, agent in draft.document.agents.items():
        for queue in agent.queues:
            if queue in queues and not QueueRules(queue, **dict(queues[queue])).licensed(agent.licences):
                needed = " or ".join(queues[queue].licences) or "any"
                has = ", ".join(agent.licences) or "none"
                yield draft.mistake(("agents", name), f"{queue} asks for a licence ({needed}), and {name} has {has}")
    for path, node in draft.nodes():
        queue = getattr(node.step, "queue", "")
        if node.kind != "enqueue" or queue not in queues or not queues[queue].clinical:
            continue
        for other in sorted(led_to(draft.flows[path[1]], path[3])):
            if other in queues and not queues[other].clinical:
                yield draft.mistake(
                    path, f"a call of the clinical queue {queue} goes on to {other}, whose agents are not clinical"
                )
    for number, did in draft.document.dids.items():
        spare = did.fallback.queue if did.fallback else None
        flow = draft.flows.get(did.flow)
        if flow is None or spare not in queues or queues[spare].clinical:
            continue
        straight = {queue for queue in led_to(flow, flow.start) if queue in queues}
        if straight and all(queues[queue].clinical for queue in straight):
            path = ("dids", number, "fallback", "queue")
            yield draft.mistake(path, f"a clinical line falls back to {spare}, whose agents are not clinical")


def led_to(flow: Flow, start: str) -> set[str]:
    """Queues that a call meets from *start* on without pressing a key of a menu."""
    found, seen, ahead = set[str](), {start}, [start]
    while ahead:
        node = flow.nodes.get(ahead.pop())
        if node is None:
            continue
        if node.kind == "enqueue":
            found.add(str(getattr(node.step, "queue", "")))
        chosen = getattr(node.step, "keys", ()) if node.kind in ("menu", "enqueue") else ()
        steps = {step for outcome, step in node.next.items() if outcome not in chosen}
        ahead += steps - seen
        seen |= steps
    return found
