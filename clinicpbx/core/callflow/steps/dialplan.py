"""Hand the call to a dialplan context of the clinic's own."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from clinicpbx.core.callflow.away import Away, away
from clinicpbx.core.callflow.step import STEPS, Leave, Result, Scene, Stay
from clinicpbx.core.commands import Continue
from clinicpbx.core.events import Adopted, CommandRefused, DialEnded, Event


@STEPS.register("dialplan")
@dataclass(frozen=True, slots=True)
class Dialplan:
    summary: ClassVar[str] = "hands the call to a dialplan context"

    context: str
    extension: str = "s"

    def outcomes(self) -> frozenset[str]:
        return frozenset({"back"})

    def prompts(self) -> frozenset[str]:
        return frozenset()

    def enter(self, scene: Scene, at: datetime) -> Result:
        return Stay(Away(away(at)), (Continue(self.context, self.extension),))

    def handle(self, scene: Scene, state: Away, event: Event) -> Result:
        match event:
            case DialEnded() | Adopted():
                return Leave("back", why="the dialplan gave the call back")
            case CommandRefused(command=Continue.__name__):
                return Leave("back", why="the dialplan did not take the call")
        return Stay(Away(max(state.deadline, away(event.at))))
