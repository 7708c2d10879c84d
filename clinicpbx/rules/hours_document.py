"""Opening hours as they are written: weeks, lunch, holidays, and the days that differ."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from clinicpbx.core.schedule.hours import Span
from clinicpbx.rules.words import Name, Spans, Text, Weekdays, by_weekday, each_day_once, every_day
from clinicpbx.rules.written import Written

Lunch = Annotated[
    dict[Weekdays, Spans],
    BeforeValidator(each_day_once),
    BeforeValidator(every_day, json_schema_input_type=Spans | dict[Weekdays, Spans]),
]
LONGEST_EXCEPTION = timedelta(days=366)


class Holidays(Written):
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = Field(description="ISO 3166 country whose holidays count.")
    region: Annotated[str, Field(pattern=r"^[A-Z0-9]{1,3}$")] | None = Field(
        None, description="State or province, such as ME."
    )
    pick: tuple[Text, ...] | None = Field(
        None, description="Only these holidays, by their name; default: all of country and region."
    )
    add: dict[date, Text] = Field(default_factory=dict, description="Further holidays: date → name.")


class HoursException(Written):
    """One day, or the days *from* … *to*, that differ from the week."""

    date_: date | None = Field(None, alias="date", description="The one day.")
    from_: date | None = Field(None, alias="from", description="First day.")
    to: date | None = Field(None, description="Last day, included.")
    open: Spans = Field((), description="Open at these times instead of the usual ones.")
    closed: bool = Field(False, description="Closed all day.")
    reason: Text = Field(description="Why; shown when a call is explained.")

    @model_validator(mode="after")
    def _whole(self) -> "HoursException":
        if (self.date_ is None) == (self.from_ is None and self.to is None):
            raise ValueError("needs either date, or from and to")
        if self.date_ is None and (self.from_ is None or self.to is None):
            raise ValueError("needs both from and to")
        if not timedelta(0) <= self.last - self.first <= LONGEST_EXCEPTION:
            raise ValueError("ends before it begins, or is longer than a year")
        if self.closed == bool(self.open):
            raise ValueError("needs either closed: true, or open with times")
        return self

    @property
    def first(self) -> date:
        found = self.date_ or self.from_
        assert found is not None
        return found

    @property
    def last(self) -> date:
        found = self.date_ or self.to
        assert found is not None
        return found

    @property
    def days(self) -> Iterator[date]:
        for number in range((self.last - self.first).days + 1):
            yield self.first + timedelta(days=number)


class HoursRules(Written):
    """When a place is open."""

    site: Name | None = Field(None, description="The site whose time zone holds; default: the first one.")
    open: Annotated[dict[Weekdays, Spans], BeforeValidator(each_day_once)] = Field(
        description="Weekdays → opening times, such as mon-fri: 08:00-17:00."
    )
    lunch: Lunch = Field(default_factory=dict, description="Lunch: times for every open day, or weekdays → times.")
    holidays: Holidays | None = Field(None, description="Days that count as holidays; default: none.")
    exceptions: tuple[HoursException, ...] = Field((), description="Single days or weeks that differ; they win.")

    @property
    def week(self) -> dict[int, tuple[Span, ...]]:
        """Weekday (Monday 0) → opening times, in order."""
        return by_weekday(self.open)

    @property
    def lunches(self) -> dict[int, tuple[Span, ...]]:
        """Weekday → lunch, on days that are open at its start."""
        week = self.week
        return {
            day: kept
            for day, those in by_weekday(self.lunch).items()
            if (kept := tuple(lunch for lunch in those if any(span.holds(lunch.start) for span in week.get(day, ()))))
        }
