"""Hear the messages of the phone's mailbox: PIN, count, each message newest first."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import ClassVar

from clinicpbx.core.callflow.asking import LONGEST_PROMPT, playback_over
from clinicpbx.core.callflow.calling import Calling, dial
from clinicpbx.core.callflow.item_words import ITEM_KEYS, ITEM_PROMPTS, answer_media, outcome_media
from clinicpbx.core.callflow.step import STEPS, Leave, Result, Scene, Stay
from clinicpbx.core.commands import (
    Command,
    DeleteMessage,
    FetchMessage,
    MarkHeard,
    Media,
    OpenMailbox,
    Play,
    StopPlayback,
    WorkMessage,
)
from clinicpbx.core.events import (
    Adopted,
    DeadlineReached,
    DtmfReceived,
    Event,
    HungUp,
    ItemWorked,
    MailboxOpened,
    MailboxRefused,
    MessageDamaged,
    MessageReady,
    MessageSummary,
    PlaybackFinished,
)
from clinicpbx.core.inbox.attempt import ANSWERED
from clinicpbx.private import Private

PATIENCE = timedelta(seconds=8)
LONGEST_MESSAGE = timedelta(minutes=10)
LONGEST_PIN = 12
TRIES = 3


class Phase(Enum):
    PIN = "pin"
    OPENING = "opening"
    COUNT = "count"
    FETCHING = "fetching"
    HEARING = "hearing"
    CHOOSING = "choosing"
    WORKING = "working"  # the inbox is asked to do something with the message's item
    CALLING = "calling"  # the patient: the channel is in the dialplan
    CLOSING = "closing"  # with which outcome?
    GOODBYE = "goodbye"


@dataclass(frozen=True, slots=True)
class Hearing:
    mailbox: str
    deadline: datetime
    phase: Phase = Phase.PIN
    tries: int = 1
    plays: int = 0
    pin: str = field(default="", repr=False)
    left: tuple[MessageSummary, ...] = ()
    sound: Private[str] | None = None
    outcomes: tuple[str, ...] = ()
    calling: Calling | None = None

    @property
    def current(self) -> str:
        return self.left[0].message if self.left else ""


@STEPS.register("hear_messages")
@dataclass(frozen=True, slots=True)
class HearMessages:
    summary: ClassVar[str] = "plays the messages of the phone's mailbox"

    def outcomes(self) -> frozenset[str]:
        return frozenset({"done"})

    def prompts(self) -> frozenset[str]:
        return (
            frozenset({"mailbox-none", "mailbox-locked", "mailbox-away", "mailbox-keys", "message-damaged"})
            | ITEM_PROMPTS
        )

    def enter(self, scene: Scene, at: datetime) -> Result:
        phone = scene.book.phones.get(scene.entry)
        if phone is None or not phone.mailbox:
            return _say(scene, Hearing("", at, Phase.GOODBYE), ("prompt:mailbox-none",), at)
        return _say(scene, Hearing(phone.mailbox, at), ("sound:vm-password",), at)

    def handle(self, scene: Scene, state: Hearing, event: Event) -> Result:
        match state.phase:
            case Phase.PIN:
                return _pin(scene, state, event)
            case Phase.OPENING:
                return _opening(scene, state, event)
            case Phase.COUNT:
                return _counted(scene, state, event)
            case Phase.FETCHING:
                return _fetching(scene, state, event)
            case Phase.HEARING | Phase.CHOOSING:
                return _heard(scene, state, event)
            case Phase.WORKING:
                return _worked(scene, state, event)
            case Phase.CALLING:
                return _called(scene, state, event)
            case Phase.CLOSING:
                return _closing(scene, state, event)
        return Leave("done") if _over(scene, state, event) else Stay(state)


def _pin(scene: Scene, state: Hearing, event: Event) -> Result:
    match event:
        case DtmfReceived(digit=digit) if digit.isdigit() and len(state.pin) < LONGEST_PIN:
            hush = (StopPlayback(_playback(scene, state)),) if not state.pin else ()
            return Stay(replace(state, pin=state.pin + digit, deadline=event.at + PATIENCE), hush)
        case DtmfReceived(digit="#") | DeadlineReached() if state.pin:
            opening = replace(state, phase=Phase.OPENING, pin="", deadline=event.at + PATIENCE)
            return Stay(opening, (OpenMailbox(state.mailbox, Private(state.pin)),))
        case DeadlineReached():
            return _goodbye(scene, state, event.at)
        case Adopted():
            return _say(scene, replace(state, pin=""), ("sound:vm-password",), event.at)
        case PlaybackFinished() if _over(scene, state, event) and not state.pin:
            return Stay(replace(state, deadline=event.at + PATIENCE))
    return Stay(state)


def _opening(scene: Scene, state: Hearing, event: Event) -> Result:
    match event:
        case MailboxOpened(mailbox=name, messages=messages) if name == state.mailbox:
            new = sum(message.new for message in messages)
            spoken = (f"number:{new}", "sound:vm-INBOX", "sound:vm-message" if new == 1 else "sound:vm-messages")
            counted = replace(state, phase=Phase.COUNT, left=messages)
            return _say(scene, counted, ("sound:vm-youhave", *spoken), event.at)
        case MailboxRefused(why="wrong") if state.tries < TRIES:
            again = replace(state, phase=Phase.PIN, tries=state.tries + 1)
            return _say(scene, again, ("sound:vm-incorrect", "sound:vm-password"), event.at)
        case MailboxRefused(why="locked"):
            return _say(scene, replace(state, phase=Phase.GOODBYE), ("prompt:mailbox-locked",), event.at)
        case MailboxRefused(why="unreadable"):
            return _away(scene, state, event.at)
        case MailboxRefused() | DeadlineReached():
            return _goodbye(scene, state, event.at)
        case Adopted():
            return _say(scene, replace(state, phase=Phase.PIN), ("sound:vm-password",), event.at)
    return Stay(state)


def _counted(scene: Scene, state: Hearing, event: Event) -> Result:
    if isinstance(event, DtmfReceived):
        return _fetch(scene, state, event.at, StopPlayback(_playback(scene, state)))
    if _over(scene, state, event) or isinstance(event, DeadlineReached | Adopted):
        return _fetch(scene, state, event.at)
    return Stay(state)


def _fetching(scene: Scene, state: Hearing, event: Event) -> Result:
    match event:
        case MessageReady(message=name, sound=sound) if name == state.current:
            return _hear(scene, replace(state, sound=sound), event.at)
        case MessageDamaged(message=name) if name == state.current:
            skipped = replace(state, phase=Phase.COUNT, left=state.left[1:])
            return _say(scene, skipped, ("prompt:message-damaged",), event.at)
        case MailboxRefused():
            return _away(scene, state, event.at)
        case DeadlineReached():
            return _goodbye(scene, state, event.at)
        case Adopted():
            return _fetch(scene, state, event.at)
    return Stay(state)


def _heard(scene: Scene, state: Hearing, event: Event) -> Result:
    hush = (StopPlayback(_playback(scene, state)),)
    match event:
        case DtmfReceived(digit=key) if key in ITEM_KEYS:
            return _work(scene, state, event.at, ITEM_KEYS[key])
        case DtmfReceived(digit="*"):
            return _hear(scene, state, event.at, *hush)
        case DtmfReceived(digit="7"):
            return _next(scene, state, event.at, *hush, DeleteMessage(state.mailbox, state.current))
        case DtmfReceived(digit="#"):
            return _next(scene, state, event.at, *hush, MarkHeard(state.mailbox, state.current))
        case Adopted():
            return _fetch(scene, state, event.at)
        case DeadlineReached() if state.phase is Phase.CHOOSING:
            return _next(scene, state, event.at, *hush)
        case DeadlineReached():
            return _next(scene, state, event.at, *hush, MarkHeard(state.mailbox, state.current))
    if not _over(scene, state, event):
        return Stay(state)
    if state.phase is Phase.CHOOSING:
        return Stay(replace(state, deadline=event.at + PATIENCE))
    choosing = replace(state, phase=Phase.CHOOSING)
    heard = MarkHeard(state.mailbox, state.current)
    return _say(scene, choosing, ("prompt:mailbox-keys",), event.at, heard)


def _work(scene: Scene, state: Hearing, at: datetime, change: str, outcome: str = "") -> Stay:
    working = replace(state, phase=Phase.WORKING, deadline=at + PATIENCE)
    agent = scene.agent_at(scene.entry)
    by = agent.name if agent is not None else f"phone-{scene.entry}"
    work = WorkMessage(state.mailbox, state.current, change, by, outcome)
    return Stay(working, (StopPlayback(_playback(scene, state)), work))


def _worked(scene: Scene, state: Hearing, event: Event) -> Result:
    match event:
        case ItemWorked(message=name, answer="outcomes", outcomes=outcomes) if name == state.current:
            closing = replace(state, phase=Phase.CLOSING, outcomes=outcomes[:9])
            return _say(scene, closing, outcome_media(closing.outcomes), event.at)
        case ItemWorked(message=name, attempt=attempt, number=Private() as number) if name == state.current:
            calling, ring = dial(attempt, number, event.at)
            return Stay(replace(state, phase=Phase.CALLING, calling=calling, deadline=calling.deadline), ring)
        case ItemWorked(message=name) if name == state.current:
            return _say(scene, replace(state, phase=Phase.CHOOSING), answer_media(event), event.at)
        case DeadlineReached():
            return _say(scene, replace(state, phase=Phase.CHOOSING), ("prompt:item-away",), event.at)
        case Adopted():
            return _fetch(scene, state, event.at)
    return Stay(state)


def _called(scene: Scene, state: Hearing, event: Event) -> Result:
    assert state.calling is not None
    calling, do = state.calling.hear(event, scene.entry)
    if not calling.result or isinstance(event, HungUp):
        return Stay(replace(state, calling=calling, deadline=calling.deadline), do)
    said = "mailbox-keys" if calling.result == ANSWERED else "item-unreached"
    return _say(scene, replace(state, phase=Phase.CHOOSING, calling=None), (f"prompt:{said}",), event.at, *do)


def _closing(scene: Scene, state: Hearing, event: Event) -> Result:
    match event:
        case DtmfReceived(digit=key) if key in "123456789"[: len(state.outcomes)]:
            return _work(scene, state, event.at, "close", state.outcomes[int(key) - 1])
        case DtmfReceived() | DeadlineReached():
            hush = StopPlayback(_playback(scene, state))
            return _say(scene, replace(state, phase=Phase.CHOOSING), ("prompt:mailbox-keys",), event.at, hush)
        case Adopted():
            return _fetch(scene, state, event.at)
    return Stay(replace(state, deadline=event.at + PATIENCE)) if _over(scene, state, event) else Stay(state)


def _hear(scene: Scene, state: Hearing, at: datetime, *first: Command) -> Stay:
    assert state.sound is not None
    hearing = replace(state, phase=Phase.HEARING)
    said = _say(scene, hearing, (Private(f"sound:{state.sound.value}"),), at, *first)
    return replace(said, state=replace(said.state, deadline=at + LONGEST_MESSAGE))  # type: ignore[type-var]


def _next(scene: Scene, state: Hearing, at: datetime, *first: Command) -> Result:
    return _fetch(scene, replace(state, left=state.left[1:], sound=None), at, *first)


def _fetch(scene: Scene, state: Hearing, at: datetime, *first: Command) -> Result:
    if not state.left:
        last = replace(state, phase=Phase.GOODBYE)
        return _say(scene, last, ("sound:vm-nomore", "sound:vm-goodbye"), at, *first)
    fetching = replace(state, phase=Phase.FETCHING, deadline=at + PATIENCE)
    return Stay(fetching, (*first, FetchMessage(state.mailbox, state.current)))


def _away(scene: Scene, state: Hearing, at: datetime) -> Stay:
    return _say(scene, replace(state, phase=Phase.GOODBYE), ("prompt:mailbox-away",), at)


def _goodbye(scene: Scene, state: Hearing, at: datetime) -> Stay:
    return _say(scene, replace(state, phase=Phase.GOODBYE), ("sound:vm-goodbye",), at)


def _playback(scene: Scene, state: Hearing) -> str:
    return f"{scene.run}.{state.plays}"


def _say(scene: Scene, state: Hearing, media: tuple[Media, ...], at: datetime, *first: Command) -> Stay:
    spoken = replace(state, plays=state.plays + 1, deadline=at + LONGEST_PROMPT)
    return Stay(spoken, (*first, Play(_playback(scene, spoken), media, scene.language)))


def _over(scene: Scene, state: Hearing, event: Event) -> bool:
    if isinstance(event, DeadlineReached):
        return state.phase is Phase.GOODBYE
    return playback_over(event, _playback(scene, state))
