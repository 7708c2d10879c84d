"""Which of the free agents a caller is offered to."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from itertools import islice

from clinicpbx.core.acd.agent import Agent
from clinicpbx.core.registry import Registry

Strategy = Callable[[Sequence[Agent]], Sequence[Agent]]
"""Picks among free agents of one penalty (never none, in no order) those to ring at once."""

STRATEGIES: Registry[Strategy] = Registry("queue strategy", "clinicpbx.core.acd.strategies")


MOST_TOLD = 12
"""Agents of whom an offer says why they were not asked: an offer must not cost more in a large queue."""


def choose(queue: str, free: Mapping[str, Agent], passed: Set[str], strategy: Strategy) -> Sequence[Agent]:
    """Those of *free* (by name, never none) to offer a caller of *queue* to.

    Agents who *passed* on this caller are asked again only if nobody else is free. Then the best penalty counts.
    """
    everyone = list(free.values())
    asked = [agent for name, agent in free.items() if name not in passed] or everyone if passed else everyone
    best = min(agent.rules.queues[queue] for agent in asked)
    return strategy([agent for agent in asked if agent.rules.queues[queue] == best])


def left_out(queue: str, members: Iterable[Agent], chosen: Sequence[Agent], passed: Set[str]) -> tuple[str, ...]:
    """Why other *members* of *queue* are not asked, as far as MOST_TOLD: `ben: paused, lunch`."""
    best, names = min(agent.rules.queues[queue] for agent in chosen), {agent.name for agent in chosen}
    others = (agent for agent in members if agent.name not in names)
    return tuple(f"{agent.name}: {_why_not(agent, queue, best, passed)}" for agent in islice(others, MOST_TOLD))


def _why_not(agent: Agent, queue: str, best: int, passed: Set[str]) -> str:
    if not agent.available:
        return f"paused, {agent.paused}" if agent.state == "paused" else agent.state
    if agent.name in passed:
        return "did not take this call"
    penalty = agent.rules.queues[queue]
    return f"penalty {penalty}" if penalty > best else "free, others come first"
