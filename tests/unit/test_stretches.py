"""Stretches say at each instant what the hours say, without a gap, also on the nights when clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clinicpbx.core.schedule.hours import DayException, Hours, Span
from clinicpbx.core.schedule.stretches import stretches, timeline, windows
from tests.support.books import HOURS

pytestmark = pytest.mark.unit
START = datetime(2030, 1, 1, tzinfo=UTC)
YEAR = timedelta(days=400)
PORTLAND = ZoneInfo("America/New_York")
SPRING, AUTUMN = date(2030, 3, 10), date(2030, 11, 3)
ZONES = st.sampled_from(
    ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/Santiago", "Asia/Beirut", "UTC"]
)
SPANS = st.lists(st.times(), min_size=2, max_size=4, unique=True).map(
    lambda clocks: tuple(
        Span(a.replace(second=0, microsecond=0, fold=0), b.replace(second=0, microsecond=0, fold=0))
        for a, b in pairwise(sorted(clocks))
    )
)
DAYS = st.integers(0, 399).map(lambda n: date(2030, 1, 1) + timedelta(days=n))


@st.composite
def any_hours(draw: st.DrawFn) -> Hours:
    week, lunch = (draw(st.dictionaries(st.integers(0, 6), SPANS, max_size=7)) for _ in range(2))
    holidays = draw(st.dictionaries(DAYS, st.just("a holiday"), max_size=3))
    exceptions = draw(st.dictionaries(DAYS, SPANS.map(lambda spans: DayException(spans, "differs")), max_size=3))
    return Hours(ZoneInfo(draw(ZONES)), week, lunch, holidays, exceptions)


NIGHTS = Hours(PORTLAND, week={6: (Span(time(1, 30), time(2, 30)), Span(time(3), time(0)))})


@settings(max_examples=12, deadline=None)
@given(any_hours(), st.lists(st.integers(0, 400 * 86400 - 1), min_size=20, max_size=40))
@example(NIGHTS, [])
def test_at_every_instant_they_say_what_the_hours_say(hours: Hours, seconds: list[int]) -> None:
    found = list(stretches(hours, START, START + YEAR))
    assert (found[0].start, found[-1].end) == (START, START + YEAR)
    assert all(one.end == two.start and one.opening.state != two.opening.state for one, two in pairwise(found))
    edges = [edge + timedelta(seconds=more) for one in found for edge in (one.start, one.end) for more in (-1, 0, 1)]
    nights = [
        datetime.combine(day, time(4), UTC) + timedelta(minutes=10 * n) for day in (SPRING, AUTUMN) for n in range(36)
    ]
    for at in (*edges, *nights, *(START + timedelta(seconds=second) for second in seconds)):
        if START <= at < START + YEAR:
            (holding,) = [one for one in found if one.start <= at < one.end]
            assert holding.opening.state == hours.at(at).state, at


def test_a_year_of_a_clinic_is_some_hundred_stretches() -> None:
    assert 1000 < len(list(stretches(HOURS, START, START + YEAR))) < 1500


@pytest.mark.parametrize(("night", "hours_open"), [(SPRING, 0.5 + 21), (AUTUMN, 0.5 + 1 + 21)])
def test_the_nights_when_clocks_change(night: date, hours_open: float) -> None:
    """In spring 02:00-03:00 does not exist; in autumn 01:00-02:00 comes twice."""
    start = datetime.combine(night, time(0), PORTLAND).astimezone(UTC)
    end = datetime.combine(night + timedelta(days=1), time(0), PORTLAND).astimezone(UTC)
    found = [one for one in stretches(NIGHTS, start, end) if one.opening.state == "open"]
    assert sum((one.end - one.start).total_seconds() for one in found) / 3600 == hours_open


def clock(at: datetime) -> str:
    return f"{at.astimezone(PORTLAND):%a %H:%M}"


DAY, NIGHT = Hours(PORTLAND, {0: (Span(time(8), time(17)),)}), Hours(PORTLAND, {0: (Span(time(16), time(20)),)})
WEEK = timeline({"day": DAY, "night": NIGHT}, START, START + timedelta(days=15))


def test_a_timeline_tells_what_several_hours_are_together() -> None:
    assert [(clock(one.at), one.state("day"), one.state("night")) for one in WEEK[:6]] == [
        ("Mon 19:00", "closed", "open"),
        ("Mon 20:00", "closed", "closed"),
        ("Mon 08:00", "open", "closed"),
        ("Mon 16:00", "open", "open"),
        ("Mon 17:00", "closed", "open"),
        ("Mon 20:00", "closed", "closed"),
    ]


def test_windows_are_what_calls_see_each_succession_once() -> None:
    found = windows(WEEK, timedelta(hours=2))
    assert [[clock(one.at) for one in window] for window in found] == [
        ["Mon 19:00"],
        ["Mon 20:00"],
        ["Mon 08:00"],
        ["Mon 16:00"],
        ["Mon 19:00", "Mon 20:00"],
        ["Mon 20:00", "Mon 08:00"],
        ["Mon 08:00", "Mon 16:00", "Mon 17:00"],
        ["Mon 16:00", "Mon 17:00"],
    ]


def test_without_hours_there_is_one_situation() -> None:
    assert [one.at for one in timeline({}, START, START + YEAR)] == [START]
    assert [len(window) for window in windows(timeline({}, START, START + YEAR), timedelta(hours=4))] == [1]
