"""On-call calendars: what a calendar program exports becomes shifts; what it must not do is refused with its line."""

import time as clock
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from clinicpbx.errors import RulesRefused
from clinicpbx.rules.calendar import CalendarRefused, events
from clinicpbx.rules.compile import Rules, rules_from
from clinicpbx.rules.rotas import AHEAD

pytestmark = pytest.mark.unit
HARBOR = (Path(__file__).parents[3] / "examples" / "harbor" / "clinic.yaml").read_text()
TODAY = date(2026, 11, 24)
PORTLAND = ZoneInfo("America/New_York")
ROTA = """
providers:
  lopez: {name: Dr. Lopez, mobile: "+12075550190"}
  chen: {name: Dr. Chen, mobile: "+12075550191"}
rotas:
  physicians: {calendar: oncall.ics}
"""
NIGHTS = "DTSTART;TZID=America/New_York:20261101T170000\nDTEND;TZID=America/New_York:20261102T080000"
DAYS = "DTSTART;TZID=America/New_York:20261101T080000\nDTEND;TZID=America/New_York:20261101T170000"
DAILY = "RRULE:FREQ=DAILY"


def ics(*shifts: str) -> bytes:
    """A calendar of these events, as programs write it."""
    heads = (f"BEGIN:VEVENT\nUID:{number}@x\nDTSTAMP:20261101T000000Z" for number in range(len(shifts)))
    parts = "".join(f"{head}\n{one}\nEND:VEVENT\n" for head, one in zip(heads, shifts, strict=True))
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//y//EN\n{parts}END:VCALENDAR\n".replace("\n", "\r\n").encode()


def shift(summary: str, *more: str) -> str:
    return "\n".join([f"SUMMARY:{summary}", *more])


WHOLE = ics(shift("Dr. Lopez / Dr. Chen", NIGHTS, DAILY), shift("chen/lopez", DAYS, DAILY))


def harbor(calendar: bytes, rota: str = ROTA) -> Rules:
    return rules_from("rules/clinic.yaml", HARBOR + rota, TODAY, "1", {"oncall.ics": calendar}.__getitem__)


def refused(calendar: bytes, rota: str = ROTA) -> list[str]:
    with pytest.raises(RulesRefused) as found:
        harbor(calendar, rota)
    return [f"{one.file}:{one.line}: {one.problem}" for one in found.value.mistakes if not one.warning]


@pytest.mark.parametrize(
    ("at", "who", "backup"),
    [
        ("2026-12-01 16:59", "chen", "lopez"),
        ("2026-12-01 17:00", "lopez", "chen"),
        ("2027-03-14 03:30", "lopez", "chen"),  # the clocks go forward
        ("2027-03-14 07:59", "lopez", "chen"),
        ("2027-03-14 08:00", "chen", "lopez"),
        ("2027-11-07 01:30", "lopez", "chen"),  # the clocks go back
        ("2027-11-07 08:00", "chen", "lopez"),
    ],
)
def test_who_is_on_call_also_in_the_nights_when_clocks_change(at: str, who: str, backup: str) -> None:
    found = harbor(WHOLE).book.rotas["physicians"].at(datetime.fromisoformat(at).replace(tzinfo=PORTLAND))
    assert found is not None
    assert (found.who, found.backup) == (who, backup)


def test_a_single_shift_of_the_rules_wins_over_the_calendar_and_that_over_the_week() -> None:
    weekly = '{days: mon-sun, from: "08:00", to: "08:00", who: chen, backup: lopez}'
    single = "{from: 2026-12-24 18:00, to: 2026-12-24 20:00, who: chen, backup: lopez}"
    one_night = ics(shift("lopez/chen", "DTSTART:20261224T170000\nDTEND:20261225T080000"))  # no zone: the site's
    rules = harbor(one_night, ROTA.replace("oncall.ics", f"oncall.ics, shifts: [{weekly}, {single}]"))
    rota, evening = rules.book.rotas["physicians"], datetime(2026, 12, 24, 16, 59, tzinfo=PORTLAND)
    asked = [rota.at(evening + timedelta(minutes=minutes)) for minutes in (0, 1, 61, 181, 901)]
    assert [one.who for one in asked if one] == ["chen", "lopez", "chen", "lopez", "chen"]
    held = rota.shifts(evening, evening + timedelta(days=1))
    assert [one.who for one in held] == ["chen", "lopez", "chen", "lopez", "chen"]


