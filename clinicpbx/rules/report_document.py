"""Reports that come by themselves, as the clinic writes them."""

from datetime import time
from typing import Annotated, Literal

from pydantic import Field, model_validator

from clinicpbx.core.records.saved import SavedReport
from clinicpbx.rules.rota_document import CLOCK
from clinicpbx.rules.words import Names
from clinicpbx.rules.written import Written

DAYS = "mon|tue|wed|thu|fri|sat|sun|daily|monthly"
BY: dict[str, tuple[str, ...]] = {
    "abandoned_calls": ("queue", "site", "hour", "day", "weekday", "quarter"),
    "agent_activity": ("agent", "queue", "hour", "day", "weekday", "quarter"),
    "agent_time": ("agent", "day"),
    "call_volume": ("did", "site", "hour", "day", "weekday", "quarter"),
    "callbacks": ("queue", "day", "weekday", "hour", "quarter"),
    "demand": ("weekday", "site", "did"),
    "first_call_resolution": ("category", "site", "day", "weekday", "hour", "quarter"),
    "handle_time": ("queue", "site", "hour", "day", "weekday", "quarter"),
    "menu_paths": (),
    "menus": ("menu",),
    "messages": ("category", "queue", "day", "weekday", "hour"),
    "on_call": ("person", "day", "weekday", "hour"),
    "pauses": ("reason", "agent", "day"),
    "repeat_callers": (),
    "service_level": ("queue", "site", "hour", "day", "weekday", "quarter"),
    "transfers": ("did", "site", "hour", "day", "weekday", "quarter"),
    "week": (),
}
"""What may be asked for: rules are read without the database that reports are made of."""


class ReportRule(Written):
    """One report, made and kept in the folder reports/ each time that it is due."""

    report: Literal[tuple(BY)] = Field(description="Its name, as `clinicpbx report` lists them, or week.")  # type: ignore[valid-type]
    by: str | None = Field(None, description="What its rows stand for; default: the report's first.")
    period: Literal["today", "yesterday", "this-week", "last-week", "this-month", "last-month"] = Field(
        "last-week", description="Which calls, as of the day on which it is due."
    )
    at: Annotated[str, Field(pattern=f"^({DAYS}) {CLOCK}$")] = Field(
        "mon 07:00", description="When: a day of the week, daily, or monthly (the first day), and the time there."
    )
    format: Literal["html", "csv", "json", "xlsx"] = Field("html", description="How it is written.")
    to: Names = Field((), description="Targets of notify that are told that it is there; it is never sent itself.")
    threshold: int | None = Field(
        None, ge=0, description="Seconds that are in time; default: by the target of each queue, else 20."
    )
    target: int | None = Field(
        None,
        ge=0,
        le=100,
        description="Per cent that are to be answered in time; of week; default: by the target of each queue, else 80.",
    )

    @model_validator(mode="after")
    def _countable(self) -> "ReportRule":
        known = BY[self.report]
        if self.by is not None and self.by not in known:
            raise ValueError(f"{self.report} has no rows by {self.by!r}, but by {', '.join(known) or 'nothing else'}")
        if self.report == "week" and not self.period.endswith("-week"):
            raise ValueError("the week's period is last-week or this-week")
        return self

    def saved(self, name: str) -> SavedReport:
        """As it runs."""
        day, _, clock = self.at.partition(" ")
        fields = self.model_dump(include={"report", "period", "format", "to", "threshold", "target"})
        return SavedReport(name, day=day, clock=time.fromisoformat(clock), by=self.by or "", **fields)
