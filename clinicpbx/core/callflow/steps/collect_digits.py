"""Ask for digits and remember them for the call."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

from clinicpbx.core.callflow.asking import Asking, ask, ask_again, listen
from clinicpbx.core.callflow.step import STEPS, Leave, Result, Scene, Stay
from clinicpbx.core.events import DeadlineReached, DtmfReceived, Event


@STEPS.register("collect_digits")
@dataclass(frozen=True, slots=True)
class CollectDigits:
    summary: ClassVar[str] = "asks for digits, ended by # or a pause"

    prompt: str
    remember: str
    longest: int = 10
    shortest: int = 1
    patience: timedelta = timedelta(seconds=5)
    tries: int = 2

    def outcomes(self) -> frozenset[str]:
        return frozenset({"done", "timeout"})

    def prompts(self) -> frozenset[str]:
        return frozenset({self.prompt})

    @property
    def _media(self) -> tuple[str, ...]:
        return (f"prompt:{self.prompt}",)

    def enter(self, scene: Scene, at: datetime) -> Result:
        return ask(scene, self._media, at)

    def handle(self, scene: Scene, state: Asking, event: Event) -> Result:
        match event:
            case DtmfReceived(digit="#") | DeadlineReached():
                return self._close(scene, state, event.at)
            case DtmfReceived(digit=digit) if digit.isdigit():
                state_after = replace(state, playing=False, keys=state.keys + digit, deadline=event.at + self.patience)
                if len(state_after.keys) >= self.longest:
                    return self._close(scene, state_after, event.at)
                return Stay(state_after, state.hush())
        return listen(scene, state, event, self._media, self.patience)

    def _close(self, scene: Scene, state: Asking, at: datetime) -> Result:
        if len(state.keys) >= self.shortest:
            return Leave("done", state.hush(), f"{len(state.keys)} digits", {self.remember: state.keys})
        if state.tries >= self.tries:
            return Leave("timeout", state.hush(), "too few digits")
        return ask_again(scene, state, self._media, at)
