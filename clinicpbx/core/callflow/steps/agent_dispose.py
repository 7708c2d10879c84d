"""What came of the last call, by the clinic's own word, from the phone's agent."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from clinicpbx.core.callflow.step import STEPS, Result, Scene
from clinicpbx.core.callflow.toggle import PROMPTS, Toggle, ask_floor, say_change
from clinicpbx.core.commands import DisposeCall
from clinicpbx.core.events import Event


@STEPS.register("agent_dispose")
@dataclass(frozen=True, slots=True)
class AgentDispose:
    summary: ClassVar[str] = "notes what came of the agent's last call"

    def outcomes(self) -> frozenset[str]:
        return frozenset({"done"})

    def prompts(self) -> frozenset[str]:
        return PROMPTS

    def enter(self, scene: Scene, at: datetime) -> Result:
        return ask_floor(DisposeCall(scene.entry, scene.argument), at)

    def handle(self, scene: Scene, state: Toggle, event: Event) -> Result:
        return say_change(scene, state, event)
