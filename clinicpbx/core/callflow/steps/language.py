"""Ask for the language; whoever says nothing keeps the clinic's first one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar

from clinicpbx.core.callflow.asking import Asking, ask, listen
from clinicpbx.core.callflow.step import STEPS, Leave, Result, Scene
from clinicpbx.core.commands import Command, Note, SetVariable
from clinicpbx.core.events import DeadlineReached, DtmfReceived, Event


@STEPS.register("language")
@dataclass(frozen=True, slots=True)
class Language:
    summary: ClassVar[str] = "asks for the language, each option in its own"

    prompt: str
    keys: Mapping[str, str] = field(default_factory=dict)
    patience: timedelta = timedelta(seconds=5)

    def outcomes(self) -> frozenset[str]:
        return frozenset({"done"})

    def prompts(self) -> frozenset[str]:
        return frozenset({self.prompt})

    @property
    def _media(self) -> tuple[str, ...]:
        return tuple(f"prompt@{language}:{self.prompt}" for language in dict.fromkeys(self.keys.values()))

    def enter(self, scene: Scene, at: datetime) -> Result:
        return ask(scene, self._media, at)

    def handle(self, scene: Scene, state: Asking, event: Event) -> Result:
        match event:
            case DtmfReceived(digit=key) if key in self.keys:
                return self._speak(self.keys[key], f"key {key}", *state.hush())
            case DtmfReceived(digit=key):
                return self._speak(scene.language, f"key {key} is no language", *state.hush())
            case DeadlineReached():
                return self._speak(scene.language, "no key", *state.hush())
        return listen(scene, state, event, self._media, self.patience)

    def _speak(self, language: str, why: str, *first: Command) -> Result:
        do = (*first, SetVariable("CHANNEL(language)", language), Note("language", {"language": language}))
        return Leave("done", do, f"{language}: {why}", {"language": language})
