"""No call goes round in a circle on which nobody can act."""

from collections.abc import Iterator, Mapping

from clinicpbx.core.callflow.flow import Flow
from clinicpbx.errors import Mistake
from clinicpbx.rules.checks import CHECKS
from clinicpbx.rules.flows import Draft

UNATTENDED: Mapping[str, frozenset[str] | None] = {
    "answer": None,
    "check_hours": None,
    "play": None,
    "enqueue": frozenset({"unstaffed"}),
    "dial": frozenset({"busy", "failed"}),
}
"""Outcomes (None: all) that come about without the caller or anybody else doing something."""


@CHECKS.register("endless")
def endless(draft: Draft) -> Iterator[Mistake]:
    for name, flow in draft.flows.items():
        told: set[str] = set()
        for step in flow.nodes:
            circle = _circle(flow, step)
            if circle and step not in told:
                told |= set(circle)
                way = " → ".join((*circle, circle[0]))
                yield draft.mistake(("flows", name, "steps", step), f"an endless circle without the caller: {way}")


def _onward(flow: Flow, step: str) -> Iterator[str]:
    node = flow.nodes.get(step)
    if node is not None and node.kind in UNATTENDED:
        only = UNATTENDED[node.kind]
        yield from (target for outcome, target in node.next.items() if only is None or outcome in only)


def _circle(flow: Flow, start: str) -> tuple[str, ...]:
    """The steps of a shortest circle through *start*; empty where there is none."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen = set[str]()
    while ways:
        way = ways.pop(0)
        for step in _onward(flow, way[-1]):
            if step == start:
                return way
            if step not in seen:
                seen.add(step)
                ways.append((*way, step))
    return ()
