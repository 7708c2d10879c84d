"""Log an agent in or out: the phone's own, or by number and PIN whoever sits down at it."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import ClassVar

from clinicpbx.core.callflow.asking import LONGEST_PROMPT, playback_over
from clinicpbx.core.callflow.number import next_playback
from clinicpbx.core.callflow.step import STEPS, Leave, Result, Scene, Stay
from clinicpbx.core.callflow.toggle import PROMPTS, Toggle, ask_floor, say_change
from clinicpbx.core.commands import CheckAgentPin, Play, StopPlayback, TakeDesk, ToggleLogin
from clinicpbx.core.events import (
    Adopted,
    DeadlineReached,
    DtmfReceived,
    Event,
    PinTold,
)
from clinicpbx.private import Private

PATIENCE = timedelta(seconds=8)
ANSWERS = timedelta(seconds=10)  # of the vault
LONGEST = 12
TRIES = 3


class Phase(Enum):
    NUMBER = "login-number"  # what is asked
    PIN = "login-pin"
    CHECKING = "checking"
    ENDING = "ending"


@dataclass(frozen=True, slots=True)
class SittingDown:
    """*number*: the agent's, known or not; *keys*: pressed so far."""

    deadline: datetime
    phase: Phase
    number: str = ""
    keys: str = field(default="", repr=False)
    playback: str = ""
    tries: int = 1


@STEPS.register("agent_login")
@dataclass(frozen=True, slots=True)
class AgentLogin:
    summary: ClassVar[str] = "logs the phone's agent in or out, or whoever sits down at it, by number and PIN"

    def outcomes(self) -> frozenset[str]:
        return frozenset({"done"})

    def prompts(self) -> frozenset[str]:
        return PROMPTS | {"login-number", "login-pin", "login-wrong", "login-refused", "login-away"}

    def enter(self, scene: Scene, at: datetime) -> Result:
        if scene.argument.isdigit():
            return _ask(scene, SittingDown(at, Phase.PIN, scene.argument), at)
        numbers = any(agent.number for agent in scene.book.agents.values())
        if numbers and not scene.argument and scene.agent_at(scene.entry) is None:
            return _ask(scene, SittingDown(at, Phase.NUMBER), at)
        return ask_floor(ToggleLogin(scene.entry, scene.argument), at)

    def handle(self, scene: Scene, state: Toggle | SittingDown, event: Event) -> Result:
        if isinstance(state, Toggle):
            return say_change(scene, state, event)
        match state.phase:
            case Phase.NUMBER | Phase.PIN:
                return _asked(scene, state, event)
            case Phase.CHECKING:
                return _checked(scene, state, event)
        return (
            Leave("done") if isinstance(event, DeadlineReached) or playback_over(event, state.playback) else Stay(state)
        )


def _asked(scene: Scene, state: SittingDown, event: Event) -> Result:
    match event:
        case DtmfReceived(digit=digit) if digit.isdigit() and len(state.keys) < LONGEST:
            hush = () if state.keys else (StopPlayback(state.playback),)
            return Stay(replace(state, keys=state.keys + digit, deadline=event.at + PATIENCE), hush)
        case DtmfReceived(digit="#") | DeadlineReached() if state.keys:
            return _keyed(scene, state, event.at)
        case DeadlineReached():
            return Leave("done", why="nothing was pressed")
        case Adopted():
            return _ask(scene, state, event.at)
    if playback_over(event, state.playback) and not state.keys:
        return Stay(replace(state, deadline=event.at + PATIENCE))
    return Stay(state)


def _keyed(scene: Scene, state: SittingDown, at: datetime) -> Stay:
    if state.phase is Phase.NUMBER:
        return _ask(scene, replace(state, phase=Phase.PIN, number=state.keys), at)
    checking = replace(state, phase=Phase.CHECKING, keys="", deadline=at + ANSWERS)
    return Stay(checking, (CheckAgentPin(scene.entry, _agent(scene, state.number), Private(state.keys)),))


def _checked(scene: Scene, state: SittingDown, event: Event) -> Result:
    """What is said of a wrong PIN, of a locked one and of a number that is nobody's is the same."""
    match event:
        case PinTold(answer="right") if agent := _agent(scene, state.number):
            return ask_floor(TakeDesk(scene.entry, agent), event.at)
        case PinTold(answer="unreadable") | DeadlineReached():
            return _say(scene, state, Phase.ENDING, ("login-away",), event.at)
        case PinTold() if state.tries >= TRIES:
            return _say(scene, state, Phase.ENDING, ("login-refused",), event.at)
        case PinTold():
            return _ask(scene, replace(state, tries=state.tries + 1), event.at, "login-wrong")
        case Adopted():
            return _ask(scene, state, event.at)
    return Stay(state)


def _agent(scene: Scene, number: str) -> str:
    return next((agent.name for agent in scene.book.agents.values() if number and agent.number == number), "")


def _ask(scene: Scene, state: SittingDown, at: datetime, *first: str) -> Stay:
    """Ask for what is missing; after a wrong PIN the number too, unless the code had it: it may be the wrong one."""
    known = scene.argument or (state.number if state.phase is Phase.PIN else "")
    phase = Phase.PIN if known else Phase.NUMBER
    return _say(scene, replace(state, number=known, keys=""), phase, (*first, phase.value), at)


def _say(scene: Scene, state: SittingDown, phase: Phase, prompts: tuple[str, ...], at: datetime) -> Stay:
    playback = next_playback(scene, state.playback or f"{scene.run}.1")  # that of the floor's answer
    spoken = replace(state, phase=phase, playback=playback, deadline=at + LONGEST_PROMPT)
    play = Play(playback, tuple(f"prompt:{name}" for name in prompts), scene.language)
    return Stay(spoken, (play,))
