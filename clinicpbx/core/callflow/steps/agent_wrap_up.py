"""The time after a call is over: the phone's agent takes the next one."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from clinicpbx.core.callflow.step import STEPS, Result, Scene
from clinicpbx.core.callflow.toggle import PROMPTS, Toggle, ask_floor, say_change
from clinicpbx.core.commands import EndWrapUp
from clinicpbx.core.events import Event


@STEPS.register("agent_wrap_up")
@dataclass(frozen=True, slots=True)
class AgentWrapUp:
    summary: ClassVar[str] = "ends the agent's time after a call"

    def outcomes(self) -> frozenset[str]:
        return frozenset({"done"})

    def prompts(self) -> frozenset[str]:
        return PROMPTS

    def enter(self, scene: Scene, at: datetime) -> Result:
        return ask_floor(EndWrapUp(scene.entry), at)

    def handle(self, scene: Scene, state: Toggle, event: Event) -> Result:
        return say_change(scene, state, event)
