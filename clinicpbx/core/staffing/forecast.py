"""How many calls will come: a level with its trend, the weekday, the time of day, holidays and the days after them.

Each part is a mean over the last weeks, so that a person can check it by hand; nothing is fitted that a clinic's own
few thousand calls a month could not carry.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import fmean, median

DAY = timedelta(days=1)
WEEKS = 10
"""Weeks back that weekdays and times of day are learned from."""
FADE = 0.7
"""What a week counts for beside the one after it."""
TREND = 8
"""Weeks back that the trend is learned from."""
DAMPED = 0.5
"""Of the trend, what goes on."""
FEW = 2.0
"""So many observations of one's own weigh as much as what is usual."""

Counts = Sequence[float]
"""Calls that came in each interval of a day."""
History = Mapping[date, Counts]


@dataclass(frozen=True, slots=True)
class Forecast:
    """Learned by `learn`; `day` says what it expects. *closed*: holidays, in the past and to come."""

    last: date
    level: float
    trend: float
    weekdays: Sequence[float]
    shapes: Sequence[Counts]
    on_holidays: float
    after_holidays: float
    closed: Collection[date]

    def total(self, day: date) -> float:
        """Calls expected on *day*."""
        weeks = (day - self.last).days / 7
        level = max(0.0, self.level + self.trend * DAMPED * weeks)
        return level * self.weekdays[day.weekday()] * self._holiday(day)

    def day(self, day: date) -> list[float]:
        """Calls expected in each interval of *day*."""
        total = self.total(day)
        return [total * share for share in self.shapes[day.weekday()]]

    def _holiday(self, day: date) -> float:
        if day in self.closed:
            return self.on_holidays
        return self.after_holidays if day - DAY in self.closed else 1.0


def learn(history: History, closed: Collection[date] = ()) -> Forecast:
    """What *history*, days without a gap in order, teaches. ValueError for less than two weeks."""
    days = sorted(history)
    if len(days) < 14:
        raise ValueError("two weeks of calls are the least to learn from")
    last, totals = days[-1], {day: float(sum(history[day])) for day in days}
    usual = [day for day in days if day not in closed and day - DAY not in closed]
    weekdays = _weekdays(totals, usual, last)
    levels = _levels(totals, usual, weekdays, last)
    expected = {day: _at(levels, last, day) * weekdays[day.weekday()] for day in days}
    return Forecast(
        last,
        *_level_and_trend(levels),
        weekdays,
        _shapes(history, usual, last),
        _ratio([day for day in days if day in closed], totals, expected, 0.0),
        _ratio([day for day in days if day not in closed and day - DAY in closed], totals, expected, 1.0),
        closed,
    )


def _recent(days: Sequence[date], last: date) -> list[date]:
    return [day for day in days if (last - day).days < WEEKS * 7]


def _weekdays(totals: Mapping[date, float], usual: Sequence[date], last: date) -> list[float]:
    """Each weekday's part of a week's mean day; 0 where none was seen."""
    seen = [[totals[day] for day in _recent(usual, last) if day.weekday() == n] for n in range(7)]
    means = [fmean(values) if values else 0.0 for values in seen]
    mean = fmean(means)
    return [value / mean if mean else 0.0 for value in means]


def _levels(totals: Mapping[date, float], usual: Sequence[date], weekdays: Counts, last: date) -> list[float]:
    """Of each week, the last first, its mean day freed of weekdays; a week without days is like the one after it."""
    weeks: dict[int, tuple[float, float]] = {}
    for day in usual:
        came, due = weeks.get((last - day).days // 7, (0.0, 0.0))
        weeks[(last - day).days // 7] = came + totals[day], due + weekdays[day.weekday()]
    found, level = list[float](), 0.0
    for week in range(max(weeks, default=0) + 1):
        came, due = weeks.get(week, (0.0, 0.0))
        level = came / due if due else level
        found.append(level)
    return found


def _at(levels: Counts, last: date, day: date) -> float:
    return levels[min((last - day).days // 7, len(levels) - 1)]


def _level_and_trend(levels: Counts) -> tuple[float, float]:
    """The last week's level, and its growth a week: the median slope between any two weeks (Theil 1950, Sen 1968)."""
    near = levels[:TREND]
    slopes = [(near[a] - near[b]) / (b - a) for a in range(len(near)) for b in range(a + 1, len(near))]
    trend = median(slopes) if slopes else 0.0
    weights = [FADE**age for age in range(len(near))]
    aged = (w * (level + trend * age) for age, (w, level) in enumerate(zip(weights, near, strict=True)))
    return sum(aged) / sum(weights), trend


def _shapes(history: History, usual: Sequence[date], last: date) -> list[list[float]]:
    """Each weekday's shares of its intervals, drawn to those of all days where it was seen seldom."""
    size = len(history[last])
    everyday = _shares([history[day] for day in _recent(usual, last)], [1.0 / size] * size, 0.0)
    return [
        _shares([history[day] for day in _recent(usual, last) if day.weekday() == n], everyday, FEW) for n in range(7)
    ]


def _shares(days: Sequence[Counts], usual: Counts, weight: float) -> list[float]:
    sums = [sum(each) for each in zip(*days, strict=True)] or [0.0] * len(usual)
    total = sum(sums)
    if not total:
        return list(usual)
    drawn = weight * total / len(days)
    return [(came + drawn * share) / (total + drawn) for came, share in zip(sums, usual, strict=True)]


def _ratio(days: Sequence[date], totals: Mapping[date, float], expected: Mapping[date, float], usual: float) -> float:
    """What comes on such *days*, as part of what would have come."""
    due = sum(expected[day] for day in days)
    if not due:
        return usual
    mean = due / len(days)
    return (sum(totals[day] for day in days) + FEW * usual * mean) / (due + FEW * mean)
