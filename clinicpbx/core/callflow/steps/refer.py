"""Put the caller through to a provider of a speciality."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from clinicpbx.core.callflow.persons import ACCEPT, Person, Ringing, await_person, ring
from clinicpbx.core.callflow.step import STEPS, Result, Scene
from clinicpbx.core.events import Event
from clinicpbx.core.rulebook import ProviderRules


@STEPS.register("refer")
@dataclass(frozen=True, slots=True)
class Refer:
    summary: ClassVar[str] = "rings the providers of a speciality, those who speak the caller's language first"

    speciality: str
    ring: timedelta = timedelta(seconds=20)

    def outcomes(self) -> frozenset[str]:
        return frozenset({"unreached"})

    def prompts(self) -> frozenset[str]:
        return frozenset({ACCEPT})

    def enter(self, scene: Scene, at: datetime) -> Result:
        providers = [one for one in scene.book.providers.values() if self.speciality in one.specialities]
        providers.sort(key=lambda one: scene.language not in one.languages)
        return ring([self._person(one, scene.language) for one in providers], self.ring, at)

    def handle(self, scene: Scene, state: Ringing, event: Event) -> Result:
        return await_person(state, self.ring, event)

    def _person(self, one: ProviderRules, language: str) -> Person:
        speaks = language if language in one.languages else f"no {language}"
        return Person(one.name, one.desk, f"{self.speciality}, speaks {speaks}")
