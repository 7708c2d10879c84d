"""Note what the caller wants, for the record and for whoever follows it up."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from clinicpbx.core.callflow.step import STEPS, Leave, Result, Scene, State, Stay
from clinicpbx.core.commands import Note
from clinicpbx.core.events import Event

CATEGORY = "category"  # in the call's memory


@STEPS.register("request")
@dataclass(frozen=True, slots=True)
class Request:
    summary: ClassVar[str] = "notes what the caller wants; the call goes on at once"

    category: str

    def outcomes(self) -> frozenset[str]:
        return frozenset({"done"})

    def prompts(self) -> frozenset[str]:
        return frozenset()

    def enter(self, scene: Scene, at: datetime) -> Result:
        return Leave("done", (Note("request", {"category": self.category}),), self.category, {CATEGORY: self.category})

    def handle(self, scene: Scene, state: State, event: Event) -> Result:
        return Stay(state)
