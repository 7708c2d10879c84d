"""The phone's agent needs as much time again after the call."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from clinicpbx.core.callflow.step import STEPS, Result, Scene
from clinicpbx.core.callflow.toggle import PROMPTS, Toggle, ask_floor, say_change
from clinicpbx.core.commands import ExtendWrapUp
from clinicpbx.core.events import Event


@STEPS.register("agent_more_time")
@dataclass(frozen=True, slots=True)
class AgentMoreTime:
    summary: ClassVar[str] = "gives the agent more time after a call"

    def outcomes(self) -> frozenset[str]:
        return frozenset({"done"})

    def prompts(self) -> frozenset[str]:
        return PROMPTS

    def enter(self, scene: Scene, at: datetime) -> Result:
        return ask_floor(ExtendWrapUp(scene.entry), at)

    def handle(self, scene: Scene, state: Toggle, event: Event) -> Result:
        return say_change(scene, state, event)
