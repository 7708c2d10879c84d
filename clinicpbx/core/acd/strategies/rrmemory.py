"""Ring agents in turn, by name, beginning after the one whom the queue asked last."""

from collections.abc import Sequence

from clinicpbx.core.acd.agent import Agent
from clinicpbx.core.acd.distributor import STRATEGIES, Turn


@STRATEGIES.register("rrmemory")
def rrmemory(candidates: Sequence[Agent], turn: Turn) -> Sequence[Agent]:
    return [min(candidates, key=lambda agent: (agent.name <= turn.last, agent.name))]
