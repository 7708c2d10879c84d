"""How far a forecast is off, on weeks that it did not learn from, beside two that a person would make."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import fmean

from clinicpbx.core.staffing.forecast import DAY, Counts, History, learn

Guess = Callable[[date], Counts]


@dataclass(frozen=True, slots=True)
class Error:
    """*days*: the mean absolute error of a day's calls in per cent of them (MAPE), days without calls left out.
    *intervals*: the sum of the intervals' absolute errors in per cent of all calls (WAPE)."""

    days: float
    intervals: float


@dataclass(frozen=True, slots=True)
class Judged:
    """The forecast's, that of the same weekday a week before, and that of its mean over four weeks."""

    ours: Error
    last_week: Error
    four_weeks: Error


def judged(history: History, closed: Collection[date] = (), weeks: int = 4) -> Judged:
    """Each of the last *weeks* forecast from what came before it alone. ValueError for a history that is too short."""
    days = sorted(history)
    if len(days) < 14 + 7 * weeks + 14:
        raise ValueError(f"{4 + weeks} weeks of calls are the least to judge {weeks} of them")
    pairs: tuple[list[tuple[Counts, Counts]], ...] = ([], [], [])
    for week in range(weeks, 0, -1):
        known, held = days[: -7 * week], days[len(days) - 7 * week :][:7]
        forecast = learn({day: history[day] for day in known}, closed)
        guesses: tuple[Guess, ...] = (forecast.day, lambda day: history[day - 7 * DAY], lambda day: _mean(history, day))
        for found, guess in zip(pairs, guesses, strict=True):
            found += [(history[day], guess(day)) for day in held]
    return Judged(*map(_error, pairs))


def _mean(history: History, day: date) -> list[float]:
    before = [history[day - 7 * n * DAY] for n in range(1, 5) if day - 7 * n * DAY in history]
    return [fmean(each) for each in zip(*before, strict=True)]


def _error(pairs: Sequence[tuple[Counts, Counts]]) -> Error:
    totals = [(sum(came), sum(guessed)) for came, guessed in pairs]
    off = [abs(guessed - came) / came for came, guessed in totals if came]
    wrong = sum(abs(b - a) for came, guessed in pairs for a, b in zip(came, guessed, strict=True))
    calls = sum(came for came, _ in totals)
    return Error(100 * fmean(off) if off else 0.0, 100 * wrong / calls if calls else 0.0)
