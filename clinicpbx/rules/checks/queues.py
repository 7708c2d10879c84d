"""Every queue can be answered, and every agent has a phone, of their own or by their number."""

from collections.abc import Iterator

from clinicpbx.errors import Mistake
from clinicpbx.rules.checks import CHECKS
from clinicpbx.rules.flows import Draft


@CHECKS.register("queues")
def queues(draft: Draft) -> Iterator[Mistake]:
    document = draft.document
    served = {queue for agent in document.agents.values() for queue in agent.queues}
    for name in document.queues:
        if name not in served:
            yield draft.warning(("queues", name), "no agent serves this queue")
    at: dict[str, str] = {}
    for name, agent in document.agents.items():
        if agent.phone is None and agent.number is None:
            yield draft.mistake(("agents", name), "needs phone, or number, to log in anywhere")
        if agent.phone in at:
            yield draft.mistake(("agents", name, "phone"), f"{agent.phone} is the phone of {at[agent.phone]}")
        if agent.phone is not None:
            at.setdefault(agent.phone, name)
