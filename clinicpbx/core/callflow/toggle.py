"""An agent's feature code: ask the floor, speak its answer."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from clinicpbx.core.callflow.asking import LONGEST_PROMPT
from clinicpbx.core.callflow.step import Leave, Result, Scene, Stay
from clinicpbx.core.commands import Command, Play
from clinicpbx.core.events import AgentChanged, CommandRefused, DeadlineReached, Event, PlaybackFinished

PATIENCE = timedelta(seconds=3)
SPOKEN = {
    "login": "sound:agent-loginok",
    "logout": "sound:agent-loggedoff",
    "moved": "prompt:agent-moved",
    "taken": "prompt:desk-taken",
    "engaged": "prompt:agent-engaged",
    "pause": "prompt:agent-paused",
    "unpause": "prompt:agent-unpaused",
    "ready": "prompt:agent-unpaused",
    "more": "prompt:agent-more",
    "disposed": "prompt:agent-noted",
    "none": "prompt:agent-nothing",
    "unknown": "sound:agent-incorrect",
}
PROMPTS = frozenset(media.partition(":")[2] for media in SPOKEN.values() if media.startswith("prompt:"))


@dataclass(frozen=True, slots=True)
class Toggle:
    deadline: datetime
    playback: str = ""


def ask_floor(command: Command, at: datetime) -> Stay:
    """Send *command* and wait for AgentChanged."""
    return Stay(Toggle(at + PATIENCE), (command,))


def say_change(scene: Scene, state: Toggle, event: Event) -> Result:
    """Speak what changed, then leave with `done`."""
    match event:
        case AgentChanged(change=change) if not state.playback:
            playing = Toggle(event.at + LONGEST_PROMPT, f"{scene.run}.1")
            return Stay(playing, (Play(playing.playback, (SPOKEN[change],), scene.language),))
        case PlaybackFinished(playback=name) if name == state.playback:
            return Leave("done")
        case DeadlineReached() | CommandRefused():
            return Leave("done", why="no answer")
    return Stay(state)
