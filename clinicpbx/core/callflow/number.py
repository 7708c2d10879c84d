"""Which number to call back: the one we know is read back, another one may be keyed."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from clinicpbx.core.callflow.asking import LONGEST_PROMPT, playback_over
from clinicpbx.core.callflow.step import Scene
from clinicpbx.core.commands import Command, Media, Note, Play, StopPlayback
from clinicpbx.core.events import Adopted, DeadlineReached, DtmfReceived, Event
from clinicpbx.private import Private

PROMPTS = frozenset({"number-is", "number-confirm", "number-enter"})
PATIENCE = timedelta(seconds=6)
LONGEST_NUMBER = 15  # E.164
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class NumberAsked:
    """*number* is the best that is known so far; *entering*: another one is being keyed."""

    number: Private[str] | None
    deadline: datetime
    playback: str
    entering: bool = False
    round: int = 1
    keys: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class NumberGiven:
    """*confirmed*: by a key. *do* is still to be done."""

    number: Private[str] | None
    confirmed: bool
    do: tuple[Command, ...] = ()


Asking = tuple[NumberAsked, tuple[Command, ...]]


def callable_number(number: Private[str] | None) -> Private[str] | None:
    """The caller's number where it has digits to read back."""
    return number if number and any(map(str.isdigit, number.value)) else None


def ask_number(scene: Scene, number: Private[str] | None, at: datetime, playback: str = "") -> Asking:
    """Read *number* back, or ask for one; *playback* is the last that this visit of the step played."""
    asked = NumberAsked(number, at, playback)
    return _read_back(scene, asked, at) if number else _enter(scene, asked, at)


def another(scene: Scene, number: Private[str] | None) -> tuple[Note, ...]:
    """For the record: *number*, where it is another one than the caller's."""
    if number is None or (scene.caller is not None and number.value == scene.caller.value):
        return ()
    return (Note("number", {"number": number}),)


def hear_number(scene: Scene, asked: NumberAsked, event: Event) -> Asking | NumberGiven:
    """What *event* means to the question; silence and too many tries leave the number unconfirmed."""
    return _entering(scene, asked, event) if asked.entering else _confirming(scene, asked, event)


def _confirming(scene: Scene, asked: NumberAsked, event: Event) -> Asking | NumberGiven:
    hush = StopPlayback(asked.playback)
    match event:
        case DtmfReceived(digit="1"):
            return NumberGiven(asked.number, True, (hush,))
        case DtmfReceived(digit="2"):
            return _enter(scene, asked, event.at, hush)
        case DeadlineReached():
            return NumberGiven(asked.number, False, (hush,))
        case Adopted():
            return _read_back(scene, asked, event.at)
    return _waits(asked, event)


def _entering(scene: Scene, asked: NumberAsked, event: Event) -> Asking | NumberGiven:
    match event:
        case DtmfReceived(digit=digit) if digit.isdigit() and len(asked.keys) < LONGEST_NUMBER:
            hush = (StopPlayback(asked.playback),) if not asked.keys else ()
            return replace(asked, keys=asked.keys + digit, deadline=event.at + PATIENCE), hush
        case DtmfReceived(digit="#") | DeadlineReached():
            if asked.keys and asked.round < ROUNDS:
                given = replace(asked, number=Private(asked.keys), keys="", round=asked.round + 1)
                return _read_back(scene, given, event.at)
            return NumberGiven(asked.number, False, (StopPlayback(asked.playback),))
        case Adopted():
            return _enter(scene, asked, event.at)
    return _waits(asked, event)


def _read_back(scene: Scene, asked: NumberAsked, at: datetime) -> Asking:
    assert asked.number is not None
    digits = Private("digits:" + "".join(filter(str.isdigit, asked.number.value)))
    return _say(scene, replace(asked, entering=False), ("prompt:number-is", digits, "prompt:number-confirm"), at)


def _enter(scene: Scene, asked: NumberAsked, at: datetime, *first: Command) -> Asking:
    return _say(scene, replace(asked, entering=True, keys=""), ("prompt:number-enter",), at, *first)


def _say(scene: Scene, asked: NumberAsked, media: tuple[Media, ...], at: datetime, *first: Command) -> Asking:
    playback = next_playback(scene, asked.playback)
    spoken = replace(asked, playback=playback, deadline=at + LONGEST_PROMPT)
    return spoken, (*first, Play(playback, media, scene.language))


def next_playback(scene: Scene, last: str) -> str:
    """The id of the playback that follows *last* in this visit of the step."""
    return f"{scene.run}.{int(last.rpartition('.')[2] or 0) + 1}"


def _waits(asked: NumberAsked, event: Event) -> Asking:
    return (replace(asked, deadline=event.at + PATIENCE) if playback_over(event, asked.playback) else asked), ()
