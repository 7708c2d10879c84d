"""The forecast of calls: exact where calls follow its pattern, sane where there is little to learn from."""

from collections.abc import Collection
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinicpbx.core.staffing.forecast import DAY, History, learn
from clinicpbx.core.staffing.judged import judged

pytestmark = pytest.mark.unit

MONDAY = date(2030, 1, 7)
WEEK = (130, 100, 100, 90, 80, 20, 0)
SHAPE = (0.5, 0.3, 0.2)


def days(weeks: int, growth: float = 0.0, closed: Collection[date] = (), after: float = 1.0) -> History:
    """A clinic that follows its week to the call."""
    found = {}
    for n in range(weeks * 7):
        day = MONDAY + n * DAY
        total = WEEK[day.weekday()] * (1 + growth * (n // 7))
        total *= 0.0 if day in closed else after if day - DAY in closed else 1.0
        found[day] = [total * share for share in SHAPE]
    return found


def test_a_steady_clinic_is_foretold_to_the_call() -> None:
    forecast = learn(days(8))
    for n in range(7):
        assert forecast.day(MONDAY + timedelta(weeks=9, days=n)) == pytest.approx([WEEK[n] * share for share in SHAPE])


def test_growth_goes_on_but_damped() -> None:
    forecast = learn(days(12, growth=0.02))
    last, soon = 100 * (1 + 0.02 * 11), forecast.total(MONDAY + timedelta(weeks=12, days=1))
    assert last < soon < last + 4
    later = forecast.total(MONDAY + timedelta(weeks=20, days=1))
    assert later - soon == pytest.approx(8 * (100 * 0.02) / 2)  # half of what eight more weeks would add


def test_a_holiday_has_the_calls_of_holidays_and_the_day_after_has_more() -> None:
    holidays = {MONDAY + timedelta(weeks=n, days=2) for n in (2, 5, 8, 11)}
    ahead = MONDAY + timedelta(weeks=12, days=2)
    forecast = learn(days(12, closed=holidays, after=1.5), holidays | {ahead})
    assert forecast.total(ahead) == pytest.approx(0.0)
    assert forecast.total(ahead + DAY) == pytest.approx(90 * (1.5 * 4 + 2) / 6, rel=0.02)
    assert forecast.total(ahead - DAY) == pytest.approx(100, rel=0.02)


def test_before_any_holiday_was_seen_a_holiday_is_closed_and_the_day_after_is_usual() -> None:
    ahead = MONDAY + timedelta(weeks=4)
    forecast = learn(days(4), {ahead})
    assert forecast.total(ahead) == 0.0
    assert forecast.total(ahead + DAY) == pytest.approx(100)


def test_a_clinic_without_calls_expects_none() -> None:
    forecast = learn({MONDAY + n * DAY: [0, 0, 0] for n in range(21)})
    assert forecast.day(MONDAY + 22 * DAY) == [0, 0, 0]


def test_less_than_two_weeks_teach_nothing() -> None:
    with pytest.raises(ValueError, match="two weeks"):
        learn({MONDAY + n * DAY: [1.0] for n in range(13)})


def test_weeks_of_holidays_alone_expect_nothing() -> None:
    history = days(2)
    assert learn(history, set(history)).total(MONDAY + 21 * DAY) == 0.0


@given(st.lists(st.lists(st.integers(0, 50), min_size=4, max_size=4), min_size=14, max_size=90), st.data())
@settings(max_examples=80)
def test_whatever_came_no_day_expects_less_than_nothing(counts: list[list[int]], data: st.DataObject) -> None:
    history = {MONDAY + n * DAY: row for n, row in enumerate(counts)}
    closed = data.draw(st.sets(st.sampled_from(sorted(history)), max_size=5))
    forecast = learn(history, closed)
    for ahead in (1, 2, 7, 30):
        day = forecast.last + ahead * DAY
        assert all(each >= 0 for each in forecast.day(day))
        assert sum(forecast.day(day)) == pytest.approx(forecast.total(day))


def test_it_is_judged_on_weeks_that_it_has_not_seen() -> None:
    found = judged(days(12), weeks=3)
    assert found.ours.days == pytest.approx(0, abs=1e-6)
    assert found.last_week.intervals == pytest.approx(0, abs=1e-6)
    grown = judged(days(12, growth=0.05), weeks=3)
    assert grown.ours.days < grown.last_week.days < grown.four_weeks.days


def test_a_wild_week_that_is_judged_has_taught_nothing() -> None:
    history = days(12)
    wild = {day: [3 * calls for calls in history[day]] for day in sorted(history)[-7:]}
    found = judged({**history, **wild}, weeks=1)
    assert (found.ours.days, found.ours.intervals) == (pytest.approx(200 / 3), pytest.approx(200 / 3))


def test_what_cannot_be_judged_says_how_much_it_needs() -> None:
    with pytest.raises(ValueError, match="8 weeks"):
        judged(days(7), weeks=4)


def test_days_without_calls_are_in_no_per_cent() -> None:
    found = judged({MONDAY + n * DAY: [0.0] for n in range(84)}, weeks=2)
    assert (found.ours.days, found.ours.intervals) == (0.0, 0.0)
