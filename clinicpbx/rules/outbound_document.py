"""The clinic's lines to the outside, as they are written: trunks, outside numbers, emergency numbers."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from clinicpbx.rules.words import E164, Digits, Extensions, Host, Name, Names, one_or_many, some
from clinicpbx.rules.written import Written

Numbers = Annotated[tuple[Digits, ...], BeforeValidator(one_or_many, json_schema_input_type=Digits | list[Digits])]
Beginning = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{0,13}$")]


class Trunk(Written):
    """A line to a carrier. The order of trunks is the order in which they are tried."""

    host: Host = Field(description="The carrier's host name or address; calls are accepted from it alone.")
    port: int = Field(5060, ge=1, le=65535, description="Port.")
    transport: Literal["udp", "tcp", "tls"] = Field("udp", description="Transport.")
    channels: int = Field(10, ge=1, le=10000, description="Most calls at once.")


class Route(Written):
    """Outside numbers that go another way than the others."""

    begins: Annotated[
        tuple[Beginning, ...],
        AfterValidator(some),
        BeforeValidator(one_or_many, json_schema_input_type=Beginning | list[Beginning]),
    ] = Field(description="How its numbers begin, in full; the longest that fits decides.")
    trunks: Names = Field((), description="The trunks tried, in this order; default: all.")
    allow: Literal["local", "international", "nobody"] = Field(
        "local", description="The permission a phone needs for it; nobody: no phone may."
    )


class Outbound(Written):
    """Calls from phones to the outside. There is no prefix to dial."""

    caller_id: E164 = Field(description="The number shown to those called.")
    country_code: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,2}$")] = Field(
        "1", description="Country code of numbers that count as local."
    )
    international_prefix: Annotated[str, Field(pattern=r"^[0-9]{1,4}$")] = Field(
        "011", description="What is dialled before another country's code, besides +."
    )
    shortest: int = Field(7, ge=3, le=15, description="Fewest digits of an outside number.")
    longest: int = Field(15, ge=7, le=15, description="Most digits of an outside number.")
    routes: dict[Name, Route] = Field(default_factory=dict, description="Name → numbers that go another way.")


class Emergency(Written):
    numbers: Numbers = Field(
        ("911", "933"), min_length=1, description="Emergency numbers, dialled without prefix from every phone."
    )
    also_with_prefix: Numbers = Field(("9",), description="Prefixes people may dial first out of habit: 9911 is 911.")
    trunks: Names = Field((), description="Trunks in the order tried; default: all, in their order.")
    notify: Extensions = Field((), description="Phones told of an emergency call while it is made.")

    @property
    def meant(self) -> dict[str, str]:
        """Every form that is an emergency call → the number it means."""
        prefixed = {prefix + number: number for prefix in self.also_with_prefix for number in self.numbers}
        return {**prefixed, **{number: number for number in self.numbers}}

    @property
    def dialled(self) -> tuple[str, ...]:
        """Every form that is an emergency call."""
        return (*self.numbers, *(form for form in self.meant if form not in self.numbers))
