"""Words for stretches of time, when saved reports are due, and what is unusual."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinicpbx.core.records.saved import DAILY, MONTHLY, WEEKDAYS, SavedReport
from clinicpbx.core.records.stretch import WORDS, stretch, week_name
from clinicpbx.core.records.unusual import LIMIT, chance, unlike, usual

pytestmark = pytest.mark.unit
ZONE = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 25, 3, 30, tzinfo=UTC)  # still Tuesday the 24th at the clinic
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("words", "begin", "end"),
    [
        ("today", "2026-11-24T00:00-05:00", "2026-11-25T00:00-05:00"),
        ("yesterday", "2026-11-23T00:00-05:00", "2026-11-24T00:00-05:00"),
        ("this-week", "2026-11-23T00:00-05:00", "2026-11-30T00:00-05:00"),
        ("last-week", "2026-11-16T00:00-05:00", "2026-11-23T00:00-05:00"),
        ("this-month", "2026-11-01T00:00-04:00", "2026-12-01T00:00-05:00"),
        ("last-month", "2026-10-01T00:00-04:00", "2026-11-01T00:00-04:00"),
        ("2026-W44", "2026-10-26T00:00-04:00", "2026-11-02T00:00-05:00"),
        ("2026-W53", "2026-12-28T00:00-05:00", "2027-01-04T00:00-05:00"),
    ],
)
def test_words_are_stretches_in_the_clinics_zone(words: str, begin: str, end: str) -> None:
    found = stretch(words, NOW, ZONE)
    assert [at.isoformat(timespec="minutes") for at in found] == [begin, end]


@pytest.mark.parametrize("words", ["", "tomorrow", "2026-W54", "2025-W53", "2026-W00", "2026-W1", "last week"])
def test_other_words_are_refused(words: str) -> None:
    with pytest.raises(ValueError, match=r"stretch|week|Invalid"):
        stretch(words, NOW, ZONE)


@given(INSTANTS, st.sampled_from(WORDS))
def test_a_stretch_begins_and_ends_at_midnight_and_follows_on_the_one_before(now: datetime, words: str) -> None:
    begin, end = stretch(words, now, ZONE)
    assert begin < end
    assert begin.time() == end.time() == time(0)
    if words.startswith("this-"):
        assert begin <= now < end
        assert stretch(words.replace("this", "last"), now, ZONE)[1] == begin


def test_a_week_is_named_by_its_number() -> None:
    assert week_name(NOW, ZONE) == "2026-W48"
    assert week_name(datetime(2027, 1, 1, 12, tzinfo=UTC), ZONE) == "2026-W53"


def saved(day: str, clock: str = "07:00") -> SavedReport:
    return SavedReport("weekly", "week", "last-week", day, time.fromisoformat(clock))


@pytest.mark.parametrize(
    ("day", "clock", "last", "then"),
    [
        ("mon", "07:00", "2026-11-23T07:00-05:00", "2026-11-30T07:00-05:00"),
        ("tue", "22:30", "2026-11-24T22:30-05:00", "2026-12-01T22:30-05:00"),
        ("tue", "22:31", "2026-11-17T22:31-05:00", "2026-11-24T22:31-05:00"),
        (DAILY, "06:00", "2026-11-24T06:00-05:00", "2026-11-25T06:00-05:00"),
        (DAILY, "23:59", "2026-11-23T23:59-05:00", "2026-11-24T23:59-05:00"),
        (MONTHLY, "00:00", "2026-11-01T00:00-04:00", "2026-12-01T00:00-05:00"),
    ],
)
def test_when_a_saved_report_is_due(day: str, clock: str, last: str, then: str) -> None:
    one = saved(day, clock)
    assert one.due_last(NOW, ZONE).isoformat(timespec="minutes") == last
    assert one.due_next(NOW, ZONE).isoformat(timespec="minutes") == then
    assert one.edition(one.due_last(NOW, ZONE)) == f"weekly-{last[:10]}"


@given(INSTANTS, st.sampled_from([*WEEKDAYS, DAILY, MONTHLY]), st.times())
def test_it_is_due_once_between_the_last_and_the_next_time(now: datetime, day: str, clock: time) -> None:
    one = saved(day, clock.isoformat())
    last, then = one.due_last(now, ZONE), one.due_next(now, ZONE)
    assert last <= now < then
    assert one.due_last(then, ZONE) == then


def test_what_is_outside_the_usual_spread() -> None:
    expected = usual([100, 104, 98, 101, 99, 103, 97, 102])
    assert expected is not None
    assert (expected.middle, unlike(108, expected), unlike(120, expected), unlike(80, expected)) == (
        100.5, False, True, True,
    )  # fmt: skip
    assert unlike(expected.high, expected) is False
    assert expected.score(expected.high) == pytest.approx(LIMIT)


def test_one_odd_week_of_the_past_does_not_make_the_next_usual() -> None:
    expected = usual([100, 100, 100, 101, 99, 400])
    assert expected is not None
    assert unlike(200, expected)


def test_where_nothing_is_usual() -> None:
    assert usual([1, 2, 3]) is None
    assert usual([5, 5, 5, 5]) is None
    assert usual([5, 5, 5, 5], least=chance(5)) is not None
    mostly = usual([5, 5, 5, 5, 9])
    assert mostly is not None
    assert mostly.spread == pytest.approx(1.2533 * 0.8)


def test_counts_differ_by_chance() -> None:
    few = usual([2, 2, 3, 2, 3], least=chance(2))
    assert few is not None
    assert not unlike(6, few)
    assert few.low == 0
    assert chance(0) == 1
