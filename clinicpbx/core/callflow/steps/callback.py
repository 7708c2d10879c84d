"""Promise a call-back: the caller hangs up and keeps the place in the queue."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import ClassVar

from clinicpbx.core.acd.stages import stages
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
from clinicpbx.core.callflow.steps.enqueue import PRIORITY, REASON, SINCE
from clinicpbx.core.callflow.steps.ring_back import RingBack
from clinicpbx.core.commands import Command, JoinQueue, KeepCallback, Note, Play
from clinicpbx.core.events import DeadlineReached, Event, HungUp
from clinicpbx.private import Private


@dataclass(frozen=True, slots=True)
class Promising:
    """*kept*: the call-back is promised, the caller hears so."""

    asked: NumberAsked
    deadline: datetime
    kept: bool = False


@STEPS.register("callback")
@dataclass(frozen=True, slots=True)
class Callback:
    summary: ClassVar[str] = "promises a call-back; the caller hangs up and keeps the place in the queue"

    queue: str
    priority: int = 0
    needs: Mapping[str, int] = field(default_factory=dict)
    relax: Mapping[timedelta, Mapping[str, int]] = field(default_factory=dict)
    hours: str = ""
    tries: int = 3
    again: timedelta = timedelta(minutes=15)

    def outcomes(self) -> frozenset[str]:
        return frozenset({"done", "no_number"})

    def prompts(self) -> frozenset[str]:
        return PROMPTS | RingBack().prompts() | {"callback-kept", "called-back"}

    def enter(self, scene: Scene, at: datetime) -> Result:
        asked, do = ask_number(scene, callable_number(scene.caller), at)
        return Stay(Promising(asked, asked.deadline), do)

    def handle(self, scene: Scene, state: Promising, event: Event) -> Result:
        if isinstance(event, HungUp):
            return self._gone(scene, state, event)
        if state.kept:
            over = isinstance(event, DeadlineReached) or playback_over(event, state.asked.playback)
            return Leave("done", why="will be called back") if over else Stay(state)
        match hear_number(scene, state.asked, event):
            case NumberGiven(number=None, do=do):
                return Leave("no_number", do, "no number to call")
            case NumberGiven(number=number, confirmed=confirmed, do=do):
                assert number is not None
                return self._thank(scene, state, event.at, *do, *self._keep(scene, number, confirmed, event.at))
            case asked, do:
                return Stay(Promising(asked, asked.deadline), do)

    def _thank(self, scene: Scene, state: Promising, at: datetime, *first: Command) -> Stay:
        playback = next_playback(scene, state.asked.playback)
        said = Play(playback, ("prompt:callback-kept",), scene.language)
        return Stay(Promising(replace(state.asked, playback=playback), at + LONGEST_PROMPT, kept=True), (*first, said))

    def _gone(self, scene: Scene, state: Promising, event: HungUp) -> Stay:
        """Who hangs up half-way wants to be called back all the same, if there is a number."""
        if state.kept:
            return Stay(state)
        if event.taken or state.asked.number is None:
            return Stay(state, (Note("abandoned", {"queue": ""}),))
        return Stay(state, self._keep(scene, state.asked.number, False, event.at))

    def _keep(self, scene: Scene, number: Private[str], confirmed: bool, at: datetime) -> tuple[Command, ...]:
        rules = scene.book.queues[self.queue]
        since = datetime.fromisoformat(scene.memory.get(SINCE, at.isoformat()))
        asks = stages(scene.language, self.needs, self.relax, rules.same_language)
        priority = max(self.priority, int(scene.memory.get(PRIORITY, 0)))
        join = JoinQueue(self.queue, since, priority, stages=asks, callback=True)
        how = (join, self.hours, self.tries, self.again, scene.memory.get(REASON, ""))
        keep = KeepCallback(scene.run, number, scene.language, scene.entry, *how)
        note = Note("callback", {"queue": self.queue, "callback": scene.run, "confirmed": confirmed})
        return keep, note, *another(scene, number)
