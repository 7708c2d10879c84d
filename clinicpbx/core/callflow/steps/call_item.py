"""Call the patient of an item of the inbox, for the phone that was rung to do so."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from clinicpbx.core.callflow.asking import LONGEST_PROMPT, playback_over
from clinicpbx.core.callflow.calling import Calling, came_of, dial
from clinicpbx.core.callflow.step import STEPS, Leave, Result, Scene, Stay
from clinicpbx.core.commands import Command, Play
from clinicpbx.core.events import DeadlineReached, Event, HungUp
from clinicpbx.core.inbox.attempt import ANSWERED, NOT_DIALLED, REFUSED


@dataclass(frozen=True, slots=True)
class Telling:
    """That the patient was not reached, or why nobody is called."""

    deadline: datetime


@STEPS.register("call_item")
@dataclass(frozen=True, slots=True)
class CallItem:
    summary: ClassVar[str] = "rings the patient of an item of the inbox, for whoever picked up this phone"

    def outcomes(self) -> frozenset[str]:
        return frozenset({"done"})

    def prompts(self) -> frozenset[str]:
        return frozenset({"item-unreached", "item-refused", "item-away"})

    def enter(self, scene: Scene, at: datetime) -> Result:
        if scene.caller is None:
            result = REFUSED if scene.argument == "refused" else NOT_DIALLED
            return _tell(scene, f"item-{scene.argument}", at, came_of(scene.callback, result))
        return Stay(*dial(scene.callback, scene.caller, at))

    def handle(self, scene: Scene, state: Calling | Telling, event: Event) -> Result:
        if isinstance(state, Telling):
            return Leave("done") if _told(scene, event) else Stay(state)
        after, do = state.hear(event, scene.entry)
        if not after.result or isinstance(event, HungUp):
            return Stay(after, do)
        return Leave("done", do) if after.result == ANSWERED else _tell(scene, "item-unreached", event.at, *do)


def _tell(scene: Scene, prompt: str, at: datetime, *first: Command) -> Stay:
    play = Play(f"{scene.run}.1", (f"prompt:{prompt}",), scene.language)
    return Stay(Telling(at + LONGEST_PROMPT), (*first, play))


def _told(scene: Scene, event: Event) -> bool:
    return playback_over(event, f"{scene.run}.1") or isinstance(event, DeadlineReached)
