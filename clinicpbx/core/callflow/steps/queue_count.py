"""How many wait in a queue, spoken to whoever asks from a phone."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from clinicpbx.core.callflow.asking import LONGEST_PROMPT
from clinicpbx.core.callflow.step import STEPS, Leave, Result, Scene, Stay
from clinicpbx.core.callflow.toggle import Toggle, ask_floor, say_change
from clinicpbx.core.commands import AskWaiting, Play
from clinicpbx.core.events import Event, WaitingTold


@STEPS.register("queue_count")
@dataclass(frozen=True, slots=True)
class QueueCount:
    summary: ClassVar[str] = "says how many wait in a queue"

    def outcomes(self) -> frozenset[str]:
        return frozenset({"done"})

    def prompts(self) -> frozenset[str]:
        return frozenset({"queue-waiting"})

    def enter(self, scene: Scene, at: datetime) -> Result:
        if scene.argument not in scene.book.queues:
            return Leave("done", why="no such queue")
        return ask_floor(AskWaiting(scene.argument), at)

    def handle(self, scene: Scene, state: Toggle, event: Event) -> Result:
        if isinstance(event, WaitingTold) and not state.playback:
            playing = Toggle(event.at + LONGEST_PROMPT, f"{scene.run}.1")
            media = ("prompt:queue-waiting", f"number:{event.waiting}")
            return Stay(playing, (Play(playing.playback, media, scene.language),))
        return say_change(scene, state, event)
