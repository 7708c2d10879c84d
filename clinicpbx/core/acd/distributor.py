"""Which of the free agents a caller is offered to."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from clinicpbx.core.acd.agent import Agent
from clinicpbx.core.acd.stages import Stage, lacking
from clinicpbx.core.registry import Registry


@dataclass(frozen=True, slots=True)
class Turn:
    """What a strategy may know besides the agents: the *call*, and the agent whom the queue asked *last*."""

    call: str
    last: str = ""


Strategy = Callable[[Sequence[Agent], Turn], Sequence[Agent]]
"""Picks among free agents of one penalty (never none, in no order) those to ring at once."""

STRATEGIES: Registry[Strategy] = Registry("queue strategy", "clinicpbx.core.acd.strategies")


MOST_TOLD = 12
"""Agents of whom an offer says why they were not asked: an offer must not cost more in a large queue."""


def choose(queue: str, askable: Sequence[Agent], strategy: Strategy, turn: Turn) -> Sequence[Agent]:
    """Those of *askable* (never none) to offer a caller of *queue* to: of the best penalty, by the strategy."""
    best = min(agent.queues[queue] for agent in askable)
    return strategy([agent for agent in askable if agent.queues[queue] == best], turn)


def left_out(
    queue: str, members: Iterable[Agent], stage: Stage, chosen: Sequence[Agent], askable: Sequence[Agent]
) -> tuple[str, ...]:
    """Why other *members* of *queue* are not asked, as far as MOST_TOLD: `ben: paused, lunch`."""
    best, names = min(agent.queues[queue] for agent in chosen), {agent.name for agent in chosen}
    others = islice((agent for agent in members if agent.name not in names), MOST_TOLD)
    return tuple(f"{agent.name}: {_why_not(agent, queue, best, stage, askable)}" for agent in others)


def _why_not(agent: Agent, queue: str, best: int, stage: Stage, askable: Sequence[Agent]) -> str:
    if not agent.available:
        return f"paused, {agent.paused}" if agent.state == "paused" else agent.state
    if lacks := ", ".join(lacking(stage.skills, agent.rules.skills)):
        return f"lacks {lacks}"
    if stage.agent not in ("", agent.name):
        return f"{stage.agent} knows the caller"
    if agent not in askable:
        return "did not take this call"
    penalty = agent.queues[queue]
    return f"penalty {penalty}" if penalty > best else "free, others come first"
