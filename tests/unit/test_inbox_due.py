"""Due times count while the clinic is open: over nights, weekends, holidays and changes of the clock."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from clinicpbx.core.inbox.due import due_at, working_day_began
from clinicpbx.core.schedule.hours import DayException, Hours, Span

pytestmark = pytest.mark.unit
ZONE = ZoneInfo("America/New_York")
DAY = (Span(time(8), time(17)),)
LUNCH = (Span(time(12), time(13)),)
HOURS = Hours(
    ZONE,
    dict.fromkeys(range(5), DAY),
    dict.fromkeys(range(5), LUNCH),
    holidays={date(2026, 11, 26): "Thanksgiving Day"},
    exceptions={date(2026, 11, 27): DayException((), "the day after")},
)
NIGHTS = Hours(ZONE, {day: (Span(time(0), time(0)),) for day in range(7)})
NEVER = Hours(ZONE, {})


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("since", "hours", "due"),
    [
        ("2026-11-24 09:00", 2, "2026-11-24 11:00"),
        ("2026-11-24 11:00", 2, "2026-11-24 14:00"),  # over lunch
        ("2026-11-24 12:30", 1, "2026-11-24 14:00"),  # in it
        ("2026-11-24 16:00", 1, "2026-11-24 17:00"),
        ("2026-11-24 16:00", 2, "2026-11-25 09:00"),
        ("2026-11-23 23:00", 1, "2026-11-24 09:00"),
        ("2026-11-25 16:00", 4, "2026-11-30 11:00"),  # over a holiday, a closed day, a weekend
        ("2026-11-26 10:00", 1, "2026-11-30 09:00"),
        ("2026-11-24 09:00", 8 * 20, "2026-12-24 09:00"),  # over more than a fortnight: 20 working days of 8 hours
    ],
)
def test_only_open_hours_count(since: str, hours: int, due: str) -> None:
    assert due_at(at(since), timedelta(hours=hours), HOURS) == at(due)


@pytest.mark.parametrize(
    ("since", "due"),
    [
        ("2026-03-07 23:00", "2026-03-08 05:00"),  # the clock jumps from 2 to 3
        ("2026-10-31 23:00", "2026-11-01 03:00"),  # one hour comes twice
    ],
)
def test_nights_on_which_clocks_change_have_the_hours_they_have(since: str, due: str) -> None:
    found = due_at(at(since), timedelta(hours=5), NIGHTS)
    assert found == at(due)
    assert found - at(since).astimezone(UTC) == timedelta(hours=5)


def test_an_opening_after_the_change_of_clocks_is_in_the_new_time() -> None:
    assert due_at(at("2026-10-30 16:30"), timedelta(hours=1), HOURS) == datetime(2026, 11, 2, 13, 30, tzinfo=UTC)


@pytest.mark.parametrize("hours", [None, NEVER])
def test_without_hours_it_is_around_the_clock(hours: Hours | None) -> None:
    assert due_at(at("2026-11-24 23:00"), timedelta(hours=2), hours) == at("2026-11-25 01:00")


@pytest.mark.parametrize(
    ("now", "began"),
    [
        ("2026-11-24 10:00", "2026-11-23 08:00"),
        ("2026-11-30 08:05", "2026-11-25 08:00"),  # nothing since the Wednesday before Thanksgiving is left out
        ("2026-11-29 22:00", "2026-11-25 08:00"),
    ],
)
def test_the_last_working_day_began(now: str, began: str) -> None:
    assert working_day_began(at(now), HOURS) == at(began)


def test_without_hours_every_day_is_a_working_day() -> None:
    assert working_day_began(datetime(2026, 11, 29, 3, tzinfo=UTC), None) == datetime(2026, 11, 28, 8, tzinfo=UTC)
