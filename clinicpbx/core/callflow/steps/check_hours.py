"""Branch on the clinic's hours."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from clinicpbx.core.callflow.step import STEPS, Leave, Result, Scene, Stay
from clinicpbx.core.events import Event


@STEPS.register("check_hours")
@dataclass(frozen=True, slots=True)
class CheckHours:
    summary: ClassVar[str] = "branches on the clinic's hours"

    hours: str

    def outcomes(self) -> frozenset[str]:
        return frozenset({"open", "lunch", "closed", "holiday"})

    def prompts(self) -> frozenset[str]:
        return frozenset()

    def enter(self, scene: Scene, at: datetime) -> Result:
        if scene.override is not None and scene.override.state:
            return Leave(scene.override.state, why=f"{scene.override.name}: {scene.override.title}")
        opening = scene.book.hours[self.hours].at(at)
        return Leave(opening.state, why=opening.why)

    def handle(self, scene: Scene, state: Any, event: Event) -> Result:
        return Stay(state)
