"""Ring the agent whose last call is the longest ago."""

from collections.abc import Sequence

from clinicpbx.core.acd.agent import Agent
from clinicpbx.core.acd.distributor import STRATEGIES, Turn


@STRATEGIES.register("leastrecent")
def leastrecent(candidates: Sequence[Agent], turn: Turn) -> Sequence[Agent]:
    return [min(candidates, key=lambda agent: (agent.free_since, agent.name))]
