"""Take a message, and read the number back; what was said is kept even if the caller hangs up half-way."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import ClassVar

from clinicpbx.core.callflow.asking import LONGEST_PROMPT
from clinicpbx.core.callflow.step import STEPS, Leave, Result, Scene, Stay
from clinicpbx.core.commands import Command, DropMessage, KeepMessage, Media, Note, Play, StopMusic, StopPlayback
from clinicpbx.core.commands import Record as RecordCaller
from clinicpbx.core.events import (
    Adopted,
    CommandRefused,
    DeadlineReached,
    DtmfReceived,
    Event,
    HungUp,
    PlaybackFinished,
    RecordingFinished,
)
from clinicpbx.private import Private

SHORTEST = timedelta(seconds=1)  # less holds no words
PATIENCE = timedelta(seconds=6)
LONGEST_NUMBER = 15  # E.164
ROUNDS = 3


class Phase(Enum):
    GREETING = "greeting"
    RECORDING = "recording"
    CONFIRMING = "confirming"
    ENTERING = "entering"
    THANKING = "thanking"


@dataclass(frozen=True, slots=True)
class Taking:
    message: str
    deadline: datetime
    phase: Phase = Phase.GREETING
    started: datetime | None = None  # of the recording
    round: int = 1
    playback: str = ""
    number: Private[str] | None = None
    keys: str = field(default="", repr=False)
    seconds: int = 0
    kept: bool = False


@STEPS.register("voicemail")
@dataclass(frozen=True, slots=True)
class Voicemail:
    summary: ClassVar[str] = "takes a message and reads the call-back number back"

    mailbox: str
    greeting: str = "voicemail-greeting"
    limit: timedelta = timedelta(minutes=3)
    silence: timedelta = timedelta(seconds=5)
    confirm_number: bool = True

    def outcomes(self) -> frozenset[str]:
        return frozenset({"done", "empty"})

    def prompts(self) -> frozenset[str]:
        return frozenset({self.greeting, "number-is", "number-confirm", "number-enter", "message-kept"})

    def enter(self, scene: Scene, at: datetime) -> Result:
        taking = Taking(f"{at:%Y%m%dT%H%M%S}-{scene.run}", at, number=_callable(scene.caller))
        return _say(scene, taking, (f"prompt:{self.greeting}",), at, StopMusic())

    def handle(self, scene: Scene, state: Taking, event: Event) -> Result:
        if isinstance(event, HungUp):
            return self._gone(scene, state, event.at)
        match state.phase:
            case Phase.GREETING:
                return self._greeting(scene, state, event)
            case Phase.RECORDING:
                return self._recording(scene, state, event)
            case Phase.CONFIRMING:
                return self._confirming(scene, state, event)
            case Phase.ENTERING:
                return self._entering(scene, state, event)
        if isinstance(event, DeadlineReached) or _over(state, event):
            return Leave("done", why=f"{state.seconds} seconds")
        return Stay(state)

    def _greeting(self, scene: Scene, state: Taking, event: Event) -> Result:
        match event:
            case DtmfReceived(digit="#"):
                return self._record(scene, state, event.at, StopPlayback(state.playback))
            case DeadlineReached():
                return self._record(scene, state, event.at, StopPlayback(state.playback))
            case Adopted():
                return _say(scene, state, (f"prompt:{self.greeting}",), event.at)
        return self._record(scene, state, event.at) if _over(state, event) else Stay(state)

    def _record(self, scene: Scene, state: Taking, at: datetime, *first: Command) -> Result:
        deadline = at + self.limit + timedelta(seconds=10)
        recording = replace(state, phase=Phase.RECORDING, started=at, deadline=deadline)
        command = RecordCaller(_recording(scene), self.mailbox, state.message, self.limit, self.silence)
        return Stay(recording, (*first, command))

    def _recording(self, scene: Scene, state: Taking, event: Event) -> Result:
        match event:
            case RecordingFinished(recording=name, duration=duration) if name == _recording(scene):
                return self._recorded(scene, state, duration, event.at)
            case DeadlineReached() | CommandRefused(command=RecordCaller.__name__):
                return self._recorded(scene, state, self._length(state, event.at), event.at)
        return Stay(state)

    def _recorded(self, scene: Scene, state: Taking, length: timedelta, at: datetime) -> Result:
        if length < SHORTEST:
            return Leave("empty", self._nothing(scene, state), "nothing was said")
        state = replace(state, seconds=int(length.total_seconds()))
        if not self.confirm_number:
            return self._thank(scene, state, at, confirmed=False)
        return _read_back(scene, state, at) if state.number else _ask_number(scene, state, at)

    def _confirming(self, scene: Scene, state: Taking, event: Event) -> Result:
        match event:
            case DtmfReceived(digit="1"):
                return self._thank(scene, state, event.at, True, StopPlayback(state.playback))
            case DtmfReceived(digit="2"):
                return _ask_number(scene, state, event.at, StopPlayback(state.playback))
            case DeadlineReached():
                return self._thank(scene, state, event.at, False, StopPlayback(state.playback))
            case Adopted():
                return _read_back(scene, state, event.at)
        return _waits(state, event)

    def _entering(self, scene: Scene, state: Taking, event: Event) -> Result:
        match event:
            case DtmfReceived(digit=digit) if digit.isdigit() and len(state.keys) < LONGEST_NUMBER:
                hush = (StopPlayback(state.playback),) if not state.keys else ()
                return Stay(replace(state, keys=state.keys + digit, deadline=event.at + PATIENCE), hush)
            case DtmfReceived(digit="#") | DeadlineReached():
                if state.keys and state.round < ROUNDS:
                    given = replace(state, number=Private(state.keys), keys="", round=state.round + 1)
                    return _read_back(scene, given, event.at)
                return self._thank(scene, state, event.at, False, StopPlayback(state.playback))
            case Adopted():
                return _ask_number(scene, state, event.at)
        return _waits(state, event)

    def _thank(self, scene: Scene, state: Taking, at: datetime, confirmed: bool, *first: Command) -> Result:
        keep = self._keep(scene, state, confirmed)
        kept = replace(state, phase=Phase.THANKING, kept=True)
        return _say(scene, kept, ("prompt:message-kept",), at, *first, *keep)

    def _gone(self, scene: Scene, state: Taking, at: datetime) -> Result:
        if state.kept or state.phase is Phase.GREETING:
            return Stay(state, () if state.kept else (Note("abandoned", {"queue": ""}),))
        if state.phase is Phase.RECORDING:
            length = self._length(state, at)
            if length < SHORTEST:
                return Stay(state, self._nothing(scene, state))
            state = replace(state, seconds=int(length.total_seconds()))
        return Stay(state, self._keep(scene, state, confirmed=False))

    def _nothing(self, scene: Scene, state: Taking) -> tuple[Command, ...]:
        return DropMessage(self.mailbox, state.message, _recording(scene)), Note("abandoned", {"queue": ""})

    def _keep(self, scene: Scene, state: Taking, confirmed: bool) -> tuple[Command, ...]:
        keep = KeepMessage(self.mailbox, state.message, _recording(scene), state.number, confirmed, scene.language)
        note = {"mailbox": self.mailbox, "message": state.message, "seconds": state.seconds}
        return (keep, Note("message", note))

    def _length(self, state: Taking, at: datetime) -> timedelta:
        return min(at - state.started, self.limit) if state.started else timedelta(0)


def _callable(number: Private[str] | None) -> Private[str] | None:
    """The caller's number where it has digits to read back."""
    return number if number and any(map(str.isdigit, number.value)) else None


