"""Figures outside their usual spread: modified z-scores (Iglewicz and Hoaglin, 1993), by median and MAD."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, median

LIMIT = 3.5
"""Their recommendation: a score beyond it is an outlier."""
FEWEST = 4
"""With fewer earlier figures nothing is usual."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What *earlier* figures of the same kind were: their median, and how far they lie from it."""

    middle: float
    spread: float

    def score(self, value: float) -> float:
        """How many spreads *value* lies above the middle, below it if negative."""
        return (value - self.middle) / self.spread

    @property
    def low(self) -> float:
        """From here to `high` figures are usual; never below 0."""
        return max(self.middle - LIMIT * self.spread, 0)

    @property
    def high(self) -> float:
        return self.middle + LIMIT * self.spread


def usual(earlier: Sequence[float], least: float = 0.0) -> Usual | None:
    """None where *earlier* are too few, or say nothing: all the same, and *least* is 0.

    The spread is 1.4826 times the MAD, or 1.2533 times the mean deviation where more than half are the same; at least
    *least*.
    """
    if len(earlier) < FEWEST:
        return None
    middle = median(earlier)
    away = [abs(value - middle) for value in earlier]
    spread = 1.4826 * median(away) or 1.2533 * fmean(away)
    spread = max(spread, least)
    return Usual(middle, spread) if spread else None


def chance(count: float) -> float:
    """How much a count of about *count* differs by mere chance (the standard deviation of Poisson's law)."""
    return sqrt(max(count, 1.0))


def unlike(value: float, expected: Usual) -> bool:
    """Whether *value* is outside the usual spread."""
    return abs(expected.score(value)) > LIMIT
