"""What a queue promises its callers, as the clinic writes it."""

from datetime import timedelta

from pydantic import Field, model_validator

from clinicpbx.core.acd.target import QueueTarget
from clinicpbx.rules.words import Duration, Percent
from clinicpbx.rules.written import Written


class Target(Written):
    """Reports say whether it was held, and staffing plans for it; calls are treated no differently."""

    answered: Percent | None = Field(
        None, description="The least share of all callers that are answered in time; default: not promised."
    )
    within: Duration = Field(
        QueueTarget().within,
        gt=timedelta(0),
        description="What is in time. Reports are quickest by 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600 s.",
    )
    abandoned: Percent | None = Field(
        None, description="The greatest share of all callers that may give up; default: not promised."
    )

    @model_validator(mode="after")
    def _something(self) -> "Target":
        if self.answered is None and self.abandoned is None:
            raise ValueError("promises nothing; it needs answered, abandoned or both")
        return self

    def promised(self) -> QueueTarget:
        """As reports read it."""
        return QueueTarget(_number(self.answered), self.within, _number(self.abandoned))


def _number(percent: str | None) -> float | None:
    return None if percent is None else float(percent.removesuffix("%"))
