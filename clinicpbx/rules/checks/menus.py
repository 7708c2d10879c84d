"""Menus are short and flat."""

from collections.abc import Iterator

from clinicpbx.core.callflow.flow import Flow
from clinicpbx.errors import Mistake
from clinicpbx.rules.checks import CHECKS
from clinicpbx.rules.flows import Draft

MOST_OPTIONS = 5
MOST_LEVELS = 2


@CHECKS.register("menus")
def menus(draft: Draft) -> Iterator[Mistake]:
    for name, flow in draft.flows.items():
        levels = _levels(flow)
        for step, node in flow.nodes.items():
            if node.kind != "menu":
                continue
            path = ("flows", name, "steps", step)
            keys = [outcome for outcome in node.next if len(outcome) == 1]
            options = [key for key in keys if key in "123456789"]
            if len(options) > MOST_OPTIONS:
                problem = f"{len(options)} options; callers remember at most {MOST_OPTIONS}"
                yield draft.warning(path, problem)
            if levels.get(step, 0) > MOST_LEVELS:
                yield draft.warning(path, f"a menu of level {levels[step]}; callers give up after {MOST_LEVELS}")


def _levels(flow: Flow) -> dict[str, int]:
    """Menu → how many menus a caller passes at least to get there, itself included."""
    levels: dict[str, int] = {}
    ahead, passed = [flow.start], {flow.start: 0}
    while ahead:
        step = ahead.pop(0)
        node = flow.nodes.get(step)
        if node is None:
            continue
        level = passed[step] + (node.kind == "menu")
        if node.kind == "menu":
            levels[step] = level
        for target in node.next.values():
            if level < passed.get(target, len(flow.nodes) + 1):
                passed[target] = level
                ahead.append(target)
    return levels
