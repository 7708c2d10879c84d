"""The week beside the weeks before: what changed, and what surprised us."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta

from clinicpbx.core.charts.drawing import short
from clinicpbx.core.charts.lines import lines
from clinicpbx.core.records.unusual import Usual, chance, unlike, usual
from clinicpbx.reports._days import Day, summed
from clinicpbx.reports._dimension import WEEKDAYS
from clinicpbx.reports._report import Column
from clinicpbx.reports._sheet import Sheet

MEAN_OF, USUAL_OF = 4, 8
"""Weeks before: so many for the mean, so many for what is usual."""
FIGURES: Mapping[str, tuple[str, Callable[[Day], float | None]]] = {
    "calls": ("", lambda day: day.calls),
    "abandoned": ("", lambda day: day.abandoned),
    "abandoned of all": ("%", lambda day: day.given_up),
    "service level": ("%", lambda day: day.level),
    "mean wait": ("s", lambda day: day.mean_wait),
    "longest wait": ("s", lambda day: day.longest or None),
    "messages": ("", lambda day: day.messages),
    "call-backs promised": ("", lambda day: day.callbacks),
}
WATCHED = ("calls", "abandoned", "service level", "mean wait", "messages")
"""What a day may surprise us by."""
LEAST = {"%": 5.0, "s": 10.0}
"""Per cents and waits differ by so much without anybody being surprised."""
Days = Mapping[date, Day]


def week_of(days: Days, monday: date) -> list[Day]:
    """Its seven days."""
    return [days.get(monday + timedelta(days=n), Day()) for n in range(7)]


def before(days: Days, monday: date, weeks: int) -> list[date]:
    """The Mondays of those of the *weeks* before that had calls, the latest first."""
    found = [monday - timedelta(weeks=n) for n in range(1, weeks + 1)]
    return [first for first in found if summed(week_of(days, first)).calls]


def changed(days: Days, monday: date) -> Sheet:
    """Each figure of the week, of the week before, and the mean of four weeks."""
    this, last = summed(week_of(days, monday)), summed(week_of(days, monday - timedelta(weeks=1)))
    earlier = [summed(week_of(days, first)) for first in before(days, monday, MEAN_OF)]
    rows = []
    for name, (unit, of) in FIGURES.items():
        means = [value for value in map(of, earlier) if value is not None]
        mean = round(sum(means) / len(means), 1) if means else None
        shown = f"{name} ({unit})" if unit else name
        rows.append({"figure": shown, "this_week": of(this), "week_before": of(last), "mean": mean,
                     "change": _change(of(this), mean, unit)})  # fmt: skip
    columns = (
        Column("figure"), Column("this_week"), Column("week_before"),
        Column("mean", meaning=f"of the {MEAN_OF} weeks before, of those that had calls"),
        Column("change", meaning="against that mean; per cents in points"),
    )  # fmt: skip
    named = [day[:3] for day in WEEKDAYS]
    means = [summed(days.get(first + timedelta(days=n), Day()) for first in before(days, monday, MEAN_OF)).calls
             / max(len(earlier), 1) for n in range(7)]  # fmt: skip
    series: list[tuple[str, Sequence[float | None]]] = [
        ("this week", [day.calls for day in week_of(days, monday)]),
        ("mean of the weeks before", means),
    ]
    return Sheet(
        "What changed", columns, rows,
        "Patients' calls. Service level: of stays in queues, those answered in time. Mean wait: of answered callers.",
        picture=lines("Calls by day", "", named, series),
    )  # fmt: skip


def _change(value: float | None, mean: float | None, unit: str) -> str:
    if value is None or mean is None:
        return ""
    if unit == "%":
        return f"{value - mean:+.1f} points"
    return f"{100 * (value - mean) / mean:+.0f} %" if mean else ""


def surprises(days: Days, monday: date) -> Sheet:
    """Days whose figures are unlike those of the same day in the weeks before."""
    rows = list(_surprises(days, monday))
    columns = (Column("day"), Column("figure"), Column("value"), Column("usual"), Column("from"), Column("to"),
               Column("said", meaning="in words"))  # fmt: skip
    formula = (
        f"Each day beside the same weekday of the {USUAL_OF} weeks before: usual is their median, and from and to are "
        "3.5 times their spread (1.4826 MAD) away, at least 3.5 times what chance alone makes."
    )
    return Sheet("What surprised us", columns, rows, formula, empty="Nothing: every day was like its weekday.")


def _surprises(days: Days, monday: date) -> Iterator[dict[str, object]]:
    mondays = before(days, monday, USUAL_OF)
    for n, weekday in enumerate(WEEKDAYS):
        day = monday + timedelta(days=n)
        same = [days.get(first + timedelta(days=n), Day()) for first in mondays]
        for name in WATCHED:
            unit, of = FIGURES[name]
            value = of(days.get(day, Day()))
            expected = _usual([known for known in map(of, same) if known is not None], unit)
            if value is not None and expected is not None and unlike(value, expected):
                more = "more" if value > expected.middle else "less"
                bounds = f"{short(expected.low)} to {short(expected.high)}"
                said = f"{weekday}: {name} {short(value)}{unit and ' ' + unit}, {more} than usual ({bounds})"
                yield {"day": day.isoformat(), "figure": name, "value": value, "usual": round(expected.middle, 1),
                       "from": round(expected.low, 1), "to": round(expected.high, 1), "said": said}  # fmt: skip


def _usual(earlier: Sequence[float], unit: str) -> Usual | None:
    middle = usual(earlier, least=1.0)
    return middle and usual(earlier, least=LEAST.get(unit) or chance(middle.middle))
