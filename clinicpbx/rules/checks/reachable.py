"""Every step can be reached, and every flow is used."""

from collections.abc import Iterator

from clinicpbx.errors import Mistake
from clinicpbx.rules.checks import CHECKS
from clinicpbx.rules.flows import BUILT_IN, Draft
from clinicpbx.rules.templates import SHELF


@CHECKS.register("reachable")
def reachable(draft: Draft) -> Iterator[Mistake]:
    document = draft.document
    used = {did.flow for did in document.dids.values()} | {inside.flow for inside in document.extensions.values()}
    used |= {override.flow for override in document.overrides.values()}
    for name, flow in document.flows.items():
        if name.startswith(BUILT_IN):
            yield draft.mistake(("flows", name), f"names that begin with {', '.join(BUILT_IN)} are ClinicPBX's own")
        if name not in used:
            yield draft.warning(("flows", name), "no DID or extension leads to this flow")
        found, ahead = set[str](), [flow.first]
        while ahead:
            step = ahead.pop()
            if step in flow.steps and step not in found:
                found.add(step)
                ahead += flow.steps[step].next.values()
        lost = any(target not in flow.steps for rule in flow.steps.values() for target in rule.next.values())
        for step in flow.steps:
            if step not in found and flow.first in flow.steps and not lost:
                where = ("flows", name, "steps", step)
                if not draft.places.of(where).file.startswith(SHELF):  # the clinic leads elsewhere
                    yield draft.mistake(where, "no step leads here; remove it, or lead to it")
