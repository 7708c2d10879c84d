"""Ring the free agent who is written first in the rules."""

from collections.abc import Sequence
from operator import attrgetter

from clinicpbx.core.acd.agent import Agent
from clinicpbx.core.acd.distributor import STRATEGIES, Turn


@STRATEGIES.register("linear")
def linear(candidates: Sequence[Agent], turn: Turn) -> Sequence[Agent]:
    return [min(candidates, key=attrgetter("order"))]
