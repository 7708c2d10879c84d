"""Which key leads a test call towards people."""

from collections.abc import Iterator

from clinicpbx.core.callflow.flow import Flow, Node
from clinicpbx.core.rulebook import Rulebook

PEOPLE = ("enqueue", "on_call", "dial", "refer")
MESSAGES = ("voicemail", "callback")


def keys_to_people(book: Rulebook, flow: str) -> dict[str, str]:
    """Prompt → the key that is pressed once it was heard: the shortest way to people, else to a message.

    Prompts of *flow* weigh more than the same prompts of other flows, which an override may lead into.
    """
    found: dict[str, str] = {}
    for name in (*(other for other in book.flows if other != flow), flow):
        found |= dict(_keys(book.flows[name]))
    return found


def _keys(flow: Flow) -> Iterator[tuple[str, str]]:
    near = _distances(flow, PEOPLE) or _distances(flow, MESSAGES)
    for node in flow.nodes.values():
        keys = list(getattr(node.step, "keys", ()))
        if not keys or node.kind not in ("menu", "language"):
            continue
        nearest = min(keys, key=lambda key: (near.get(node.next.get(key, ""), len(flow.nodes)), keys.index(key)))
        yield getattr(node.step, "prompt", ""), nearest


def _distances(flow: Flow, kinds: tuple[str, ...]) -> dict[str, int]:
    """Step → how many steps until one of *kinds*; steps from which none can be reached are left out."""
    found = {name: 0 for name, node in flow.nodes.items() if node.kind in kinds}
    while more := {
        name: 1 + min(found[then] for then in _after(node) if then in found)
        for name, node in flow.nodes.items()
        if name not in found and any(then in found for then in _after(node))
    }:
        found |= more
    return found


def _after(node: Node) -> set[str]:
    return set(node.next.values())
