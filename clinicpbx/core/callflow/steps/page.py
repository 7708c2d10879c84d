"""What a person on call hears and does: PIN, the message, accept, decline, talk with the patient, the outcome."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import ClassVar

from clinicpbx.core.callflow.asking import LONGEST_PROMPT, playback_over
from clinicpbx.core.callflow.away import away
from clinicpbx.core.callflow.number import next_playback
from clinicpbx.core.callflow.phrases import PHRASES
from clinicpbx.core.callflow.step import STEPS, Leave, Result, Scene, Stay
from clinicpbx.core.commands import Command, Continue, FetchMessage, Media, Note, Play, SetVariable, StopPlayback
from clinicpbx.core.events import (
    Adopted,
    CommandRefused,
    DeadlineReached,
    DialAnswered,
    DialEnded,
    DtmfReceived,
    Event,
    HungUp,
    MessageDamaged,
    MessageReady,
    Paged,
    PageTold,
    PinTold,
)
from clinicpbx.core.oncall.commands import RED_FLAG, AcceptPage, CheckPin, ClosePage, TellPage
from clinicpbx.core.oncall.rules import PageRules
from clinicpbx.private import Private

CONTEXT = "cpbx-page"
PATIENCE = timedelta(seconds=8)
ANSWERS = timedelta(seconds=10)  # of this process; then it is asked again
LONGEST_MESSAGE = timedelta(minutes=10)
LONGEST_PIN = 12
TRIES = 3  # wrong PINs
SILENCES = 2  # so often nothing is pressed, and a machine is on the line


class Phase(Enum):
    PIN = "pin"
    CHECKING = "checking"
    BRIEFING = "briefing"  # why they are rung
    FETCHING = "fetching"
    HEARING = "hearing"  # the message, and what may be pressed
    ACCEPTING = "accepting"
    RINGING = "ringing"  # the patient: the channel is in the dialplan's Dial
    TALKING = "talking"
    OUTCOME = "outcome"
    ENDING = "ending"


CHOICES = (Phase.BRIEFING, Phase.FETCHING, Phase.HEARING)


@dataclass(frozen=True, slots=True)
class Asked:
    """*wish*: the key that the acceptance is for. *heard*: where the message is in clear."""

    deadline: datetime
    phase: Phase = Phase.PIN
    playback: str = ""
    tries: int = 1
    silences: int = 0
    pin: str = field(default="", repr=False)
    heard: Private[str] | None = None
    accepted: bool = False
    wish: str = ""


@STEPS.register("page")
@dataclass(frozen=True, slots=True)
class Page:
    summary: ClassVar[str] = "asks a person on call, after their PIN, to accept what is waiting"

    def outcomes(self) -> frozenset[str]:
        return frozenset({"done"})

    def prompts(self) -> frozenset[str]:
        own = ("pin", "pin-wrong", "refused", "message", "red-flag", "keys", "accepted", "taken", "declined")
        return frozenset({"message-damaged", *(f"page-{name}" for name in (*own, *MORE))})

    def enter(self, scene: Scene, at: datetime) -> Result:
        if scene.paged is None:
            return Leave("done", why="nobody was paged")
        return _say(scene, Asked(at), Phase.PIN, ("prompt:page-pin",), at)

    def handle(self, scene: Scene, state: Asked, event: Event) -> Result:
        paged = scene.paged
        assert paged is not None
        match state.phase, event:
            case Phase.ENDING, _:
                return (
                    Leave("done")
                    if isinstance(event, DeadlineReached) or playback_over(event, state.playback)
                    else Stay(state)
                )
            case Phase.ACCEPTING, HungUp():
                return Stay(state, (AcceptPage(paged.page, paged.person),))
            case Phase.RINGING | Phase.TALKING, HungUp():
                return Stay(state)
            case _, PageTold(accepted=False) if state.phase not in (Phase.RINGING, Phase.TALKING):
                return _say(scene, state, Phase.ENDING, ("prompt:page-taken",), event.at, *_hush(state))
            case Phase.PIN, _:
                return _pin(scene, state, event)
            case Phase.CHECKING, _:
                return _checking(scene, paged, state, event)
            case Phase.ACCEPTING, _:
                return _accepting(scene, paged, state, event)
            case Phase.RINGING | Phase.TALKING, _:
                return _away(scene, paged, state, event)
            case Phase.OUTCOME, _:
                return _outcome(scene, paged, state, event)
        return _choosing(scene, paged, state, event)


MORE = ("keys-accepted", "no-number", "unreached", "outcomes", "noted", "patient")


def _pin(scene: Scene, state: Asked, event: Event) -> Result:
    match event:
        case DtmfReceived(digit=digit) if digit.isdigit() and len(state.pin) < LONGEST_PIN:
            keyed = replace(state, pin=state.pin + digit, deadline=event.at + PATIENCE)
            return Stay(keyed, () if state.pin else _hush(state))
        case DtmfReceived(digit="#") | DeadlineReached() if state.pin:
            assert scene.paged is not None
            checking = replace(state, phase=Phase.CHECKING, pin="", deadline=event.at + ANSWERS)
            return Stay(checking, (CheckPin(scene.paged.person, Private(state.pin)),))
        case DeadlineReached():
            return _silence(scene, state, event.at, Phase.PIN, ("prompt:page-pin",))
        case Adopted():
            return _say(scene, replace(state, pin=""), Phase.PIN, ("prompt:page-pin",), event.at)
    if playback_over(event, state.playback) and not state.pin:
        return Stay(replace(state, deadline=event.at + PATIENCE))
    return Stay(state)


def _checking(scene: Scene, paged: Paged, state: Asked, event: Event) -> Result:
    match event:
        case PinTold(answer="right"):
            told = TellPage(paged.page, "identified", paged.person)
            return _brief(scene, paged, replace(state, silences=0), event.at, told)
        case PinTold(answer="wrong") if state.tries < TRIES:
            again = replace(state, tries=state.tries + 1)
            return _say(scene, again, Phase.PIN, ("prompt:page-pin-wrong",), event.at)
        case PinTold(answer=answer):
            told = TellPage(paged.page, "refused", paged.person, f"PIN {answer}")
            return _say(scene, state, Phase.ENDING, ("prompt:page-refused",), event.at, told)
        case DeadlineReached() | Adopted():
            return _say(scene, state, Phase.PIN, ("prompt:page-pin",), event.at)
    return Stay(state)


def _brief(scene: Scene, paged: Paged, state: Asked, at: datetime, *first: Command) -> Stay:
    say = _rules(scene).say
    kind = "page-red-flag" if paged.kind == RED_FLAG else "page-message"
    speaks = f"speaks-{paged.speaks}"
    foreign = (f"prompt:{speaks}",) if paged.speaks != scene.book.languages[0] and speaks in PHRASES else ()
    named = (f"prompt:{say}",) if say else ()
    return _say(scene, state, Phase.BRIEFING, (f"prompt:{kind}", *named, *foreign), at, *first)


def _choosing(scene: Scene, paged: Paged, state: Asked, event: Event) -> Result:
    match event:
        case DtmfReceived(digit=digit):
            return _chosen(scene, paged, replace(state, silences=0), digit, event.at, *_hush(state))
        case Adopted():
            return _fetch(scene, paged, state, event.at)
        case MessageReady(message=name, sound=sound) if name == paged.message and state.phase is Phase.FETCHING:
            return _menu(scene, replace(state, heard=sound), event.at)
        case MessageDamaged(message=name) if name == paged.message and state.phase is Phase.FETCHING:
            told = TellPage(paged.page, "message damaged", paged.person)
            return _menu(scene, state, event.at, told, said=("prompt:message-damaged",))
        case DeadlineReached() if state.phase is Phase.FETCHING:
            return _menu(scene, state, event.at, said=("prompt:message-damaged",))
        case DeadlineReached() if state.phase is Phase.HEARING:
            return _silence(scene, state, event.at, Phase.HEARING, (_keys(state),))
    if playback_over(event, state.playback) or isinstance(event, DeadlineReached):
        if state.phase is Phase.BRIEFING:
            return _fetch(scene, paged, state, event.at)
        return Stay(replace(state, deadline=event.at + PATIENCE))
    return Stay(state)


def _fetch(scene: Scene, paged: Paged, state: Asked, at: datetime) -> Stay:
    if not paged.message:
        return _menu(scene, state, at)
    fetching = replace(state, phase=Phase.FETCHING, deadline=at + ANSWERS)
    return Stay(fetching, (FetchMessage(paged.mailbox, paged.message),))


def _menu(scene: Scene, state: Asked, at: datetime, *first: Command, said: tuple[Media, ...] | None = None) -> Stay:
    """Say *said* (None: the message), then the keys."""
    if said is None and state.heard is not None:
        message = Private(f"sound:{state.heard.value}")
        spoken = _say(scene, state, Phase.HEARING, (message, _keys(state)), at, *first)
        return replace(spoken, state=replace(spoken.state, deadline=at + LONGEST_MESSAGE))  # type: ignore[type-var]
    return _say(scene, state, Phase.HEARING, (*(said or ()), _keys(state)), at, *first)


def _keys(state: Asked) -> str:
    return "prompt:page-keys-accepted" if state.accepted else "prompt:page-keys"


def _chosen(scene: Scene, paged: Paged, state: Asked, digit: str, at: datetime, *first: Command) -> Result:
    match digit:
        case "1" | "3" | "4" if not state.accepted:
            accepting = replace(state, phase=Phase.ACCEPTING, wish=digit, deadline=at + ANSWERS)
            return Stay(accepting, (*first, AcceptPage(paged.page, paged.person)))
        case "2" if not state.accepted:
            told = TellPage(paged.page, "declined", paged.person)
            return _say(scene, state, Phase.ENDING, ("prompt:page-declined",), at, *first, told)
        case "3":
            return _connect(scene, paged, state, at, *first)
        case "4":
            return _say(scene, state, Phase.OUTCOME, ("prompt:page-outcomes",), at, *first)
        case "#":
            return _menu(scene, state, at, *first)
    return _menu(scene, state, at, *first, said=())


def _accepting(scene: Scene, paged: Paged, state: Asked, event: Event) -> Result:
    match event:
        case PageTold(accepted=True):
            state = replace(state, accepted=True)
            if state.wish == "1":
                return _say(scene, state, Phase.HEARING, ("prompt:page-accepted", _keys(state)), event.at)
            return _chosen(scene, paged, state, state.wish, event.at)
        case DeadlineReached() | Adopted():
            again = replace(state, deadline=event.at + ANSWERS)
            return Stay(again, (AcceptPage(paged.page, paged.person),))
    return Stay(state)


def _connect(scene: Scene, paged: Paged, state: Asked, at: datetime, *first: Command) -> Stay:
    if scene.caller is None or not any(map(str.isdigit, scene.caller.value)):
        return _menu(scene, state, at, *first, said=("prompt:page-no-number",))
    ring = (
        SetVariable("CPBX_TO", scene.caller),
        SetVariable("CPBX_SPEAKS", paged.speaks or scene.language),
        Note("dialled", {"target": "patient", "why": f"page {paged.page}"}),
        TellPage(paged.page, "rings the patient", paged.person),
        Continue(CONTEXT, "s"),
    )
    return Stay(replace(state, phase=Phase.RINGING, deadline=away(at)), (*first, *ring))


def _away(scene: Scene, paged: Paged, state: Asked, event: Event) -> Result:
    match event:
        case DialAnswered(phone="") if state.phase is Phase.RINGING:  # by the key; before it, a machine may be on
            answered = Note("answered", {"queue": "", "agent": paged.person})
            told = TellPage(paged.page, "talks with the patient", paged.person)
            return Stay(replace(state, phase=Phase.TALKING), (answered, told))
        case DialEnded() | Adopted() | CommandRefused(command=Continue.__name__) if state.phase is Phase.TALKING:
            told = TellPage(paged.page, "has talked with the patient", paged.person)
            return _menu(scene, state, event.at, told, said=())
        case DialEnded() | Adopted() | CommandRefused(command=Continue.__name__):
            why = event.status.lower() if isinstance(event, DialEnded) else "not rung"
            told = TellPage(paged.page, "did not reach the patient", paged.person, why)
            return _menu(scene, state, event.at, told, said=("prompt:page-unreached",))
    return Stay(replace(state, deadline=max(state.deadline, away(event.at))))


def _outcome(scene: Scene, paged: Paged, state: Asked, event: Event) -> Result:
    outcomes = _rules(scene).outcomes
    match event:
        case DtmfReceived(digit=digit) if digit in outcomes:
            closed = ClosePage(paged.page, paged.person, outcomes[digit])
            return _say(scene, state, Phase.ENDING, ("prompt:page-noted",), event.at, *_hush(state), closed)
        case DeadlineReached():
            return _silence(scene, state, event.at, Phase.OUTCOME, ("prompt:page-outcomes",))
        case DtmfReceived() | Adopted():
            return _say(scene, state, Phase.OUTCOME, ("prompt:page-outcomes",), event.at, *_hush(state))
    return Stay(replace(state, deadline=event.at + PATIENCE)) if playback_over(event, state.playback) else Stay(state)


def _silence(scene: Scene, state: Asked, at: datetime, phase: Phase, media: tuple[Media, ...]) -> Result:
    """Said once more; then nobody who could accept is on the line, or is done."""
    if state.silences + 1 < SILENCES:
        return _say(scene, replace(state, silences=state.silences + 1), phase, media, at)
    assert scene.paged is not None
    why = "no key"
    return Leave("done", (TellPage(scene.paged.page, "silent", scene.paged.person, why),), why)


def _rules(scene: Scene) -> PageRules:
    rota = scene.paged.rota if scene.paged is not None else ""
    return scene.book.paging.get(rota) or PageRules()


def _hush(state: Asked) -> tuple[Command, ...]:
    return (StopPlayback(state.playback),) if state.playback else ()


def _say(scene: Scene, state: Asked, phase: Phase, media: tuple[Media, ...], at: datetime, *first: Command) -> Stay:
    playback = next_playback(scene, state.playback)
    spoken = replace(state, phase=phase, playback=playback, deadline=at + LONGEST_PROMPT)
    return Stay(spoken, (*first, Play(playback, media, scene.language)))
