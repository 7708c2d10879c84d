"""Is the clinic open at an instant, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Span:
    """From *start* up to, not including, *end*, in local wall-clock time. time(0) as *end* means midnight."""

    start: time
    end: time

    def holds(self, at: time) -> bool:
        return self.start <= at and (at < self.end or self.end == time(0))

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"


@dataclass(frozen=True, slots=True)
class DayException:
    """One day that differs: open in *spans* (none: closed all day)."""

    spans: tuple[Span, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Opening:
    """*state* is open, lunch, closed or holiday; *why* is for people."""

    state: str
    why: str


@dataclass(frozen=True, slots=True)
class Hours:
    """Weekly hours (Monday is 0), lunch, holidays and one-off exceptions of one place, in its own time zone."""

    zone: ZoneInfo
    week: Mapping[int, tuple[Span, ...]]
    lunch: Mapping[int, tuple[Span, ...]] = field(default_factory=dict)
    holidays: Mapping[date, str] = field(default_factory=dict)
    exceptions: Mapping[date, DayException] = field(default_factory=dict)

    def at(self, instant: datetime) -> Opening:
        """The state at *instant* (aware). Exceptions win over holidays, holidays over the week."""
        local = instant.astimezone(self.zone)
        clock = local.time().replace(tzinfo=None)
        if exception := self.exceptions.get(local.date()):
            if any(span.holds(clock) for span in exception.spans):
                return Opening("open", exception.reason)
            return Opening("closed", exception.reason)
        if holiday := self.holidays.get(local.date()):
            return Opening("holiday", holiday)
        for span in self.lunch.get(local.weekday(), ()):
            if span.holds(clock):
                return Opening("lunch", f"lunch {span}")
        for span in self.week.get(local.weekday(), ()):
            if span.holds(clock):
                return Opening("open", f"{local:%A} {span}")
        return Opening("closed", f"{local:%A} {local:%H:%M} is outside the hours")
