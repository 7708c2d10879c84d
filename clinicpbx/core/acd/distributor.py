"""Which of the free agents a caller is offered to."""

from collections.abc import Callable, Mapping, Sequence, Set

from clinicpbx.core.acd.agent import Agent
from clinicpbx.core.registry import Registry

Strategy = Callable[[Sequence[Agent]], Sequence[Agent]]
"""Picks among free agents of one penalty (never none, in no order) those to ring at once."""

STRATEGIES: Registry[Strategy] = Registry("queue strategy", "clinicpbx.core.acd.strategies")


def choose(queue: str, free: Mapping[str, Agent], passed: Set[str], strategy: Strategy) -> Sequence[Agent]:
    """Those of *free* (by name, never none) to offer a caller of *queue* to.

    Agents who *passed* on this caller are asked again only if nobody else is free. Then the best penalty counts.
    """
    everyone = list(free.values())
    asked = [agent for name, agent in free.items() if name not in passed] or everyone if passed else everyone
    best = min(agent.rules.queues[queue] for agent in asked)
    return strategy([agent for agent in asked if agent.rules.queues[queue] == best])
