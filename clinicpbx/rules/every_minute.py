"""At every minute of the coming 400 days a call ends with something, and every menu has a way to a person."""

from collections.abc import Iterator

from clinicpbx.core.schedule.stretches import Situation
from clinicpbx.errors import Mistake
from clinicpbx.rules.flows import Draft
from clinicpbx.rules.proof import AHEAD, Proof


def every_minute(draft: Draft) -> Iterator[Mistake]:
    """What the proof finds in rules that have no other mistake, each with a time and a way to get there."""
    known: dict[frozenset[str], list[Situation]] = {}
    for name, flow in draft.flows.items():
        proof = Proof(flow, draft.hours, draft.today, known)
        for step, way in proof.dropped():
            problem = f"a caller is hung up on without a person, a message or a word, {way}"
            yield draft.mistake(("flows", name, "steps", step), problem)
        for step, way in proof.without_person():
            problem = f"no key of this menu leads to a person, {way}"
            yield draft.mistake(("flows", name, "steps", step), problem)
        led_to = {target for node in flow.nodes.values() for target in node.next.values()}
        for step in flow.nodes.keys() & led_to - proof.reached():
            problem = f"no call comes here within {AHEAD.days} days"
            yield draft.warning(("flows", name, "steps", step), problem)
