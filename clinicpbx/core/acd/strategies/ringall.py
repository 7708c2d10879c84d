"""Ring everyone who is free; the first to answer takes the call."""

from collections.abc import Sequence
from operator import attrgetter

from clinicpbx.core.acd.agent import Agent
from clinicpbx.core.acd.distributor import STRATEGIES, Turn


@STRATEGIES.register("ringall")
def ringall(candidates: Sequence[Agent], turn: Turn) -> Sequence[Agent]:
    return sorted(candidates, key=attrgetter("name"))
