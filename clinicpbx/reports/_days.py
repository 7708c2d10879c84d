"""What the days of some weeks were like: one line a day, and sums of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.calls import rows
from clinicpbx.reports import REPORTS
from clinicpbx.reports._report import Period


@dataclass(frozen=True, slots=True)
class Day:
    """One day's patients' calls, or the sum of several days'. Waits in seconds."""

    calls: int = 0
    abandoned: int = 0
    messages: int = 0
    callbacks: int = 0
    offered: int = 0
    answered: int = 0
    in_time: int = 0
    waited: float = 0.0
    longest: float = 0.0

    @property
    def level(self) -> float | None:
        """Of those offered to queues, how many were answered in time, in per cent."""
        return round(100 * self.in_time / self.offered, 1) if self.offered else None

    @property
    def mean_wait(self) -> float | None:
        return round(self.waited / self.answered, 1) if self.answered else None

    @property
    def given_up(self) -> float | None:
        """Abandoned calls in per cent of all."""
        return round(100 * self.abandoned / self.calls, 1) if self.calls else None


def summed(days: Iterable[Day]) -> Day:
    """All of *days* together."""
    found = list(days)
    names = ("calls", "abandoned", "messages", "callbacks", "offered", "answered", "in_time")
    counts = {name: sum(getattr(day, name) for day in found) for name in names}
    return Day(**counts, waited=sum(d.waited for d in found), longest=max((d.longest for d in found), default=0.0))


async def days_of(engine: AsyncEngine, period: Period) -> Mapping[date, Day]:
    """Each local day of *period* on which a patient called."""
    volume = await report_rows(engine, "call_volume", replace(period, by="day"))
    levels = await report_rows(engine, "service_level", replace(period, by="day"))
    found: dict[date, Day] = {}
    for row in volume:
        if row["kind"] == "inbound":
            names = {"calls": "calls", "abandoned": "abandoned", "messages": "voicemail", "callbacks": "callback"}
            found[date.fromisoformat(row["day"])] = Day(**{name: row[of] for name, of in names.items()})
    for row in levels:
        day = date.fromisoformat(row["day"])
        found[day] = replace(
            found.get(day, Day()),
            offered=row["offered"],
            answered=row["answered"],
            in_time=row["answered_in_time"],
            waited=(row["speed_of_answer"] or 0.0) * row["answered"],
            longest=row["longest_wait"] or 0.0,
        )
    return found


async def report_rows(engine: AsyncEngine, name: str, period: Period) -> Sequence[dict[str, Any]]:
    """The rows of the report *name* as they are shown."""
    report = REPORTS[name]
    return [report.row(row, period) for row in await rows(engine, report.select(period))]
