"""How urgent the call is, by the clinic's protocol: said once."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from clinicpbx.core.callflow.step import STEPS, Leave, Result, Scene, State, Stay
from clinicpbx.core.commands import Note
from clinicpbx.core.events import Event

EMERGENCY = "emergency"
LEVEL, RED_FLAG = "triage", "red flag"
"""What the call remembers: its level, and the rota that is paged where the caller is lost."""


@STEPS.register("triage")
@dataclass(frozen=True, slots=True)
class Triage:
    summary: ClassVar[str] = "notes how urgent the call is; who drops out of an emergency is called back by the rota"

    level: str
    page: str = ""

    def outcomes(self) -> frozenset[str]:
        return frozenset({"done"})

    def prompts(self) -> frozenset[str]:
        return frozenset()

    def enter(self, scene: Scene, at: datetime) -> Result:
        flag = {RED_FLAG: self.page} if self.level == EMERGENCY and self.page else {}
        noted = Note("triage", {"level": self.level})
        return Leave("done", (noted,), self.level, {LEVEL: self.level, **flag})

    def handle(self, scene: Scene, state: State, event: Event) -> Result:
        return Stay(state)
