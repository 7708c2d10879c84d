"""Asking a caller: play, wait, play again, give up. Shared by the steps that take keys."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from clinicpbx.core.callflow.step import Scene, Stay
from clinicpbx.core.commands import Command, Media, Play, StopPlayback
from clinicpbx.core.events import Adopted, CommandRefused, Event, PlaybackFinished

LONGEST_PROMPT = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Asking:
    """*plays* and *tries* count from 1; a call that was adopted hears its question again without losing a try.

    The playback's id carries *plays*, so that a late end of an earlier one is not taken for this one's.
    """

    run: str
    plays: int
    tries: int
    deadline: datetime
    playing: bool = True
    keys: str = ""

    @property
    def playback(self) -> str:
        return f"{self.run}.{self.plays}"

    def hush(self) -> tuple[Command, ...]:
        """Stops the prompt if it still plays."""
        return (StopPlayback(self.playback),) if self.playing else ()


def playback_over(event: Event, playback: str) -> bool:
    """Whether *playback* is over by *event*, or never began."""
    match event:
        case PlaybackFinished(playback=name) | CommandRefused(command=Play.__name__, target=name):
            return name == playback
    return False


def ask(scene: Scene, media: tuple[Media, ...], at: datetime) -> Stay:
    """Play *media* for the first time."""
    return _play(scene, media, at, plays=1, tries=1)


def ask_again(scene: Scene, asking: Asking, media: tuple[Media, ...], at: datetime, *, tries: int = 1) -> Stay:
    """Play the same question again; it costs *tries*."""
    return _play(scene, media, at, asking.plays + 1, asking.tries + tries, *(asking.hush() if tries else ()))


def _play(scene: Scene, media: tuple[Media, ...], at: datetime, plays: int, tries: int, *first: Command) -> Stay:
    asking = Asking(scene.run, plays, tries, at + LONGEST_PROMPT)
    return Stay(asking, (*first, Play(asking.playback, media, scene.language)))


def listen(scene: Scene, asking: Asking, event: Event, media: tuple[Media, ...], patience: timedelta) -> Stay:
    """What every question does with no key: the prompt's end starts *patience*; an adopted call hears it anew."""
    match event:
        case Adopted():
            return ask_again(scene, asking, media, event.at, tries=0)
        case _ if playback_over(event, asking.playback):
            return Stay(replace(asking, playing=False, deadline=event.at + patience))
    return Stay(asking)