def _recording(scene: Scene) -> str:
    return f"{scene.run}.r"


def _say(scene: Scene, state: Taking, media: tuple[Media, ...], at: datetime, *first: Command) -> Stay:
    count = int(state.playback.rpartition(".")[2] or 0) + 1
    playback = f"{scene.run}.{count}"
    spoken = replace(state, playback=playback, deadline=at + LONGEST_PROMPT)
    return Stay(spoken, (*first, Play(playback, media, scene.language)))


def _read_back(scene: Scene, state: Taking, at: datetime) -> Stay:
    assert state.number is not None
    digits = Private("digits:" + "".join(filter(str.isdigit, state.number.value)))
    media = ("prompt:number-is", digits, "prompt:number-confirm")
    return _say(scene, replace(state, phase=Phase.CONFIRMING), media, at)


def _ask_number(scene: Scene, state: Taking, at: datetime, *first: Command) -> Stay:
    return _say(scene, replace(state, phase=Phase.ENTERING, keys=""), ("prompt:number-enter",), at, *first)


def _over(state: Taking, event: Event) -> bool:
    match event:
        case PlaybackFinished(playback=name) | CommandRefused(command=Play.__name__, target=name):
            return name == state.playback
    return False


def _waits(state: Taking, event: Event) -> Stay:
    return Stay(replace(state, deadline=event.at + PATIENCE)) if _over(state, event) else Stay(state)
