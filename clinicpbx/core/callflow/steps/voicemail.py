"""Take a message, and read the number back; what was said is kept even if the caller hangs up half-way."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import ClassVar

from clinicpbx.core.callflow.asking import LONGEST_PROMPT, playback_over
from clinicpbx.core.callflow.number import (
    PROMPTS,
    NumberAsked,
    NumberGiven,
    another,
    ask_number,
    callable_number,
    hear_number,
    next_playback,
)
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
    RecordingFinished,
)
from clinicpbx.core.oncall.commands import MESSAGE, KeepPage
from clinicpbx.private import Private

SHORTEST = timedelta(seconds=1)  # less holds no words


class Phase(Enum):
    GREETING = "greeting"
    RECORDING = "recording"
    NUMBERING = "numbering"
    THANKING = "thanking"


@dataclass(frozen=True, slots=True)
class Taking:
    message: str
    deadline: datetime
    phase: Phase = Phase.GREETING
    started: datetime | None = None  # of the recording
    playback: str = ""
    number: Private[str] | None = None
    asked: NumberAsked | None = None
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
    page: str = ""

    def outcomes(self) -> frozenset[str]:
        return frozenset({"done", "empty"})

    def prompts(self) -> frozenset[str]:
        return PROMPTS | {self.greeting, "message-kept"}

    def enter(self, scene: Scene, at: datetime) -> Result:
        taking = Taking(f"{at:%Y%m%dT%H%M%S}-{scene.run}", at, number=callable_number(scene.caller))
        return _say(scene, taking, (f"prompt:{self.greeting}",), at, StopMusic())

    def handle(self, scene: Scene, state: Taking, event: Event) -> Result:
        if isinstance(event, HungUp):
            return self._gone(scene, state, event.at)
        match state.phase:
            case Phase.GREETING:
                return self._greeting(scene, state, event)
            case Phase.RECORDING:
                return self._recording(scene, state, event)
            case Phase.NUMBERING:
                return self._numbering(scene, state, event)
        if isinstance(event, DeadlineReached) or playback_over(event, state.playback):
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
        return self._record(scene, state, event.at) if playback_over(event, state.playback) else Stay(state)

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
        return _asking(state, *ask_number(scene, state.number, at, state.playback))

    def _numbering(self, scene: Scene, state: Taking, event: Event) -> Result:
        assert state.asked is not None
        match hear_number(scene, state.asked, event):
            case NumberGiven(number=number, confirmed=confirmed, do=do):
                return self._thank(scene, replace(state, number=number), event.at, confirmed, *do)
            case asked, do:
                return _asking(state, asked, do)

    def _thank(self, scene: Scene, state: Taking, at: datetime, confirmed: bool, *first: Command) -> Result:
        keep = self._keep(scene, state, at, confirmed)
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
        return Stay(state, self._keep(scene, state, at, confirmed=False))

    def _nothing(self, scene: Scene, state: Taking) -> tuple[Command, ...]:
        return DropMessage(self.mailbox, state.message, _recording(scene)), Note("abandoned", {"queue": ""})

    def _keep(self, scene: Scene, state: Taking, at: datetime, confirmed: bool) -> tuple[Command, ...]:
        keep = KeepMessage(self.mailbox, state.message, _recording(scene), state.number, confirmed, scene.language)
        note = {"mailbox": self.mailbox, "message": state.message, "seconds": state.seconds}
        kept = keep, Note("message", note), *another(scene, state.number)
        if not self.page:
            return kept
        page = KeepPage(
            page=scene.run,
            kind=MESSAGE,
            rota=self.page,
            since=at,
            number=state.number,
            language=scene.language,
            entry=scene.entry,
            mailbox=self.mailbox,
            message=state.message,
        )
        return (*kept, page)

    def _length(self, state: Taking, at: datetime) -> timedelta:
        return min(at - state.started, self.limit) if state.started else timedelta(0)


def _recording(scene: Scene) -> str:
    return f"{scene.run}.r"


def _say(scene: Scene, state: Taking, media: tuple[Media, ...], at: datetime, *first: Command) -> Stay:
    playback = next_playback(scene, state.playback)
    spoken = replace(state, playback=playback, deadline=at + LONGEST_PROMPT)
    return Stay(spoken, (*first, Play(playback, media, scene.language)))


def _asking(state: Taking, asked: NumberAsked, do: tuple[Command, ...]) -> Stay:
    number, playback = asked.number, asked.playback
    state = replace(state, phase=Phase.NUMBERING, asked=asked, number=number, playback=playback)
    return Stay(replace(state, deadline=asked.deadline), do)
