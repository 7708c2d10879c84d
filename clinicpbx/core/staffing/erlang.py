"""Agents for a load: Erlang C, whose callers wait for ever, and Erlang A, whose callers lose patience.

Erlang C: A. K. Erlang (1917), by the recursion of Erlang B. Erlang A: C. Palm (1946); O. Garnett, A. Mandelbaum,
M. Reiman, "Designing a Call Center with Impatient Customers" (2002).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

ENOUGH = 1e-12
"""Probability at which the tail of a queue counts as nothing."""
LONGEST = 100_000


@dataclass(frozen=True, slots=True)
class Load:
    """*calls* an hour, each taking an agent *handle* seconds; *patience*: the mean seconds after which a caller who
    waits gives up, None for callers who never do."""

    calls: float
    handle: float
    patience: float | None = None

    @property
    def erlangs(self) -> float:
        """Agents who would be busy all the time."""
        return self.calls / 3600 * self.handle


@dataclass(frozen=True, slots=True)
class Expected:
    """What *agents* can hold. *in_time*: the share of all callers answered within the threshold. *wait*: the mean
    seconds of all callers, of those too who give up; *occupancy*: the share of agents' time with callers."""

    agents: int
    in_time: float
    wait: float
    abandoned: float
    occupancy: float


@dataclass(frozen=True, slots=True)
class Target:
    """*share* of all callers answered within *seconds*, agents busy for at most *occupancy* of their time, at most
    *abandoned* of all callers given up."""

    share: float = 0.8
    seconds: float = 20.0
    occupancy: float = 0.9
    abandoned: float = 1.0


def waits(load: float, agents: int) -> float:
    """The share of callers who wait at all where none gives up (Erlang C); 1.0 where *agents* are too few."""
    if load <= 0:
        return 0.0
    if agents <= load:
        return 1.0
    blocked = 1.0
    for n in range(1, agents + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked / (1 - load / agents * (1 - blocked))


def expected(load: Load, agents: int, seconds: float) -> Expected:
    """What *agents* can hold of *load*, with *seconds* as the threshold."""
    if load.erlangs <= 0:
        return Expected(agents, 1.0, 0.0, 0.0, 0.0)
    return _patient(load, agents, seconds) if load.patience is None else _impatient(load, agents, seconds)


def _patient(load: Load, agents: int, seconds: float) -> Expected:
    spare = agents - load.erlangs
    if spare <= 0:
        return Expected(agents, 0.0, math.inf, 0.0, 1.0)
    waiting = waits(load.erlangs, agents)
    in_time = 1 - waiting * math.exp(-spare * seconds / load.handle)
    return Expected(agents, in_time, waiting * load.handle / spare, 0.0, load.erlangs / agents)


def _impatient(load: Load, agents: int, seconds: float) -> Expected:
    """By the stationary law of the number of callers present; who finds j waiting needs j + 1 to leave before them,
    at rates that grow by one over the patience a caller: by order statistics, a Beta law in 1 - exp(-t/patience)."""
    arrivals, done, tired = load.calls / 3600, 1 / load.handle, 1 / (load.patience or math.inf)
    busy, queue = _present(arrivals, done, tired, agents)
    total = sum(busy) + sum(queue)
    waiting = sum(j * p for j, p in enumerate(queue)) / total
    abandoned = min(1.0, tired * waiting / arrivals)
    in_time = (sum(busy) + _served_in_time(queue, agents * done / tired, tired * seconds)) / total
    occupancy = (1 - abandoned) * load.erlangs / agents if agents else 1.0
    return Expected(agents, in_time, waiting / arrivals, abandoned, min(1.0, occupancy))


def _present(arrivals: float, done: float, tired: float, agents: int) -> tuple[list[float], list[float]]:
    """How likely n callers are present, but for one factor: n < agents, then agents + j, j waiting."""
    busy, weight = list[float](), 1.0
    for n in range(agents):
        busy.append(weight)
        weight *= arrivals / ((n + 1) * done)
        if weight > 1e200:
            busy, weight = [each / weight for each in busy], 1.0
    queue, j, seen = list[float](), 0, sum(busy)
    while j < LONGEST and (weight > ENOUGH * seen or arrivals > agents * done + j * tired):
        queue.append(weight)
        seen += weight
        j += 1
        weight *= arrivals / (agents * done + j * tired)
        if weight > 1e200:
            busy, queue = [each / weight for each in busy], [each / weight for each in queue]
            seen, weight = seen / weight, 1.0
    return busy, queue


def _served_in_time(queue: list[float], served: float, elapsed: float) -> float:
    """The weight of callers who wait and are answered before *elapsed* mean patiences: c/(c+j+1) I_x(j+1, c+1), with
    c = *served*, the callers whom all agents serve in one patience, and x = 1 - exp(-elapsed).

    I_x(a+1, b) = I_x(a, b) - x^a (1-x)^b / (a B(a, b)): DLMF 8.17.20.
    """
    if not served:
        return 0.0
    b, x = served + 1, -math.expm1(-elapsed)
    share, step, found = -math.expm1(-b * elapsed), b * x * math.exp(-b * elapsed), 0.0
    for j, weight in enumerate(queue):
        found += weight * served / (served + j + 1) * max(share, 0.0)
        share -= step
        step *= x * (b + j + 1) / (j + 2)
    return found


def needed(load: Load, target: Target) -> Expected:
    """The fewest agents who hold *target*, and what they hold; none for no calls."""
    if load.erlangs <= 0:
        return expected(load, 0, target.seconds)

    def held(agents: int) -> bool:
        found = expected(load, agents, target.seconds)
        promised = found.in_time >= target.share and found.abandoned <= target.abandoned
        return promised and found.occupancy <= target.occupancy

    return expected(load, _least(held, 1), target.seconds)


def _least(held: Callable[[int], bool], first: int) -> int:
    """The least number for which *held*, which holds for all after it."""
    low, high = first - 1, first
    while not held(high):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if held(middle) else (middle, high)
    return high


def rostered(agents: int, shrinkage: float) -> int:
    """How many must be on the roster for *agents* at the phones, where *shrinkage* (0 to below 1) is the share of paid
    time that breaks, training and illness take."""
    return math.ceil(round(agents / (1 - shrinkage), 9))
