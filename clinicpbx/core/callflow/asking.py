"""Asking a caller: play, wait, play again, give up. Shared by the steps that take keys."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from clinicpbx.core.callflow.step import Scene, Stay
from clinicpbx.core.commands import Command, Media, Play, StopPlayback
from clinicpbx.core.events import Adopted, CommandRefused, Event, PlaybackFinished

LONGEST_PROMPT = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Asking:
    """*round* counts from 1; the playback's id carries it, so that a late end of an earlier one is not taken for it."""

    run: str
    round: int
    deadline: datetime
    playing: bool = True
    keys: str = ""

    @property
    def playback(self) -> str:
        return f"{self.run}.{self.round}"

    def hush(self) -> tuple[Command, ...]:
        """Stops the prompt if it still plays."""
        return (StopPlayback(self.playback),) if self.playing else ()


def ask(scene: Scene, media: tuple[Media, ...], at: datetime, round: int = 1, first: tuple[Command, ...] = ()) -> Stay:
    """Play *media* as the question's *round*-th try."""
    asking = Asking(scene.run, round, at + LONGEST_PROMPT)
    return Stay(asking, (*first, Play(asking.playback, media, scene.language)))


def ask_again(scene: Scene, asking: Asking, media: tuple[Media, ...], at: datetime) -> Stay:
    """The next try of the same question."""
    return ask(scene, media, at, asking.round + 1, asking.hush())


def listen(scene: Scene, asking: Asking, event: Event, media: tuple[Media, ...], patience: timedelta) -> Stay:
    """What every question does with no key: the prompt's end starts *patience*; an adopted call hears it anew."""
    match event:
        case PlaybackFinished(playback=name) if name == asking.playback:
            return Stay(replace(asking, playing=False, deadline=event.at + patience))
        case CommandRefused(command=Play.__name__, target=name) if name == asking.playback:
            return Stay(replace(asking, playing=False, deadline=event.at + patience))
        case Adopted():
            return ask(scene, media, event.at, asking.round + 1)
    return Stay(asking)
