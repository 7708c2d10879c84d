"""Ring whoever is on call, and the backup after that."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

from clinicpbx.core.callflow.persons import ACCEPT, Person, Ringing, await_person, ring
from clinicpbx.core.callflow.step import STEPS, Leave, Result, Scene
from clinicpbx.core.commands import Note
from clinicpbx.core.events import Event
from clinicpbx.core.oncall.duty import on_duty
from clinicpbx.core.rulebook import Rulebook
from clinicpbx.core.schedule.oncall import Shift


@STEPS.register("on_call")
@dataclass(frozen=True, slots=True)
class OnCall:
    summary: ClassVar[str] = "rings who is on call, then the backup; only whoever presses a key has taken the call"

    rota: str
    ring: timedelta = timedelta(seconds=25)
    rounds: int = 2

    def outcomes(self) -> frozenset[str]:
        return frozenset({"nobody", "unreached"})

    def prompts(self) -> frozenset[str]:
        return frozenset({ACCEPT})

    def enter(self, scene: Scene, at: datetime) -> Result:
        shift = on_duty(self.rota, scene.book.rotas[self.rota], scene.covers, at)
        if shift is None:
            return Leave("nobody", why=f"nobody is on call for {self.rota}")
        return _told(ring(list(self._persons(scene.book, shift)) * self.rounds, self.ring, at))

    def handle(self, scene: Scene, state: Ringing, event: Event) -> Result:
        return _told(await_person(state, self.ring, event))

    def _persons(self, book: Rulebook, shift: Shift) -> Iterator[Person]:
        until = f"{shift.end.astimezone(book.rotas[self.rota].zone):%a %H:%M}"
        for role, name in (("on call", shift.who), ("backup", shift.backup)):
            if name:
                yield Person(name, book.providers[name].away, f"{role} for {self.rota} until {until}")


def _told(result: Result) -> Result:
    """Where nobody took the call, those whom the rules name are told."""
    if isinstance(result, Leave):
        return replace(result, do=(*result.do, Note("notify", {"kind": "page_unanswered"})))
    return result
