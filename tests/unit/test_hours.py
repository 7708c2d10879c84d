"""Open, lunch, closed, holiday: at the minute, in the clinic's own time, on both nights of the year."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinicpbx.core.schedule.hours import Hours, Span
from tests.support.books import HOURS

pytestmark = pytest.mark.unit
NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("local", "state", "why"),
    [
        ("2030-01-07 07:59", "closed", "Monday 07:59 is outside the hours"),
        ("2030-01-07 08:00", "open", "Monday 08:00-17:00"),
        ("2030-01-07 11:59", "open", "Monday 08:00-17:00"),
        ("2030-01-07 12:00", "lunch", "lunch 12:00-13:00"),
        ("2030-01-07 13:00", "open", "Monday 08:00-17:00"),
        ("2030-01-07 17:00", "closed", "Monday 17:00 is outside the hours"),
        ("2030-01-09 10:00", "closed", "burst pipe"),
        ("2030-07-04 10:00", "holiday", "Independence Day"),
        ("2030-12-24 11:59", "open", "Christmas Eve"),
        ("2030-12-24 12:00", "closed", "Christmas Eve"),
        ("2030-01-12 09:30", "open", "Saturday 09:00-12:00"),
        ("2030-01-13 09:30", "closed", "Sunday 09:30 is outside the hours"),
    ],
)
def test_the_state_at_a_minute(local, state, why):
    opening = HOURS.at(datetime.fromisoformat(local).replace(tzinfo=NEW_YORK))
    assert (opening.state, opening.why) == (state, why)


def test_the_wall_clock_counts_on_the_nights_the_clock_changes():
    night = Hours(NEW_YORK, {6: (Span(time(1), time(4)),)})
    spring = datetime(2030, 3, 10, 6, 0, tzinfo=UTC)  # 01:00; 02:00 does not exist
    autumn = datetime(2030, 11, 3, 5, 0, tzinfo=UTC)  # 01:00; it comes twice

    def hours_open(start):
        return sum(night.at(start + timedelta(minutes=m)).state == "open" for m in range(-60, 400)) / 60

    assert hours_open(spring) == 2
    assert hours_open(autumn) == 4


def test_a_span_may_end_at_midnight():
    late = Hours(NEW_YORK, {0: (Span(time(20), time(0)),)})
    assert late.at(datetime(2030, 1, 7, 23, 59, tzinfo=NEW_YORK)).state == "open"
    assert late.at(datetime(2030, 1, 8, 0, 0, tzinfo=NEW_YORK)).state == "closed"


@given(st.datetimes(datetime(2029, 1, 1), datetime(2031, 1, 1), timezones=st.just(UTC)))
def test_every_instant_has_one_state_and_a_reason(instant):
    opening = HOURS.at(instant)
    assert opening.state in {"open", "lunch", "closed", "holiday"}
    assert opening.why
