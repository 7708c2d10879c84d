"""Scenarios as the clinic writes them: a call, and what must become of it."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator

from clinicpbx.rules.words import Duration, Language, Name, Text, one_or_many
from clinicpbx.rules.written import Written

SILENCE, HANG_UP = "silence", "hang up"
Pressed = Annotated[tuple[str, ...], BeforeValidator(one_or_many, json_schema_input_type=str | list[str | int])]
Texts = Annotated[tuple[Text, ...], BeforeValidator(one_or_many, json_schema_input_type=Text | list[Text])]
Outcome = Literal["answered", "voicemail", "abandoned", "informed", "internal"]


class Expected(Written):
    """What must become of the call; what is not written may be anything."""

    outcome: Outcome | None = Field(None, description="How the call ends.")
    language: Language | None = Field(None, description="The language at the end.")
    queue: Name | None = Field(None, description="A queue the caller waits in.")
    rings: Text | None = Field(None, description="Who is rung: an agent, a phone's extension, or an outside number.")
    mailbox: Name | None = Field(None, description="The mailbox that gets a message.")
    menus: int | None = Field(None, ge=0, le=99, description="At most so many menus until the end.")
    steps: Texts = Field((), description="Steps the call goes through in this order; others may lie between.")
    hears: Texts = Field((), description="Prompts the caller is played or asked with.")
    never: Texts = Field((), description="Steps, queues, mailboxes, agents or phones that the call never meets.")


class Scenario(Written):
    """One call, made in thought."""

    dial: Text = Field(description="The number that is called: a DID, or an internal number.")
    at: datetime = Field(description="When, in local time of the first site, such as 2027-07-04 17:05.")
    from_: Text | None = Field(None, alias="from", description="The caller's number; default: withheld.")
    language: Language | None = Field(None, description="Spoken from the start; default: the line's.")
    press: Pressed = Field((), description=f"Keys, one at each question; also `{SILENCE}` and `{HANG_UP}`.")
    agents: Literal["all", "none", "busy"] | tuple[Name, ...] = Field(
        "all", description="Who is logged in: all, none, a list of agents; busy: all, and each on the phone."
    )
    answers: bool = Field(True, description="Whether those who are rung pick up.")
    override: Name | None = Field(None, description="An override that is switched on.")
    says: Duration = Field(timedelta(seconds=10), description="How long the caller speaks into a mailbox.")
    expect: Expected = Field(description="What must become of the call.")

    @field_validator("press")
    @classmethod
    def _keys(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if wrong := [key for key in value if key not in (*"0123456789*#", SILENCE, HANG_UP)]:
            raise ValueError(f"{wrong[0]!r} is no key: write 1, #, * , {SILENCE} or {HANG_UP}")
        return value

    @field_validator("at")
    @classmethod
    def _local(cls, value: datetime) -> datetime:
        if value.tzinfo is not None:
            raise ValueError("needs local time without a zone, such as 2027-07-04 17:05")
        return value
