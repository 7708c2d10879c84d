"""Pause the phone's agent or end the pause, and say which."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from clinicpbx.core.callflow.step import STEPS, Result, Scene
from clinicpbx.core.callflow.toggle import PROMPTS, Toggle, ask_floor, say_change
from clinicpbx.core.commands import TogglePause
from clinicpbx.core.events import Event


@STEPS.register("agent_pause")
@dataclass(frozen=True, slots=True)
class AgentPause:
    summary: ClassVar[str] = "pauses the phone's agent, or ends the pause"

    def outcomes(self) -> frozenset[str]:
        return frozenset({"done"})

    def prompts(self) -> frozenset[str]:
        return PROMPTS

    def enter(self, scene: Scene, at: datetime) -> Result:
        return ask_floor(TogglePause(scene.entry, scene.argument), at)

    def handle(self, scene: Scene, state: Toggle, event: Event) -> Result:
        return say_change(scene, state, event)
