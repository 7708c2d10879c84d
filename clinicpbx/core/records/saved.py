"""Reports that the clinic wants by itself: which, of which period, when."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAILY, MONTHLY = "daily", "monthly"
LONGEST = 62
"""Days; between two of anything lie fewer."""


@dataclass(frozen=True, slots=True)
class SavedReport:
    """*report*: its name, or week. *period*: one of stretch's words, as of when it is due. *day*: one of WEEKDAYS,
    DAILY, or MONTHLY, which is the first of the month; *clock*: when on that day, in the clinic's zone.

    *to*: targets that are told; *target*: of the service level, in per cent, *threshold* in seconds, None for those of
    the queues.
    """

    name: str
    report: str
    period: str
    day: str
    clock: time
    by: str = ""
    format: str = "html"
    to: tuple[str, ...] = ()
    threshold: float | None = None
    target: float | None = None

    def due_last(self, now: datetime, zone: ZoneInfo) -> datetime:
        """The last time at which it was due, at or before *now* (aware)."""
        today = now.astimezone(zone).date()
        return next(at for n in range(LONGEST) if (at := self._on(today - timedelta(days=n), zone)) and at <= now)

    def due_next(self, now: datetime, zone: ZoneInfo) -> datetime:
        """The first time after *now* at which it is due."""
        today = now.astimezone(zone).date()
        return next(at for n in range(LONGEST) if (at := self._on(today + timedelta(days=n), zone)) and at > now)

    def _on(self, day: date, zone: ZoneInfo) -> datetime | None:
        mine = {DAILY: True, MONTHLY: day.day == 1}.get(self.day, WEEKDAYS[day.weekday()] == self.day)
        return datetime.combine(day, self.clock, zone) if mine else None

    def edition(self, due: datetime) -> str:
        """What the one that was *due* then is called: an id that says of which day it is."""
        return f"{self.name}-{due:%Y-%m-%d}"
