"""How long a call of a queue keeps an agent busy, and what that means to those who wait."""

from datetime import timedelta

WEIGHT = 0.1
"""Of the latest call: the last ten count for two thirds."""
FEWEST = 3
"""Calls before an estimate is worth telling."""


class Pace:
    """An exponentially weighted mean; the estimate is the queue-length one of Ibrahim and Whitt (2009, QL):

    everybody ahead, and this caller, each take one of the agents for that long.
    """

    def __init__(self) -> None:
        self._calls = 0
        self._mean = 0.0  # seconds

    def saw(self, busy: timedelta) -> None:
        """A call kept an agent busy for so long, wrap-up included."""
        seconds = max(busy.total_seconds(), 0.0)
        self._calls += 1
        weight = max(WEIGHT, 1 / self._calls)
        self._mean += weight * (seconds - self._mean)

    def estimate(self, position: int, agents: int) -> timedelta | None:
        """Until the caller at *position* (from 1) is offered to one of *agents*; None where nothing is known."""
        if self._calls < FEWEST or agents < 1:
            return None
        return timedelta(seconds=position * self._mean / agents)
