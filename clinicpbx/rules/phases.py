"""The flows of numbers that go live in phases: what is tried elsewhere first, and then the number's own flow."""

from collections.abc import Mapping

from clinicpbx.core.callflow.flow import Flow, Node
from clinicpbx.core.callflow.step import STEPS
from clinicpbx.rules.document import Document
from clinicpbx.rules.places import Places

HOURS, ELSEWHERE = "phase/hours", "phase/elsewhere"  # no step of the clinic's can be named so


def phase_flows(document: Document, places: Places, flows: Mapping[str, Flow]) -> dict[str, Flow]:
    """Name → flow of each number that is not taken in full."""
    return {
        did.entered(number): _phased(flows[did.flow], document, number, str(places.of(("dids", number, "phase"))))
        for number, did in document.dids.items()
        if did.entered(number) != did.flow and did.flow in flows
    }


def _phased(flow: Flow, document: Document, number: str, where: str) -> Flow:
    phase = document.dids[number].phase
    assert phase is not None
    dial = STEPS["dial"](extension=phase.extension or "", number=phase.number or "", ring=phase.ring)
    unanswered = dict.fromkeys(sorted(dial.outcomes()), flow.start)
    nodes = {**flow.nodes, ELSEWHERE: Node("dial", dial, unanswered, where)}
    if phase.take == "overflow":
        return Flow(ELSEWHERE, nodes)
    ours = {"open": ELSEWHERE, "lunch": ELSEWHERE, "closed": flow.start, "holiday": flow.start}
    return Flow(HOURS, {**nodes, HOURS: Node("check_hours", STEPS["check_hours"](hours=phase.hours), ours, where)})
