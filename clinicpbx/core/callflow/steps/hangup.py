"""End the call."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from clinicpbx.core.callflow.step import STEPS, Leave, Result, Scene, Stay
from clinicpbx.core.commands import Hangup as HangupCall
from clinicpbx.core.events import Event


@STEPS.register("hangup")
@dataclass(frozen=True, slots=True)
class Hangup:
    summary: ClassVar[str] = "ends the call"

    def outcomes(self) -> frozenset[str]:
        return frozenset()

    def prompts(self) -> frozenset[str]:
        return frozenset()

    def enter(self, scene: Scene, at: datetime) -> Result:
        return Leave("hangup", (HangupCall(),))

    def handle(self, scene: Scene, state: Any, event: Event) -> Result:
        return Stay(state)
