"""One call walking one flow: event in, commands out. Total: no event raises."""

from dataclasses import replace
from datetime import datetime

from clinicpbx.core.callflow.flow import Node
from clinicpbx.core.callflow.step import STEPS, Leave, Result, Scene, State, Stay
from clinicpbx.core.callflow.steps.triage import RED_FLAG
from clinicpbx.core.commands import ChannelCommand, Command, Continue, Hangup, Note, StopPlayback, StopRecording
from clinicpbx.core.events import CallArrived, CommandRefused, Event, HungUp, Refusal
from clinicpbx.core.oncall.commands import HANDOVER, KeepPage
from clinicpbx.core.oncall.commands import RED_FLAG as FLAGGED
from clinicpbx.core.overrides import overriding
from clinicpbx.core.rulebook import Rulebook

MOST_STEPS_AT_ONCE = 32  # a circle of steps that never wait is the clinic's mistake; its caller still reaches a person
FALLBACK = "cpbx-fallback"
OVERRIDE = "override"  # the step that says an override's prompt

_FIRM = {
    "answered": "answered",
    "message": "voicemail",
    "callback": "callback",
}  # note -> outcome of the call, whatever follows
_ASKED = ("queued", "dialled", "abandoned")  # the caller wants a person, and has none yet


class CallMachine:
    """A call from its arrival to the end of its caller's channel, under the rules it began with."""

    def __init__(self, arrived: CallArrived, call: str, book: Rulebook) -> None:
        self.call = call
        override = overriding(book.overrides.values(), arrived.entry, arrived.at, arrived.switched_on)
        self.flow = override.flow if override and override.flow else arrived.flow
        self.over = False
        self.at_step = ""
        self.outcome = ""
        self._arrived = arrived
        flow = book.flows[self.flow]
        self._nodes, self._start = flow.nodes, flow.start
        if override and override.say:
            said = Node("play", STEPS["play"](prompt=override.say), {"done": flow.start}, flow.nodes[flow.start].where)
            self._nodes, self._start = {**flow.nodes, OVERRIDE: said}, OVERRIDE
        language = arrived.language if arrived.language in book.languages else book.language_of(arrived.entry)
        self._scene = Scene(call, "", arrived.entry, arrived.caller, language, {}, book, override)
        self._scene = replace(self._scene, earlier=arrived.earlier, callback=arrived.callback)
        self._scene = replace(self._scene, argument=arrived.argument, consults=arrived.consults)
        self._scene = replace(self._scene, paged=arrived.paged, covers=arrived.covers, seats=arrived.seats)
        self._state: State | None = None
        self._visits = 0
        self._paged = False
        self._chose = False  # by a key, what is played now

    @property
    def version(self) -> str:
        return self._scene.book.version

    @property
    def book(self) -> Rulebook:
        return self._scene.book

    @property
    def kind(self) -> str:
        """The kind of the step the call is in."""
        return self._nodes[self.at_step].kind

    @property
    def reason(self) -> str:
        """The prompt that says why the caller waits, where the call is in a step that has one."""
        return str(getattr(self._nodes[self.at_step].step, "reason", ""))

    @property
    def _asked_about(self) -> str:
        """The other call that this one is about, if it is about one."""
        consults = self._arrived.consults
        return consults.call if consults is not None and consults.call != self.call else ""

    @property
    def _origin(self) -> str:
        """The call in which this one was asked for: what promised or paged is named after a visit to a step of it."""
        paged = self._arrived.paged
        asked = self._arrived.callback or (paged.page if paged is not None and paged.kind != HANDOVER else "")
        return asked.rpartition(".")[0]

    @property
    def language(self) -> str:
        return self._scene.language

    @property
    def deadline(self) -> datetime | None:
        """When the call must be woken; None only once it is over."""
        return None if self.over or self._state is None else self._state.deadline

    def begin(self) -> list[Command]:
        """The commands of the flow's first steps."""
        arrived, book = self._arrived, self._scene.book
        facts = {"entry": arrived.entry, "flow": self.flow, "version": book.version, "language": self.language}
        facts["site"] = book.site_of(arrived.entry)
        if origin := self._origin:
            facts["origin"] = origin
        held = self._scene.override
        under = [Note("override", {"name": held.name, "title": held.title})] if held else []
        about = [Note("consults", {"call": other})] if (other := self._asked_about) else []
        start, entered = self._enter(self._start, arrived.at)
        return [Note("arrived", facts), *under, *about, *start, *self._follow(entered, arrived.at)]

    def handle(self, event: Event) -> list[Command]:
        """The commands that *event* leads to; none once the call is over."""
        if self.over or self._state is None:
            return []
        if _channel_is_gone(event):
            event = HungUp(at=event.at, cause=0)
        result = self._nodes[self.at_step].step.handle(self._scene, self._state, event)
        if isinstance(event, HungUp):
            self._watch(result.do)
            left = [command for command in result.do if not isinstance(command, ChannelCommand)]
            if event.taken and self.outcome not in _FIRM.values():
                self.outcome = "taken"  # what became of it, the dialplan's rows tell
            return [*left, *self._end("abandoned", event.at, lost=not event.taken)]
        return self._follow(result, event.at)

    def _follow(self, result: Result, at: datetime) -> list[Command]:
        """Walk on from *result* until a step waits or the call is over."""
        commands: list[Command] = []
        for _ in range(MOST_STEPS_AT_ONCE):
            commands += result.do
            self._watch(result.do)
            if isinstance(result, Stay):
                self._state = result.state
                return commands
            commands.append(self._left(result))
            target = self._nodes[self.at_step].next.get(result.outcome)
            if target is None:
                hangup = () if any(isinstance(command, Hangup) for command in result.do) else (Hangup(),)
                return [*commands, *hangup, *self._end("informed", at)]
            noted, result = self._enter(target, at)
            commands += noted
        return [*commands, Continue(FALLBACK, self._arrived.entry), *self._end("failed", at, lost=False)]

    def _enter(self, name: str, at: datetime) -> tuple[list[Command], Result]:
        self._visits += 1
        self.at_step = name
        self._scene = replace(self._scene, run=f"{self.call}.{self._visits}")
        node = self._nodes[name]
        return [Note("step", {"name": name, "kind": node.kind})], node.step.enter(self._scene, at)

    def _left(self, leave: Leave) -> Note:
        if leave.remember:
            memory = {**self._scene.memory, **leave.remember}
            self._scene = replace(self._scene, memory=memory, language=memory.get("language", self.language))
        return Note("left", {"name": self.at_step, "outcome": leave.outcome, "why": leave.why})

    def _watch(self, commands: tuple[Command, ...]) -> None:
        """Keep `outcome` what the call would end with now, but for a caller who neither asked nor got anything."""
        self._paged = self._paged or any(isinstance(command, KeepPage) for command in commands)
        for note in commands:
            if not isinstance(note, Note) or self.outcome in _FIRM.values():
                continue
            if note.kind in _FIRM:
                self.outcome = _FIRM[note.kind]
            elif note.kind in _ASKED:
                self.outcome, self._chose = "abandoned", False
            elif note.kind == "menu":
                self._chose = True
            elif note.kind == "heard" and self._chose:
                self.outcome = "informed"

    def _end(self, otherwise: str, at: datetime, *, lost: bool = True) -> list[Command]:
        """The call is over; *lost*: for its caller, too."""
        self.over = True
        self._state = None
        flag = [self._red_flag(at)] if lost and self._flagged else []
        internal = not self._arrived.entry.startswith("+")  # a DID is written in E.164
        self.outcome = "internal" if internal else self.outcome or otherwise
        return [*flag, Note("ended", {"outcome": self.outcome})]

    @property
    def _flagged(self) -> bool:
        """An emergency by the clinic's protocol, whose caller has talked with nobody, and nobody on call knows of."""
        return RED_FLAG in self._scene.memory and self.outcome != _FIRM["answered"] and not self._paged

    def _red_flag(self, at: datetime) -> KeepPage:
        scene = self._scene
        return KeepPage(
            page=f"{scene.run}-red",
            kind=FLAGGED,
            rota=scene.memory[RED_FLAG],
            since=at,
            number=scene.caller,
            language=scene.language,
            entry=scene.entry,
        )


def _channel_is_gone(event: Event) -> bool:
    """A 404 says that the channel is gone, unless it was about a playback or a recording."""
    return (
        isinstance(event, CommandRefused)
        and event.why is Refusal.GONE
        and event.command not in (StopPlayback.__name__, StopRecording.__name__)
    )
