"""Listen to an agent's call, whisper to the agent, or join: with permission, and always noted."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from clinicpbx.core.callflow.asking import LONGEST_PROMPT
from clinicpbx.core.callflow.away import Away, away
from clinicpbx.core.callflow.step import STEPS, Leave, Result, Scene, Stay
from clinicpbx.core.commands import Command, Continue, Note, Play, SetVariable
from clinicpbx.core.events import Adopted, CommandRefused, DeadlineReached, Event, HungUp, PlaybackFinished
from clinicpbx.core.rulebook import AgentRules

CONTEXT = "cpbx-supervise"


@STEPS.register("supervise")
@dataclass(frozen=True, slots=True)
class Supervise:
    summary: ClassVar[str] = "listens to an agent's call, whispers to the agent, or joins the call"

    mode: str = "listen"

    def outcomes(self) -> frozenset[str]:
        return frozenset({"done"})

    def prompts(self) -> frozenset[str]:
        return frozenset({"not-allowed"})

    def enter(self, scene: Scene, at: datetime) -> Result:
        agent = scene.agent_at(scene.argument)
        name = agent.name if agent is not None else ""
        detail = {"by": scene.entry, "phone": scene.argument, "agent": name, "mode": self.mode}
        if agent is None or not _allowed(scene, agent):
            refused = Note("supervision_refused", detail)
            said = Play(f"{scene.run}.1", ("prompt:not-allowed",), scene.language)
            return Stay(Away(at + LONGEST_PROMPT), (refused, said))
        begun: tuple[Command, ...] = (Note("supervised", detail), SetVariable("CPBX_TARGET", scene.argument))
        return Stay(Away(away(at), answered=True), (*begun, Continue(CONTEXT, self.mode)))

    def handle(self, scene: Scene, state: Away, event: Event) -> Result:
        match event:
            case HungUp() if state.answered:
                return Stay(state, (Note("supervision_ended", {"by": scene.entry, "phone": scene.argument}),))
            case PlaybackFinished() | DeadlineReached() if not state.answered:
                return Leave("done")
            case Adopted() | CommandRefused():
                return Leave("done", why="no way there")
        return Stay(replace(state, deadline=max(state.deadline, away(event.at))))


def _allowed(scene: Scene, agent: AgentRules) -> bool:
    """Whether the phone may: it supervises a queue that the agent serves."""
    phone = scene.book.phones.get(scene.entry)
    return phone is not None and bool(set(phone.supervises) & set(agent.queues))
