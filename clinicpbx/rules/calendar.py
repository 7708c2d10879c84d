"""An on-call calendar (iCalendar, RFC 5545) as shifts: one event a shift, its summary names who, and the backup."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

LARGEST = 1024 * 1024  # bytes
MOST_SHIFTS = 5000
MOST_REPEATING = 100
MONTH = timedelta(days=30)
REPEATS = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
WITHIN_A_DAY = frozenset({"BYHOUR", "BYMINUTE", "BYSECOND"})


class CalendarRefused(ValueError):
    """*line* of the file, from 1, and what is wrong there."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line


@dataclass(frozen=True, slots=True)
class Event:
    """From *start* up to, not including, *end* (UTC); *who* and *backup* as written. *line* of its UID."""

    start: datetime
    end: datetime
    who: str
    backup: str
    line: int


def events(raw: bytes, zone: ZoneInfo, today: date, ahead: timedelta) -> list[Event]:
    """The events of the calendar *raw* from *today* on, repetitions written out, in order.

    Times without a zone, and whole days, are local in *zone*. `Dr Chen / Dr Egan` names the backup behind the slash.
    Errors: CalendarRefused.
    """
    calendar = _read(raw)
    lines = raw.decode("utf-8", "replace").splitlines()
    repeating = [event for event in calendar.walk("VEVENT") if event.get("RRULE")]
    if len(repeating) > MOST_REPEATING:
        raise CalendarRefused(1, f"has more than {MOST_REPEATING} shifts that repeat")
    for event in repeating:
        _refuse_bombs(event, lines)
    shifts: list[Event] = []
    for event in _occurrences(calendar, datetime.combine(today, time(0), zone), ahead, zone):
        shifts.append(_event(event, zone, lines))
        if len(shifts) > MOST_SHIFTS:
            raise CalendarRefused(1, f"has more than {MOST_SHIFTS} shifts in {ahead.days} days")
    return sorted(shifts, key=lambda one: one.start)


def _occurrences(calendar: Any, start: datetime, ahead: timedelta, zone: ZoneInfo) -> Iterator[Any]:
    """What happens in the time *ahead*, a month at once; an event of two months counts in the first."""
    from recurring_ical_events import of

    query, over, month = of(calendar), start + ahead, start
    while month < over:
        until = min(month + MONTH, over)
        for event in query.between(month, until):
            if month == start or month <= _instant(event.start, zone) < until:
                yield event
        month = until


def _read(raw: bytes) -> Any:
    from icalendar import Calendar

    if len(raw) > LARGEST:
        raise CalendarRefused(1, f"is larger than {LARGEST // 1024} KB")
    try:
        calendar = Calendar.from_ical(raw.decode("utf-8"))
    except (ValueError, KeyError, IndexError, TypeError) as wrong:
        raise CalendarRefused(1, "is no iCalendar file (RFC 5545); export it again as .ics") from wrong
    if calendar.name != "VCALENDAR":
        raise CalendarRefused(1, "is no iCalendar file (RFC 5545); export it again as .ics")
    return calendar


def _refuse_bombs(event: Any, lines: list[str]) -> None:
    rules = event["RRULE"]
    for rule in rules if isinstance(rules, list) else [rules]:
        if not REPEATS.issuperset(rule.get("FREQ", ())) or WITHIN_A_DAY & rule.keys():
            raise CalendarRefused(
                _line(event, lines), "a shift repeats daily, weekly, monthly or yearly, at its own time"
            )


def _event(event: Any, zone: ZoneInfo, lines: list[str]) -> Event:
    who, _, backup = str(event.get("SUMMARY", "")).partition("/")
    start, end = _instant(event.start, zone), _instant(event.end, zone)
    if end <= start:
        raise CalendarRefused(_line(event, lines), "a shift is empty: it ends before it begins")
    return Event(start, end, who.strip(), backup.strip(), _line(event, lines))


def _instant(at: date, zone: ZoneInfo) -> datetime:
    if not isinstance(at, datetime):
        at = datetime.combine(at, time(0))
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def _line(event: Any, lines: list[str]) -> int:
    """Where the event's UID stands."""
    wanted = f"UID:{event.get('UID', '')}"
    return next((number for number, line in enumerate(lines, 1) if line == wanted), 1)
