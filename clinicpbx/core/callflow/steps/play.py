"""Play a prompt to its end; no key cuts it short."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from clinicpbx.core.callflow.asking import Asking, ask, ask_again
from clinicpbx.core.callflow.step import STEPS, Leave, Result, Scene, Stay
from clinicpbx.core.commands import Note
from clinicpbx.core.commands import Play as PlayMedia
from clinicpbx.core.events import Adopted, CommandRefused, DeadlineReached, Event, PlaybackFinished


@STEPS.register("play")
@dataclass(frozen=True, slots=True)
class Play:
    summary: ClassVar[str] = "plays a prompt"

    prompt: str

    def outcomes(self) -> frozenset[str]:
        return frozenset({"done"})

    def prompts(self) -> frozenset[str]:
        return frozenset({self.prompt})

    def enter(self, scene: Scene, at: datetime) -> Result:
        return ask(scene, (f"prompt:{self.prompt}",), at)

    def handle(self, scene: Scene, state: Asking, event: Event) -> Result:
        match event:
            case PlaybackFinished(playback=name, whole=True) if name == state.playback:
                return Leave("done", (Note("heard", {"prompt": self.prompt}),))
            case PlaybackFinished(playback=name) if name == state.playback:
                return Leave("done", why="the prompt was cut off")
            case CommandRefused(command=PlayMedia.__name__, target=name) if name == state.playback:
                return Leave("done", why="the prompt could not be played")
            case DeadlineReached():
                return Leave("done", state.hush(), why="the prompt did not end")
            case Adopted():
                return ask_again(scene, state, (f"prompt:{self.prompt}",), event.at, tries=0)
        return Stay(state)
