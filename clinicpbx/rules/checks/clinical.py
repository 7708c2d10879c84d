"""A clinical call is never offered to administrative agents, unless the caller chooses so."""

from collections.abc import Iterator

from clinicpbx.core.callflow.flow import Flow
from clinicpbx.errors import Mistake
from clinicpbx.rules.checks import CHECKS
from clinicpbx.rules.flows import Draft


@CHECKS.register("clinical")
def clinical(draft: Draft) -> Iterator[Mistake]:
    queues = draft.document.queues
    for path, node in draft.nodes():
        queue = getattr(node.step, "queue", "")
        if node.kind != "enqueue" or queue not in queues or not queues[queue].clinical:
            continue
        for other in sorted(_led_to(draft.flows[path[1]], path[3])):
            if other in queues and not queues[other].clinical:
                yield draft.mistake(
                    path, f"a call of the clinical queue {queue} goes on to {other}, whose agents are not clinical"
                )


def _led_to(flow: Flow, start: str) -> set[str]:
    """Queues that a call reaches from *start* without pressing a key of a menu."""
    found, seen, ahead = set[str](), {start}, [start]
    while ahead:
        node = flow.nodes[ahead.pop()]
        chosen = getattr(node.step, "keys", ()) if node.kind == "menu" else ()
        steps = {step for outcome, step in node.next.items() if outcome not in chosen and step in flow.nodes}
        found |= {
            str(getattr(flow.nodes[step].step, "queue", "")) for step in steps if flow.nodes[step].kind == "enqueue"
        }
        ahead += steps - seen
        seen |= steps
    return found
