"""Call a patient back: the agent hears who and why, then the patient is rung, and the agent says what came of it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import ClassVar

from clinicpbx.core.callflow.asking import LONGEST_PROMPT, playback_over
from clinicpbx.core.callflow.away import away
from clinicpbx.core.callflow.number import next_playback
from clinicpbx.core.callflow.phrases import PHRASES
from clinicpbx.core.callflow.step import STEPS, Leave, Result, Scene, Stay
from clinicpbx.core.commands import Command, Continue, EndAttempt, Media, Note, Play, SetVariable, StopPlayback
from clinicpbx.core.events import (
    Adopted,
    CommandRefused,
    DeadlineReached,
    DialAnswered,
    DialEnded,
    DtmfReceived,
    Event,
    HungUp,
)
from clinicpbx.private import Private

CONTEXT = "cpbx-callback"
PATIENCE = timedelta(seconds=6)
NOT_RUNG = "the patient was not rung"


class Phase(Enum):
    BRIEFING = "briefing"
    RINGING = "ringing"  # the channel is in the dialplan's Dial
    TALKING = "talking"  # the patient has pressed the key
    ASKING = "asking"  # did we reach the patient?
    TELLING = "telling"  # that we did not


@dataclass(frozen=True, slots=True)
class RingingBack:
    deadline: datetime
    phase: Phase = Phase.BRIEFING
    playback: str = ""


@STEPS.register("ring_back")
@dataclass(frozen=True, slots=True)
class RingBack:
    summary: ClassVar[str] = "rings the patient who asked to be called back, for the agent at this phone"

    def outcomes(self) -> frozenset[str]:
        return frozenset({"done"})

    def prompts(self) -> frozenset[str]:
        return frozenset({"callback-brief", "callback-reached", "callback-unreached"})

    def enter(self, scene: Scene, at: datetime) -> Result:
        return self._brief(scene, RingingBack(at), at)

    def handle(self, scene: Scene, state: RingingBack, event: Event) -> Result:
        if isinstance(event, HungUp):
            return self._gone(scene, state)
        match state.phase:
            case Phase.BRIEFING:
                return self._briefing(scene, state, event)
            case Phase.RINGING | Phase.TALKING:
                return self._away(scene, state, event)
            case Phase.ASKING:
                return self._asking(scene, state, event)
        return (
            Leave("done") if isinstance(event, DeadlineReached) or playback_over(event, state.playback) else Stay(state)
        )

    def _brief(self, scene: Scene, state: RingingBack, at: datetime) -> Stay:
        number = Private("digits:" + "".join(filter(str.isdigit, scene.caller.value if scene.caller else "")))
        speaks = f"speaks-{scene.language}"
        language = (f"prompt:{speaks}",) if scene.language != scene.book.languages[0] and speaks in PHRASES else ()
        return _say(scene, state, Phase.BRIEFING, ("prompt:callback-brief", *language, number), at)

    def _briefing(self, scene: Scene, state: RingingBack, event: Event) -> Result:
        match event:
            case DtmfReceived(digit="1") | DeadlineReached():
                return self._ring(scene, state, event.at, StopPlayback(state.playback))
            case DtmfReceived(digit="2"):
                return Leave("done", (StopPlayback(state.playback), self._end(scene, False, NOT_RUNG)), "key 2")
            case Adopted():
                return self._brief(scene, state, event.at)
        return self._ring(scene, state, event.at) if playback_over(event, state.playback) else Stay(state)

    def _ring(self, scene: Scene, state: RingingBack, at: datetime, *first: Command) -> Stay:
        ring = (
            SetVariable("CPBX_TO", scene.caller or ""),
            SetVariable("CPBX_SPEAKS", scene.language),
            Note("dialled", {"target": "patient", "why": f"call-back {scene.callback}"}),
            Continue(CONTEXT, "s"),
        )
        return Stay(replace(state, phase=Phase.RINGING, deadline=away(at)), (*first, *ring))

    def _away(self, scene: Scene, state: RingingBack, event: Event) -> Result:
        match event:
            case DialAnswered(phone="") if state.phase is Phase.RINGING:  # by the key; before it, a machine may be on
                answered = Note("answered", {"queue": "", "agent": scene.entry})
                return Stay(replace(state, phase=Phase.TALKING), (answered,))
            case DialEnded() | Adopted() | CommandRefused(command=Continue.__name__) if state.phase is Phase.TALKING:
                return _say(scene, state, Phase.ASKING, ("prompt:callback-reached",), event.at)
            case DialEnded(status=status):
                return self._unreached(scene, state, status.lower(), event.at)
            case Adopted() | CommandRefused(command=Continue.__name__):
                return self._unreached(scene, state, NOT_RUNG, event.at)
        return Stay(replace(state, deadline=max(state.deadline, away(event.at))))

    def _unreached(self, scene: Scene, state: RingingBack, why: str, at: datetime) -> Stay:
        ended = self._end(scene, False, why)
        note = Note("dial_ended", {"target": "patient", "status": why})
        return _say(scene, state, Phase.TELLING, ("prompt:callback-unreached",), at, note, ended)

    def _asking(self, scene: Scene, state: RingingBack, event: Event) -> Result:
        match event:
            case DtmfReceived(digit="1"):
                return Leave("done", (StopPlayback(state.playback), self._end(scene, True)), "key 1")
            case DtmfReceived(digit="2"):
                again = self._end(scene, False, "the agent asks for another try")
                return Leave("done", (StopPlayback(state.playback), again), "key 2")
            case DeadlineReached():
                return Leave("done", (self._end(scene, True),), "the patient had pressed the key")
            case Adopted():
                return _say(scene, state, Phase.ASKING, ("prompt:callback-reached",), event.at)
        return (
            Stay(replace(state, deadline=event.at + PATIENCE)) if playback_over(event, state.playback) else Stay(state)
        )

    def _gone(self, scene: Scene, state: RingingBack) -> Stay:
        match state.phase:
            case Phase.BRIEFING | Phase.RINGING:
                return Stay(state, (self._end(scene, False, NOT_RUNG),))
            case Phase.TALKING | Phase.ASKING:
                return Stay(state, (self._end(scene, True),))
        return Stay(state)

    def _end(self, scene: Scene, reached: bool, why: str = "") -> EndAttempt:
        return EndAttempt(scene.callback, reached, why, counts=why != NOT_RUNG)


def _say(
    scene: Scene, state: RingingBack, phase: Phase, media: tuple[Media, ...], at: datetime, *first: Command
) -> Stay:
    playback = next_playback(scene, state.playback)
    spoken = RingingBack(at + LONGEST_PROMPT, phase, playback)
    return Stay(spoken, (*first, Play(playback, media, scene.book.languages[0])))
