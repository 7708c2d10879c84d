"""Which of the free agents a caller is offered to."""

from collections.abc import Callable, Collection, Sequence, Set

from clinicpbx.core.acd.agent import Agent
from clinicpbx.core.registry import Registry

Strategy = Callable[[Sequence[Agent]], Sequence[Agent]]
"""Picks among free agents of one penalty (never none, in no order) those to ring at once."""

STRATEGIES: Registry[Strategy] = Registry("queue strategy", "clinicpbx.core.acd.strategies")


def choose(queue: str, free: Collection[Agent], passed: Set[str], strategy: Strategy) -> Sequence[Agent]:
    """Those of *free* (never none) to offer a caller of *queue* to.

    Agents who *passed* on this caller are asked again only if nobody else is free. Then the best penalty counts.
    """
    asked = [agent for agent in free if agent.name not in passed] or free
    best = min(agent.rules.queues[queue] for agent in asked)
    return strategy([agent for agent in asked if agent.rules.queues[queue] == best])
