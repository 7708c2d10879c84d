"""Stretches of time by the words that people have for them: today, last week, a week by its number."""

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

WORDS = ("today", "yesterday", "this-week", "last-week", "this-month", "last-month")
_WEEK = re.compile(r"(\d{4})-W(\d{2})", re.ASCII)


def stretch(words: str, now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When *words* (one of WORDS, or 2026-W47) begins and ends in *zone*, aware. Weeks begin on Monday (ISO 8601).

    *now*: aware. Errors: ValueError for other words, and for a week that there is not.
    """
    today = now.astimezone(zone).date()
    first, after = _days(words, today)
    return midnight(first, zone), midnight(after, zone)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When *day* begins in *zone*."""
    return datetime.combine(day, time(0), zone)


def _days(words: str, today: date) -> tuple[date, date]:
    """The first day, and the first after it."""
    monday, month = today - timedelta(days=today.weekday()), today.replace(day=1)
    week, day = timedelta(weeks=1), timedelta(days=1)
    match words:
        case "today":
            return today, today + day
        case "yesterday":
            return today - day, today
        case "this-week":
            return monday, monday + week
        case "last-week":
            return monday - week, monday
        case "this-month":
            return month, (month + 31 * day).replace(day=1)
        case "last-month":
            return (month - day).replace(day=1), month
    if found := _WEEK.fullmatch(words):
        begin = date.fromisocalendar(int(found[1]), int(found[2]), 1)
        return begin, begin + week
    raise ValueError(f"{words!r} is no stretch of time")


def week_name(at: datetime, zone: ZoneInfo) -> str:
    """The ISO week that *at* lies in, as 2026-W47."""
    year, week, _ = at.astimezone(zone).isocalendar()
    return f"{year}-W{week:02}"
