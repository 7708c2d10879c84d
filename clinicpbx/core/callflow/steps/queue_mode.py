"""Say whether a queue is open, full or closed, and let its supervisor's phone decide that, until an hour."""

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from enum import Enum
from typing import ClassVar

from clinicpbx.core.acd.modes import Mode
from clinicpbx.core.callflow.asking import LONGEST_PROMPT, playback_over
from clinicpbx.core.callflow.clock_media import clock_media
from clinicpbx.core.callflow.number import next_playback
from clinicpbx.core.callflow.step import STEPS, Leave, Result, Scene, Stay
from clinicpbx.core.commands import AskMode, Command, DecideMode, Media, Note, Play, StopPlayback
from clinicpbx.core.events import (
    Adopted,
    DeadlineReached,
    DtmfReceived,
    Event,
    ModeTold,
)

PATIENCE = timedelta(seconds=8)
ANSWERS = timedelta(seconds=3)  # of the queues
ENDING = {"2": Mode.FULL, "3": Mode.CLOSED}  # key → what has an end


class Phase(Enum):
    ASKING = "asking"  # how it is now
    CHOOSING = "choosing"
    HOURS = "hours"  # for how many?
    DECIDING = "deciding"
    ENDING = "ending"


@dataclass(frozen=True, slots=True)
class Deciding:
    deadline: datetime
    phase: Phase = Phase.ASKING
    playback: str = ""
    mode: Mode = Mode.OPEN


@STEPS.register("queue_mode")
@dataclass(frozen=True, slots=True)
class QueueModeStep:
    summary: ClassVar[str] = "says a queue's mode, and lets a supervisor's phone change it"

    def outcomes(self) -> frozenset[str]:
        return frozenset({"done"})

    def prompts(self) -> frozenset[str]:
        said = {f"queue-is-{mode.value}" for mode in Mode}
        return frozenset({"not-allowed", "queue-until", "queue-mode-keys", "queue-mode-hours", *said})

    def enter(self, scene: Scene, at: datetime) -> Result:
        phone = scene.book.phones.get(scene.entry)
        if phone is None or scene.argument not in phone.supervises:
            refused = Note("mode_refused", {"by": scene.entry, "queue": scene.argument})
            return _say(scene, Deciding(at), Phase.ENDING, ("prompt:not-allowed",), at, refused)
        return Stay(Deciding(at + ANSWERS), (AskMode(scene.argument),))

    def handle(self, scene: Scene, state: Deciding, event: Event) -> Result:
        match state.phase, event:
            case Phase.ASKING, ModeTold():
                return _say(scene, state, Phase.CHOOSING, (*_told(scene, event), "prompt:queue-mode-keys"), event.at)
            case Phase.CHOOSING, DtmfReceived(digit="1"):
                return _decide(scene, state, Mode.OPEN, None, event.at)
            case Phase.CHOOSING, DtmfReceived(digit=digit) if digit in ENDING:
                chosen, hush = replace(state, mode=ENDING[digit]), StopPlayback(state.playback)
                return _say(scene, chosen, Phase.HOURS, ("prompt:queue-mode-hours",), event.at, hush)
            case Phase.HOURS, DtmfReceived(digit=digit) if digit in "123456789":
                return _decide(scene, state, state.mode, event.at + timedelta(hours=int(digit)), event.at)
            case Phase.HOURS, DtmfReceived(digit="#"):
                return _decide(scene, state, state.mode, _midnight(scene, event.at), event.at)
            case Phase.DECIDING, ModeTold():
                return _say(scene, state, Phase.ENDING, _told(scene, event), event.at)
            case Phase.ASKING | Phase.CHOOSING | Phase.HOURS | Phase.DECIDING, Adopted():
                return Stay(replace(state, phase=Phase.ASKING, deadline=event.at + ANSWERS), (AskMode(scene.argument),))
            case _, DeadlineReached():
                return Leave("done", why="no answer")
        if not playback_over(event, state.playback):
            return Stay(state)
        return Leave("done") if state.phase is Phase.ENDING else Stay(replace(state, deadline=event.at + PATIENCE))


def _decide(scene: Scene, state: Deciding, mode: Mode, until: datetime | None, at: datetime) -> Stay:
    agent = scene.agent_at(scene.entry)
    decide = DecideMode(scene.argument, mode, until, agent.name if agent is not None else f"phone {scene.entry}")
    end = until.isoformat() if until is not None else ""
    note = Note("mode_decided", {"by": scene.entry, "queue": scene.argument, "mode": mode.value, "until": end})
    deciding = replace(state, phase=Phase.DECIDING, deadline=at + ANSWERS)
    return Stay(deciding, (StopPlayback(state.playback), note, decide))


def _midnight(scene: Scene, at: datetime) -> datetime:
    """The end of the clinic's day."""
    tomorrow = at.astimezone(scene.book.zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), scene.book.zone)


def _told(scene: Scene, told: ModeTold) -> tuple[Media, ...]:
    said: tuple[Media, ...] = (f"prompt:queue-is-{told.mode.value}",)
    if told.until is None:
        return said
    return (*said, "prompt:queue-until", *clock_media(told.until, told.at, scene.book.zone))


def _say(scene: Scene, state: Deciding, phase: Phase, media: tuple[Media, ...], at: datetime, *first: Command) -> Stay:
    playback = next_playback(scene, state.playback)
    spoken = replace(state, phase=phase, playback=playback, deadline=at + LONGEST_PROMPT)
    return Stay(spoken, (*first, Play(playback, media, scene.language)))
