"""Log the phone's agent in or out of the queues, and say which."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from clinicpbx.core.callflow.step import STEPS, Result, Scene
from clinicpbx.core.callflow.toggle import PROMPTS, Toggle, ask_floor, say_change
from clinicpbx.core.commands import ToggleLogin
from clinicpbx.core.events import Event


@STEPS.register("agent_login")
@dataclass(frozen=True, slots=True)
class AgentLogin:
    summary: ClassVar[str] = "logs the phone's agent in or out"

    def outcomes(self) -> frozenset[str]:
        return frozenset({"done"})

    def prompts(self) -> frozenset[str]:
        return PROMPTS

    def enter(self, scene: Scene, at: datetime) -> Result:
        return ask_floor(ToggleLogin(scene.entry, scene.argument), at)

    def handle(self, scene: Scene, state: Toggle, event: Event) -> Result:
        return say_change(scene, state, event)
