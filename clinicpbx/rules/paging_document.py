"""How a rota's people are paged and confirm their shifts, as the clinic writes it."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field, StringConstraints

from clinicpbx.core.oncall.rules import OUTCOMES
from clinicpbx.rules.words import Duration, Name
from clinicpbx.rules.written import Written

Ring = Annotated[Duration, Field(ge=timedelta(seconds=5), le=timedelta(minutes=2))]
Pause = Annotated[Duration, Field(ge=timedelta(seconds=1), le=timedelta(hours=2))]
Key = Annotated[str, StringConstraints(pattern="^[0-9]$")]


class PageRule(Written):
    """Who is on call is rung, then the backup, round after round, until somebody accepts with a key."""

    ring: Ring = Field(timedelta(seconds=25), description="How long each of them is rung.")
    rounds: int = Field(3, ge=1, le=9, description="How often all of them are rung before the manager is told.")
    pause: Pause = Field(timedelta(seconds=30), description="The pause between two rounds.")
    again: Pause = Field(
        timedelta(minutes=5), description="After the last round everything begins anew, so much later."
    )
    supervisor: Name | None = Field(None, description="Who is rung last in the last round (see providers).")
    say: Name | None = Field(None, description="What is said of the rota, after the PIN (see prompts).")
    outcomes: dict[Key, Name] = Field(
        default_factory=lambda: dict(OUTCOMES),
        description="Key → what came of it. Others than these need a prompt page-outcomes that says them.",
    )


class HandoverRule(Written):
    """Who comes on call is rung, and confirms it with a key; who does not is the backup of their backup."""

    confirm: bool = Field(True, description="Whether shifts are handed over by a call.")
    ahead: Duration = Field(
        timedelta(0), ge=timedelta(0), le=timedelta(hours=12), description="So long before the shift begins."
    )
    ring: Ring = Field(timedelta(seconds=25), description="How long it rings.")
    tries: int = Field(2, ge=1, le=9, description="How often each is rung.")
    pause: Pause = Field(timedelta(minutes=1), description="The pause between two tries.")
