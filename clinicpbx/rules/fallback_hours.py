"""Opening hours as the dialplan knows them: a week, and each day of the next 400 that differs."""

from collections.abc import Iterator, Mapping
from datetime import date, time, timedelta
from typing import Any

from clinicpbx.core.schedule.hours import Hours, Span
from clinicpbx.rules import quoting
from clinicpbx.rules.words import DAYS

AHEAD = timedelta(days=400)


def hours_view(name: str, hours: Hours, today: date, where: str) -> Mapping[str, Any]:
    """*hours* from the first of *today*'s month on, so that the rendered text is the same all month."""
    first = today.replace(day=1)
    return {
        "name": quoting.name(name),
        "zone": quoting.zone(str(hours.zone)),
        "week": list(_weekly(hours.week)),
        "lunch": list(_weekly(hours.lunch)),
        "days": list(_days(hours, first, today + AHEAD + timedelta(days=31))),
        "where": where,
    }


def _weekly(week: Mapping[int, tuple[Span, ...]]) -> Iterator[Mapping[str, str]]:
    for day, spans in sorted(week.items()):
        for span in spans:
            yield {"day": DAYS[day], "clock": clock(span)}


def _days(hours: Hours, first: date, last: date) -> Iterator[Mapping[str, Any]]:
    last = last.replace(day=1)
    for day in sorted({*hours.holidays, *hours.exceptions}):
        if first <= day < last:
            exception = hours.exceptions.get(day)
            spans = [clock(span) for span in exception.spans] if exception else []
            yield {"date": f"{day:%Y%m%d}", "open": spans, "state": "closed" if exception else "holiday"}


def clock(span: Span) -> str:
    """*span* as GotoIfTime reads it, the last minute included."""
    end = time(23, 59) if span.end == time(0) else _before(span.end)
    return f"{span.start:%H:%M}-{end:%H:%M}"


def _before(at: time) -> time:
    minutes = at.hour * 60 + at.minute - 1
    return time(minutes // 60, minutes % 60)
