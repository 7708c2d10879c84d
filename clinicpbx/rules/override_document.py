"""Overrides as the clinic writes them: closed early, the building evacuated, the records down."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from clinicpbx.rules.words import E164, Duration, Name, Text, one_or_many
from clinicpbx.rules.written import Written

Numbers = Annotated[tuple[E164, ...], BeforeValidator(one_or_many, json_schema_input_type=E164 | list[E164])]


class Planned(Written):
    """A time for which an override is planned, in local time of the first site."""

    from_: datetime = Field(alias="from", description="From then on, such as 2026-12-01 22:00.")
    to: datetime = Field(description="Up to then.")

    @field_validator("from_", "to")
    @classmethod
    def _local(cls, value: datetime) -> datetime:
        if value.tzinfo is not None:
            raise ValueError("needs local time without a zone, such as 2026-12-01 22:00")
        return value

    @model_validator(mode="after")
    def _forward(self) -> "Planned":
        if self.to <= self.from_:
            raise ValueError("ends before it begins")
        return self


class Override(Written):
    """What holds instead of the usual, from `clinicpbx override on` until its end."""

    title: Text = Field(description="What it is, for people.")
    hours: Literal["open", "lunch", "closed", "holiday"] | None = Field(
        None, description="What every hours say, whatever the clock says."
    )
    flow: Name | None = Field(None, description="The flow that calls enter instead of their own.")
    say: Name | None = Field(None, description="A prompt that is said first.")
    dids: Numbers = Field((), description="The numbers concerned; default: all.")
    longest: Duration = Field(
        timedelta(hours=24),
        gt=timedelta(0),
        le=timedelta(days=31),
        description="The longest time for which it may be switched on; it always ends by itself.",
    )
    during: tuple[Planned, ...] = Field((), description="When it is planned, without being switched on by hand.")

    @model_validator(mode="after")
    def _does_something(self) -> "Override":
        if self.hours is self.flow is self.say is None:
            raise ValueError("does nothing: needs hours, flow or say")
        for planned in self.during:
            if planned.to - planned.from_ > self.longest:
                raise ValueError("is planned for longer than longest")
        return self

    @property
    def keeps_phones_quiet(self) -> bool:
        """Whether the desk phones are not rung while it holds and the daemon does not answer."""
        return self.flow is not None or self.hours in ("lunch", "closed", "holiday")
