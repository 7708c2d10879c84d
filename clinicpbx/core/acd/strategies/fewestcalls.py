"""Ring the agent who took the fewest calls; who comes later begins with the fewest of those present."""

from collections.abc import Sequence

from clinicpbx.core.acd.agent import Agent
from clinicpbx.core.acd.distributor import STRATEGIES, Turn


@STRATEGIES.register("fewestcalls")
def fewestcalls(candidates: Sequence[Agent], turn: Turn) -> Sequence[Agent]:
    return [min(candidates, key=lambda agent: (agent.taken, agent.free_since, agent.name))]
