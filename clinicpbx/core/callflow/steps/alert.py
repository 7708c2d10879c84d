"""Tell people at once; the call goes on meanwhile."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from clinicpbx.core.callflow.step import STEPS, Leave, Result, Scene, State, Stay
from clinicpbx.core.commands import Alert as RingPhone
from clinicpbx.core.commands import Note
from clinicpbx.core.events import Event


@STEPS.register("alert")
@dataclass(frozen=True, slots=True)
class Alert:
    summary: ClassVar[str] = "rings phones that say a prompt to whoever answers; the call goes on at once"

    prompt: str
    phones: tuple[str, ...]

    def outcomes(self) -> frozenset[str]:
        return frozenset({"done"})

    def prompts(self) -> frozenset[str]:
        return frozenset({self.prompt})

    def enter(self, scene: Scene, at: datetime) -> Result:
        told = Note("alerted", {"prompt": self.prompt, "phones": list(self.phones)})
        return Leave("done", (told, *(RingPhone(phone, self.prompt) for phone in self.phones)))

    def handle(self, scene: Scene, state: State, event: Event) -> Result:
        return Stay(state)