def test_one_changed_night_of_a_series_and_a_cancelled_one() -> None:
    changed = (
        "SUMMARY:chen / lopez\nRECURRENCE-ID;TZID=America/New_York:20261201T170000\n"
        "DTSTART;TZID=America/New_York:20261201T170000\nDTEND;TZID=America/New_York:20261202T080000"
    )
    series = shift("lopez / chen", NIGHTS, DAILY, "EXDATE;TZID=America/New_York:20261203T170000")
    text = ics(series, changed).replace(b"UID:1@x", b"UID:0@x")
    found = events(text, PORTLAND, TODAY, AHEAD)
    at = {event.start.astimezone(PORTLAND).date(): event.who for event in found}
    assert (at[date(2026, 12, 1)], at[date(2026, 12, 2)], date(2026, 12, 3) in at) == ("chen", "lopez", False)
    assert len(found) in (399, 400)
    gap = "nobody is on call from Tuesday 2026-11-24 08:00 to Tuesday 2026-11-24 17:00"
    assert any(one.endswith(gap) for one in refused(text))


def test_whole_days_are_the_sites_days() -> None:
    day = ics(shift("chen", "DTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261226"))
    (found,) = events(day, PORTLAND, TODAY, AHEAD)
    assert (found.start, found.end) == (datetime(2026, 12, 25, 5, tzinfo=UTC), datetime(2026, 12, 26, 5, tzinfo=UTC))


def test_what_is_wrong_is_told_with_the_calendars_line() -> None:
    strange = ics(shift("Dr. Lopes / Dr. Chen", NIGHTS, DAILY), shift("chen", DAYS, DAILY), shift("", DAYS, DAILY))
    assert refused(strange)[:2] == [
        "rules/oncall.ics:5: no provider is named 'Dr. Lopes'; did you mean 'Dr. Lopez'?",
        "rules/oncall.ics:21: no provider is named 'nobody'",
    ]
    twice = ics(shift("chen", DAYS, DAILY), shift("lopez", NIGHTS, DAILY), shift("lopez", DAYS, DAILY))
    wanted = "overlaps with the shift of chen (oncall.ics:5) on Tuesday 2026-11-24 08:00"
    assert any(wanted in one for one in refused(twice))


@pytest.mark.parametrize(
    ("calendar", "problem"),
    [
        (b"hello", "is no iCalendar file"),
        (b"", "is no iCalendar file"),
        (b"\xff\xfe\x00B", "is no iCalendar file"),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VCALENDAR\r\n", "is no iCalendar file"),
        (ics(shift("chen", DAYS, "RRULE:FREQ=SECONDLY")), "a shift repeats daily, weekly, monthly or yearly"),
        (ics(shift("chen", DAYS, "RRULE:FREQ=DAILY;BYSECOND=1,2,3;BYMINUTE=1,2")), "a shift repeats daily"),
        (ics(shift("chen", "DTSTART:20261201T100000\nDTEND:20261201T100000")), "a shift is empty"),
        (ics(*(shift("chen", DAYS, DAILY) for _ in range(20))), "has more than 5000 shifts in 400 days"),
        (ics(*(shift("chen", DAYS, DAILY) for _ in range(101))), "has more than 100 shifts that repeat"),
        (b"BEGIN:VCALENDAR\r\n" + b"X:" + b"a" * 2_000_000, "is larger than 1024 KB"),
    ],
    ids=["text", "empty", "bytes", "torn", "seconds", "by seconds", "no length", "twenty at once", "many", "large"],
)  # fmt: skip
def test_bad_calendars_are_refused_and_soon(calendar: bytes, problem: str) -> None:
    began = clock.process_time()
    with pytest.raises(CalendarRefused, match=problem):
        events(calendar, PORTLAND, TODAY, AHEAD)
    assert clock.process_time() - began < 20


def test_a_calendar_that_is_not_there_is_named() -> None:
    with pytest.raises(RulesRefused, match=r"physicians\.calendar: there is no file 'oncall\.ics' beside this one"):
        rules_from("clinic.yaml", HARBOR + ROTA, TODAY, "1")


def test_the_nights_that_the_journal_knows_are_there_and_what_is_over_blocks_nothing() -> None:
    left = shift("Dr. Gone", "DTSTART:20261115T080000\nDTEND:20261115T090000")
    rota = harbor(ics(shift("lopez/chen", NIGHTS, DAILY), shift("chen/lopez", DAYS, DAILY), left)).book.rotas[
        "physicians"
    ]
    found = rota.at(datetime(2026, 11, 16, 23, tzinfo=PORTLAND))
    assert found is not None
    assert found.who == "lopez"
