"""Ring one phone of the clinic, or one outside number, by the dialplan."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

from clinicpbx.core.callflow.away import Away, away
from clinicpbx.core.callflow.step import STEPS, Leave, Result, Scene, Stay
from clinicpbx.core.commands import Continue, Note, SetVariable
from clinicpbx.core.events import Adopted, CommandRefused, DialAnswered, DialEnded, Event

_OUTCOMES = {"NOANSWER": "noanswer", "CANCEL": "noanswer", "BUSY": "busy"}


@STEPS.register("dial")
@dataclass(frozen=True, slots=True)
class Dial:
    summary: ClassVar[str] = "rings one phone or one outside number"

    extension: str = ""
    number: str = ""
    ring: timedelta = timedelta(seconds=25)

    def outcomes(self) -> frozenset[str]:
        return frozenset({"noanswer", "busy", "failed"})

    def prompts(self) -> frozenset[str]:
        return frozenset()

    @property
    def key(self) -> str:
        """The extension of the rendered target in the context cpbx-dial."""
        return self.extension or self.number

    def enter(self, scene: Scene, at: datetime) -> Result:
        ring = SetVariable("CPBX_RING_FOR", str(int(self.ring.total_seconds())))
        dialled = Note("dialled", {"target": self.key})
        return Stay(Away(away(at)), (ring, dialled, Continue("cpbx-dial", self.key)))

    def handle(self, scene: Scene, state: Away, event: Event) -> Result:
        match event:
            case DialAnswered(phone=phone) if not state.answered:
                return Stay(replace(state, answered=True), (Note("answered", {"queue": "", "agent": phone}),))
            case DialEnded(status=status):
                return self._ended(status)
            case Adopted() | CommandRefused(command=Continue.__name__):
                return self._ended("FAILED")
        return Stay(replace(state, deadline=max(state.deadline, away(event.at))))

    def _ended(self, status: str) -> Result:
        ended = Note("dial_ended", {"target": self.key, "status": status})
        return Leave(_OUTCOMES.get(status, "failed"), (ended,), status)
