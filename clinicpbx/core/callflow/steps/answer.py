"""Answer the call."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from clinicpbx.core.callflow.step import STEPS, Leave, Result, Scene, Stay
from clinicpbx.core.commands import Answer as AnswerCall
from clinicpbx.core.events import Event


@STEPS.register("answer")
@dataclass(frozen=True, slots=True)
class Answer:
    summary: ClassVar[str] = "answers the call"

    def outcomes(self) -> frozenset[str]:
        return frozenset({"done"})

    def prompts(self) -> frozenset[str]:
        return frozenset()

    def enter(self, scene: Scene, at: datetime) -> Result:
        return Leave("done", (AnswerCall(),))

    def handle(self, scene: Scene, state: Any, event: Event) -> Result:
        return Stay(state)
