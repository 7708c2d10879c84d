"""Ring the agent whose last call is the longest ago."""

from collections.abc import Sequence
from operator import attrgetter

from clinicpbx.core.acd.agent import Agent
from clinicpbx.core.acd.distributor import STRATEGIES


@STRATEGIES.register("leastrecent")
def leastrecent(candidates: Sequence[Agent]) -> Sequence[Agent]:
    return [min(candidates, key=attrgetter("free_since", "name"))]
