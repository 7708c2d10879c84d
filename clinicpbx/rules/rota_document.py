"""Providers and on-call rotas as the clinic writes them."""

import re
from datetime import datetime, time
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from clinicpbx.rules.paging_document import HandoverRule, PageRule
from clinicpbx.rules.words import E164, Extension, Language, Name, Text, Weekdays, one_or_many
from clinicpbx.rules.written import Written

Names = Annotated[tuple[Name, ...], BeforeValidator(one_or_many, json_schema_input_type=Name | list[Name])]
Languages = Annotated[
    tuple[Language, ...], BeforeValidator(one_or_many, json_schema_input_type=Language | list[Language])
]
CLOCK = r"([01]\d|2[0-3]):[0-5]\d"
CALENDAR = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,80}\.ics$"
INSTANT = rf"\d{{4}}-\d{{2}}-\d{{2}}[ T]{CLOCK}"


class Provider(Written):
    """A clinician, for rotas and for the directory."""

    name: Text = Field(description="The provider's name, for people.")
    specialities: Names = Field((), description="What the provider is for, such as paediatrics.")
    languages: Languages = Field((), description="Languages spoken with patients; default: the clinic's first.")
    site: Name | None = Field(None, description="Where the provider works; default: the first site.")
    phone: Extension | None = Field(None, description="The desk phone (see phones); rung first by the step refer.")
    mobile: E164 | None = Field(None, description="The mobile phone; rung first by the step on_call.")

    @model_validator(mode="after")
    def _reachable(self) -> "Provider":
        if self.phone is None and self.mobile is None:
            raise ValueError("needs phone or mobile: how the provider is reached")
        return self


class ShiftRule(Written):
    """A weekly duty (with days), or a single shift (with dates), in local time of the rota's site."""

    days: Weekdays | None = Field(None, description="Weekdays on which it begins; without: a single shift.")
    from_: str = Field(alias="from", description='Its begin: "17:00" with days, else 2026-12-24 17:00.')
    to: str = Field(description="Its end, written alike; a clock that is not later means the next day.")
    who: Name = Field(description="Who is on call (see providers).")
    backup: Name | None = Field(None, description="Who is asked where the first is not reached.")

    @model_validator(mode="after")
    def _whole(self) -> "ShiftRule":
        form, like = (CLOCK, '"17:00"') if self.days is not None else (INSTANT, "2026-12-24 17:00")
        for value in (self.from_, self.to):
            if not re.fullmatch(form, value, re.ASCII):
                raise ValueError(f"{value!r} is not a time like {like}")
        if self.days is None and self.instants[1] <= self.instants[0]:
            raise ValueError("is empty: it ends before it begins")
        if self.who == self.backup:
            raise ValueError("names the same person as who and as backup")
        return self

    @property
    def clocks(self) -> tuple[time, time]:
        return time.fromisoformat(self.from_), time.fromisoformat(self.to)

    @property
    def instants(self) -> tuple[datetime, datetime]:
        """Local, without a zone."""
        return datetime.fromisoformat(self.from_), datetime.fromisoformat(self.to)


class RotaRules(Written):
    """Who is on call for one service."""

    site: Name | None = Field(None, description="The site whose time zone holds; default: the first one.")
    besides: Name | None = Field(
        None, description="Hours during which nobody need be on call (while they are open); default: always covered."
    )
    shifts: tuple[ShiftRule, ...] = Field((), description="Weekly duties, and single shifts, which win.")
    calendar: Annotated[str, Field(pattern=CALENDAR)] | None = Field(
        None,
        description="An .ics file beside the rules: each event is a shift, its title a provider, or two with `/` "
        "between them, the second as backup. It wins over weekly duties.",
    )

    page: PageRule = Field(
        default_factory=lambda: PageRule.model_validate({}), description="How messages for the rota page its people."
    )
    handover: HandoverRule | None = Field(None, description="How shifts are handed over; default: without a call.")

    @model_validator(mode="after")
    def _somebody(self) -> "RotaRules":
        if not self.shifts and self.calendar is None:
            raise ValueError("needs shifts, or a calendar")
        return self
