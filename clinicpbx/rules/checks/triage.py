"""A flow with triage gives every call exactly one level before a person or a mailbox is reached."""

from collections.abc import Iterator

from clinicpbx.core.callflow.flow import Flow
from clinicpbx.errors import Mistake
from clinicpbx.rules.checks import CHECKS
from clinicpbx.rules.flows import Draft
from clinicpbx.rules.proof import PERSON

NEEDS_LEVEL = PERSON | {"voicemail", "callback"}


@CHECKS.register("triage")
def triage(draft: Draft) -> Iterator[Mistake]:
    for name, flow in draft.flows.items():
        if not any(node.kind == "triage" for node in flow.nodes.values()):
            continue
        told = set[str]()
        for step, level, other in _wrong(flow):
            if step not in told:
                told.add(step)
                problem = (
                    f"a call of level {level} can come here, and would be {other} as well"
                    if other
                    else f"a call can come to this {flow.nodes[step].kind} without triage"
                )
                yield draft.mistake(("flows", name, "steps", step), problem)


def _wrong(flow: Flow) -> Iterator[tuple[str, str, str]]:
    """Steps that a call reaches without a level, or where it gets a second one: the step, its level, the other."""
    first = (flow.start, "")
    seen, ahead = {first}, [first]
    while ahead:
        step, level = ahead.pop()
        node = flow.nodes.get(step)
        if node is None:
            continue
        if node.kind in NEEDS_LEVEL and not level:
            yield step, "", ""
        if node.kind == "triage":
            given = str(getattr(node.step, "level", ""))
            if level not in ("", given):
                yield step, level, given
                continue
            level = given
        onward = {(target, level) for target in node.next.values()}
        ahead += onward - seen
        seen |= onward
