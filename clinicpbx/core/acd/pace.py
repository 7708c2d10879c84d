"""How long a call of a queue keeps an agent busy, how soon those who wait give up, and what both mean to a caller."""

import math
from datetime import timedelta

WEIGHT = 0.04
"""Of the latest call: the last twenty-five count for two thirds."""
WAITS = 0.98
"""Of each wait in those that follow: the last fifty count for two thirds."""
FEWEST = 3
"""Calls before an estimate is worth telling."""


class Pace:
    """Exponentially weighted means. The estimate is that of a queue with *n* in line whose callers give up.

    With *s* agents who serve at the rate mu and callers who give up at the rate theta, a line of *i* shrinks at the
    rate s mu + i theta; the caller is its head after the sum of 1 / (s mu + i theta) over the line (Ibrahim and Whitt
    2009, QLm), here as its integral, ln(1 + n theta / (s mu)) / theta, and n / (s mu) where nobody gives up.
    """

    def __init__(self) -> None:
        self._calls = 0
        self._mean = 0.0  # seconds
        self._given_up = 0.0
        self._waited = 0.0  # seconds

    def saw(self, busy: timedelta) -> None:
        """A call kept an agent busy for so long, wrap-up included."""
        seconds = max(busy.total_seconds(), 0.0)
        self._calls += 1
        weight = max(WEIGHT, 1 / self._calls)
        self._mean += weight * (seconds - self._mean)

    def waited(self, wait: timedelta, gave_up: bool) -> None:
        """A caller's wait is over."""
        self._given_up = self._given_up * WAITS + gave_up
        self._waited = self._waited * WAITS + max(wait.total_seconds(), 0.0)

    def estimate(self, position: int, agents: int) -> timedelta | None:
        """Until the caller at *position* (from 1) is offered to one of *agents*; None where nothing is known."""
        if self._calls < FEWEST or agents < 1:
            return None
        unhurried = position * self._mean / agents
        lost = self._given_up / self._waited if self._waited else 0.0  # a second
        return timedelta(seconds=math.log1p(unhurried * lost) / lost if lost else unhurried)
