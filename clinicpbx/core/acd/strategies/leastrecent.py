"""Ring the agent whose last call is the longest ago."""

from collections.abc import Sequence
from operator import attrgetter

from clinicpbx.core.acd.agent import Agent
from clinicpbx.core.acd.distributor import STRATEGIES


@STRATEGIES.register("leastrecent")
def leastrecent(candidates: Sequence[Agent]) -> Sequence[Agent]:
    earliest = min(agent.free_since for agent in candidates)
    return [min((agent for agent in candidates if agent.free_since == earliest), key=attrgetter("name"))]
