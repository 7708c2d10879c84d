"""Going live in phases: which of a number's calls ClinicPBX takes, and where the others go."""

from datetime import timedelta
from typing import Literal

from pydantic import Field, model_validator

from clinicpbx.rules.words import E164, Duration, Extension, Name
from clinicpbx.rules.written import Written


class Phase(Written):
    """Until everything is taken, calls are tried elsewhere first; who is not answered there is taken after all."""

    take: Literal["full", "after-hours", "overflow"] = Field(
        description="full: every call; after-hours: those outside the hours; overflow: those not answered elsewhere."
    )
    number: E164 | None = Field(None, description="The outside number of the old telephone system.")
    extension: Extension | None = Field(None, description="The phone that is rung instead of the old system.")
    hours: Name | None = Field(None, description="after-hours: while these are open or at lunch, calls go elsewhere.")
    ring: Duration = Field(
        timedelta(seconds=20),
        ge=timedelta(seconds=5),
        description="How long it rings there; shorter than until the old system's own voicemail answers.",
    )

    @model_validator(mode="after")
    def _whole(self) -> "Phase":
        if self.take != "full" and (self.number is None) == (self.extension is None):
            raise ValueError("needs either number or extension: where calls go that are not taken")
        if self.take == "after-hours" and self.hours is None:
            raise ValueError("after-hours needs hours")
        return self
