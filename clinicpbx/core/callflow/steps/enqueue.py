"""Wait in a queue until an agent takes the call."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import ClassVar

from clinicpbx.core.acd.announcements import place_media, wait_media
from clinicpbx.core.acd.modes import Mode
from clinicpbx.core.acd.stages import Stage, postponed, stages
from clinicpbx.core.callflow.asking import LONGEST_PROMPT
from clinicpbx.core.callflow.away import away
from clinicpbx.core.callflow.phrases import PHRASES
from clinicpbx.core.callflow.step import STEPS, Leave, Result, Scene, Stay
from clinicpbx.core.commands import (
    AskPlace,
    Command,
    Continue,
    JoinQueue,
    LeaveQueue,
    Note,
    Play,
    ReturnOffer,
    SetVariable,
    StartMusic,
    StopPlayback,
    TakeOffer,
)
from clinicpbx.core.events import (
    Adopted,
    CommandRefused,
    DeadlineReached,
    DialAnswered,
    DialEnded,
    DtmfReceived,
    Event,
    HungUp,
    OfferMade,
    PlaceTold,
    PlaybackFinished,
)
from clinicpbx.core.rulebook import DEFAULT_MUSIC, DEFAULT_RING, PhoneRules, QueueRules

RING_MARGIN = timedelta(seconds=15)  # the dialplan gives the call back within the ring time and this
PLACE_PATIENCE = timedelta(seconds=2)
BOUNCED = 2  # so often was the call in this queue before, and was sent back to it
SINCE, PRIORITY = "since", "priority"  # in the call's memory: what its place in any queue counts from, and its weight
REASON = "reason"  # of the last queue it waited in


class Phase(Enum):
    WAITING = "waiting"
    ASKING = "asking"  # AskPlace is out, its answer is to be announced
    OFFERED = "offered"  # the channel is in the dialplan's Dial
    TALKING = "talking"


@dataclass(frozen=True, slots=True)
class Queued:
    """*join* is what the queue was asked for, with the time that the place counts from; *entered*: this step."""

    join: JoinQueue
    entered: datetime
    deadline: datetime
    phase: Phase = Phase.WAITING
    rounds: int = 0  # of music, each begun after an announcement
    playback: str = ""
    phones: tuple[str, ...] = ()  # that ring
    agents: tuple[str, ...] = ()  # whose they are


@STEPS.register("enqueue")
@dataclass(frozen=True, slots=True)
class Enqueue:
    summary: ClassVar[str] = "waits in a queue until an agent takes the call"

    queue: str
    priority: int = 0
    limit: timedelta = timedelta(minutes=3)
    most: int = 0
    needs: Mapping[str, int] = field(default_factory=dict)
    relax: Mapping[timedelta, Mapping[str, int]] = field(default_factory=dict)
    greeting: str = ""
    comfort: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    reason: str = ""

    def outcomes(self) -> frozenset[str]:
        return frozenset({"overflow", "unstaffed", *self.keys})

    def prompts(self) -> frozenset[str]:
        return frozenset(filter(None, (self.greeting, *self.comfort, self.reason)))

    def enter(self, scene: Scene, at: datetime) -> Result:
        rules = scene.book.queues[self.queue]
        since, priority = _since(scene, rules, at), self.priority + _raised(scene, rules)
        asks = self._stages(scene, rules)
        if scene.consults is not None:  # its agent's time with it is no waiting for this queue
            priority, asks = max(priority, scene.consults.priority), postponed(asks, at - since)
        queued = Note("queued", {"queue": self.queue, "priority": priority, "since": since.isoformat()})
        join = JoinQueue(self.queue, since, priority, stages=asks)
        bounced = scene.earlier.queues.count(self.queue)
        flag = (Note("bounced", {"queue": self.queue, "times": bounced}),) if bounced >= BOUNCED else ()
        return Stay(Queued(join, at, at + self.limit), (queued, *flag, *self._variables(scene), join))

    def _variables(self, scene: Scene) -> tuple[SetVariable, ...]:
        """What the dialplan's Dial cannot take from its own defaults; taken back for what comes after the queue."""
        rules = scene.book.queues[self.queue]
        ring, whisper = str(int(rules.ring.total_seconds())), self._whisper(scene, rules)
        return (
            *((SetVariable("CPBX_RING_FOR", ring),) if rules.ring != DEFAULT_RING else ()),
            *((SetVariable("CPBX_MUSIC", rules.music),) if rules.music != DEFAULT_MUSIC else ()),
            *((SetVariable("CPBX_CALLEE", f"U(cpbx-whisper^{whisper})"),) if whisper else ()),
        )

    def _whisper(self, scene: Scene, rules: QueueRules) -> str:
        """What an agent hears before the call is theirs: queue, language, reason, and that it has come back.

        Of a colleague who asks about a patient it is always told, and what is known of that patient.
        """
        about = scene.consults
        speaks = f"speaks-{scene.language}"
        told = speaks if scene.language != scene.book.languages[0] and speaks in PHRASES else ""
        again = "call-bounced" if scene.earlier.queues.count(self.queue) >= BOUNCED else ""
        if about is not None:
            return "^".join(filter(None, (rules.whisper, "call-transferred", told, about.reason, again)))
        return "^".join(filter(None, (rules.whisper, told, self.reason, again))) if rules.whisper else ""

    def _stages(self, scene: Scene, rules: QueueRules) -> tuple[Stage, ...]:
        known = scene.earlier.agent if rules.same_agent else ""
        return stages(scene.language, self.needs, self.relax, rules.same_language, known, rules.same_agent)

    def handle(self, scene: Scene, state: Queued, event: Event) -> Result:
        if isinstance(event, HungUp):
            return self._gone(state, event.taken)
        match state.phase:
            case Phase.OFFERED:
                return self._ringing(scene, state, event)
            case Phase.TALKING if isinstance(event, DialEnded):  # transferred to where nobody took the call
                again = replace(state, phase=Phase.WAITING, entered=event.at, deadline=event.at + self.limit)
                return Stay(again, (Note("queued", {"queue": self.queue, "priority": state.join.priority}), state.join))
            case Phase.TALKING:
                return Stay(replace(state, deadline=max(state.deadline, away(event.at))))
        return self._waiting(scene, state, event)

    def _waiting(self, scene: Scene, state: Queued, event: Event) -> Result:
        match event:
            case OfferMade(queue=queue) if queue == self.queue:  # not one left over from another
                return self._offer(scene, state, event)
            case PlaceTold(queue=queue) if queue != self.queue:
                return Stay(state)
            case PlaceTold(mode=Mode.FULL):
                return self._leave(scene, state, "overflow", "the queue is full")
            case PlaceTold(mode=Mode.CLOSED):
                return self._leave(scene, state, "unstaffed", "the queue is closed")
            case PlaceTold(staffed=False):
                return self._leave(scene, state, "unstaffed", "nobody is logged in")
            case PlaceTold():
                return self._placed(scene, state, event)
            case DtmfReceived(digit=digit) if digit in self.keys:
                return self._leave(scene, state, digit, f"key {digit}")
            case PlaybackFinished(playback=name) if name == state.playback:
                return self._music(scene, state, event.at)
            case CommandRefused(command=Play.__name__, target=name) if name == state.playback:
                return self._music(scene, state, event.at)
            case Adopted():
                again = self._music(scene, state, event.at)
                return Stay(again.state, (state.join, *again.do))
            case DeadlineReached() if event.at >= state.entered + self.limit:
                return self._leave(scene, state, "overflow", f"waited {self.limit}")
            case DeadlineReached() if state.phase is Phase.WAITING:
                asking = replace(state, phase=Phase.ASKING, deadline=self._by(state, event.at + PLACE_PATIENCE))
                return Stay(asking, (AskPlace(self.queue),))
            case DeadlineReached():
                return self._music(scene, state, event.at)
        return Stay(state)

    def _placed(self, scene: Scene, state: Queued, told: PlaceTold) -> Result:
        if self.most and state.rounds == 0 and told.position > self.most:
            return self._leave(scene, state, "overflow", f"{self.most} wait already")
        first = state.rounds == 0 and bool(self.greeting)
        if state.phase is Phase.WAITING and not first:
            return self._music(scene, state, told.at)
        words = (self.greeting,) if first else self.comfort[(state.rounds - 1) % max(len(self.comfort), 1) :][:1]
        place = (*place_media(told.position), *wait_media(told.wait))
        prompts = tuple(f"prompt:{name}" for name in words)
        playback = f"{scene.run}.{state.rounds}"
        spoken = replace(state, playback=playback, deadline=self._by(state, told.at + LONGEST_PROMPT))
        media = (*prompts, *place) if first else (*place, *prompts)
        return Stay(spoken, (Play(playback, media, scene.language),))

    def _music(self, scene: Scene, state: Queued, at: datetime) -> Stay:
        """Music until the next announcement, or until the limit."""
        rules = scene.book.queues[self.queue]
        next_word = at + rules.announce_every if rules.announce_every else state.entered + self.limit
        music = Queued(state.join, state.entered, self._by(state, next_word), rounds=state.rounds + 1)
        return Stay(music, (StartMusic(rules.music),))

    def _offer(self, scene: Scene, state: Queued, made: OfferMade) -> Result:
        phones = made.phones
        deadline = made.at + scene.book.queues[self.queue].ring + RING_MARGIN
        offered = replace(state, phase=Phase.OFFERED, playback="", deadline=deadline, phones=phones, agents=made.agents)
        hush = (StopPlayback(state.playback),) if state.playback else ()
        note = Note("offered", {"queue": self.queue, "agents": list(phones), "skipped": list(made.skipped)})
        if len(phones) == 1:
            return Stay(offered, (*hush, note, Continue("cpbx-offer", phones[0])))
        dialled = "&".join(f"PJSIP/{PhoneRules(phone).endpoint}" for phone in phones)
        return Stay(offered, (*hush, note, SetVariable("CPBX_RING", dialled), Continue("cpbx-offer", "ring")))

    def _ringing(self, scene: Scene, state: Queued, event: Event) -> Result:
        match event:
            case DialAnswered(phone=phone, channel=channel):
                talking = replace(state, phase=Phase.TALKING, deadline=away(event.at))
                agent = dict(zip(state.phones, state.agents, strict=False)).get(phone, "")
                answered = Note("answered", {"queue": self.queue, "agent": phone, "name": agent})
                return Stay(talking, (TakeOffer(self.queue, phone, channel, agent), answered))
            case DialEnded(status=status):
                return self._returned(scene, state, status, event.at)
            case CommandRefused(command=Continue.__name__):
                return self._returned(scene, state, "FAILED", event.at)
            case Adopted():
                join = replace(state.join, anew=True)
                back = self._returned(scene, state, "FAILED", event.at)
                # one command alone: if the offer was overdue, each of two would be answered by an offer of its own
                return back if isinstance(back, Leave) else replace(back, do=(back.do[0], join))
            case DeadlineReached():
                return Stay(replace(state, deadline=event.at + RING_MARGIN))
        return Stay(state)

    def _returned(self, scene: Scene, state: Queued, status: str, at: datetime) -> Stay | Leave:
        refused = Note("refused", {"queue": self.queue, "agents": list(state.phones), "status": status})
        do: tuple[Command, ...] = (refused, ReturnOffer(self.queue, status))
        if at >= state.entered + self.limit:
            left = self._leave(scene, state, "overflow", f"waited {self.limit}")
            return replace(left, do=(*do, *left.do))
        return Stay(replace(state, phase=Phase.WAITING, deadline=state.entered + self.limit), do)

    def _leave(self, scene: Scene, state: Queued, outcome: str, why: str) -> Leave:
        hush = (StopPlayback(state.playback),) if state.playback else ()
        overflowed = Note("overflowed", {"queue": self.queue, "why": outcome})
        unset = (replace(variable, value="") for variable in self._variables(scene))
        kept = {SINCE: state.join.since.isoformat(), PRIORITY: str(state.join.priority), REASON: self.reason}
        return Leave(outcome, (*hush, LeaveQueue(self.queue, outcome), *unset, overflowed), why, kept)

    def _gone(self, state: Queued, taken: bool) -> Result:
        if state.phase is Phase.TALKING:
            return Stay(state)
        if taken:
            return Stay(state, (LeaveQueue(self.queue), Note("overflowed", {"queue": self.queue, "why": "taken"})))
        return Stay(state, (LeaveQueue(self.queue), Note("abandoned", {"queue": self.queue})))

    def _by(self, state: Queued, at: datetime) -> datetime:
        return min(at, state.entered + self.limit)


def _since(scene: Scene, rules: QueueRules, at: datetime) -> datetime:
    """What the place counts from: the first queue of this call, that of the call which is asked about, or a place that
    the caller lost a moment ago."""
    if SINCE in scene.memory:
        return datetime.fromisoformat(scene.memory[SINCE])
    if scene.consults is not None:
        return min(scene.consults.since, at)
    lost = scene.earlier
    if lost.lost is None or lost.ended is None or lost.queue != rules.name:
        return at
    return min(lost.lost, at) if at - lost.ended <= rules.place_kept else at


def _raised(scene: Scene, rules: QueueRules) -> int:
    """Who calls again and again goes ahead a little: from the third call within an hour on, up to a cap."""
    return min(max(scene.earlier.calls - 1, 0), rules.raise_repeats)
