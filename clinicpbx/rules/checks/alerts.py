"""A phone that says an alert is busy: it must not be the one that the call goes on to."""

from collections.abc import Iterator

from clinicpbx.errors import Mistake
from clinicpbx.rules.checks import CHECKS
from clinicpbx.rules.checks.clinical import led_to
from clinicpbx.rules.flows import Draft


@CHECKS.register("alerts")
def alerts(draft: Draft) -> Iterator[Mistake]:
    working = {agent.phone: agent for agent in draft.document.agents.values() if agent.phone}
    for path, node in draft.nodes():
        if node.kind != "alert":
            continue
        ahead = led_to(draft.flows[path[1]], path[3])
        for phone in getattr(node.step, "phones", ()):
            for queue in sorted(ahead & (working[phone].queues.keys() if phone in working else set())):
                problem = f"{phone} is told, and so cannot be rung for {queue}, which the call goes on to"
                yield draft.warning((*path, "alert", "phones", phone), problem)
