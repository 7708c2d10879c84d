"""Play a prompt and branch on one key."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from clinicpbx.core.callflow.asking import Asking, ask, ask_again, listen
from clinicpbx.core.callflow.step import STEPS, Leave, Result, Scene
from clinicpbx.core.commands import Note
from clinicpbx.core.events import DeadlineReached, DtmfReceived, Event


@STEPS.register("menu")
@dataclass(frozen=True, slots=True)
class Menu:
    summary: ClassVar[str] = "plays a prompt and branches on one key"

    prompt: str
    keys: tuple[str, ...] = ()
    patience: timedelta = timedelta(seconds=5)
    tries: int = 2

    def outcomes(self) -> frozenset[str]:
        return frozenset(self.keys) | {"timeout", "invalid"}

    def prompts(self) -> frozenset[str]:
        return frozenset({self.prompt})

    @property
    def _media(self) -> tuple[str, ...]:
        return (f"prompt:{self.prompt}",)

    def enter(self, scene: Scene, at: datetime) -> Result:
        return ask(scene, self._media, at)

    def handle(self, scene: Scene, state: Asking, event: Event) -> Result:
        match event:
            case DtmfReceived(digit=key) if key in self.keys:
                return Leave(key, (*state.hush(), Note("menu", {"name": self.prompt, "key": key})), f"key {key}")
            case DtmfReceived():
                return self._again(scene, state, "invalid", event.at)
            case DeadlineReached():
                return self._again(scene, state, "timeout", event.at)
        return listen(scene, state, event, self._media, self.patience)

    def _again(self, scene: Scene, state: Asking, outcome: str, at: datetime) -> Result:
        if state.tries >= self.tries:
            return Leave(outcome, state.hush(), f"{outcome} {self.tries} times")
        return ask_again(scene, state, self._media, at)
