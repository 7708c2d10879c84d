"""Every outcome of a step leads somewhere, and leads to a step that exists."""

from collections.abc import Iterator

from clinicpbx.errors import Mistake
from clinicpbx.rules.checks import CHECKS
from clinicpbx.rules.flows import Draft
from clinicpbx.rules.places import perhaps

MAY_END = {
    ("voicemail", "done"),
    ("hear_messages", "done"),
    ("callback", "done"),
    ("agent_login", "done"),
    ("agent_pause", "done"),
}
"""A call that ends here has had what it came for, and was told so."""


@CHECKS.register("outcomes")
def outcomes(draft: Draft) -> Iterator[Mistake]:
    for name, flow in draft.document.flows.items():
        if flow.first not in flow.steps:
            near = perhaps(flow.first, flow.steps)
            yield draft.mistake(("flows", name, "start"), f"no step is named {flow.first!r}{near}")
        for step, rule in flow.steps.items():
            for outcome, target in rule.next.items():
                if target not in flow.steps:
                    where = ("flows", name, "steps", step, "next", outcome)
                    yield draft.mistake(where, f"no step is named {target!r}{perhaps(target, flow.steps)}")
    for path, node in draft.nodes():
        possible = node.step.outcomes()
        for outcome in sorted(node.next.keys() - possible):
            known = ", ".join(sorted(possible)) or "none"
            near = perhaps(outcome, possible) or f"; its outcomes: {known}"
            yield draft.mistake((*path, "next", outcome), f"{node.kind} has no outcome {outcome!r}{near}")
        for outcome in sorted(possible - node.next.keys()):
            if (node.kind, outcome) not in MAY_END:
                yield draft.mistake(path, f"nothing follows when {node.kind} ends with {outcome!r}")
