"""A call that is not made: the same core and the same queues as a real one, and a simulated world outside."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from clinicpbx.core import commands as do
from clinicpbx.core import events as ev
from clinicpbx.core.acd.floor import Floor
from clinicpbx.core.acd.results import Result, ToCall
from clinicpbx.core.callflow.machine import CallMachine
from clinicpbx.core.rulebook import Rulebook
from clinicpbx.errors import ClinicPBXError
from clinicpbx.private import Private
from clinicpbx.rules.scenario_document import HANG_UP, SILENCE

PROMPT = timedelta(seconds=3)  # how long a simulated prompt lasts
RINGS = timedelta(seconds=4)
UNHEARD = timedelta(seconds=20)
MOST_EVENTS = 500
CALL = "simulated"
ASKS = frozenset({"menu", "language", "collect_digits"})
ALL_OFFERED = "ring"  # the extension of cpbx-offer that rings several phones


@dataclass(frozen=True, slots=True)
class Outside:
    """What the simulated caller and clinic do.

    *keys*: one at each question, in order; `silence` lets the question pass, `hang up` ends the call. *agents*: those
    who are logged in; None: all. *busy*: they are all on the phone. *answers*: whoever is rung picks up. *says*: how
    long the caller speaks into a mailbox. *language*: "" is the line's. *override*: switched on.
    """

    caller: str = field(default="", repr=False)
    keys: tuple[str, ...] = ()
    agents: frozenset[str] | None = None
    busy: bool = False
    answers: bool = True
    says: timedelta = timedelta(seconds=10)
    language: str = ""
    override: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """A note of the core, or `unasked`: a question for which *keys* had nothing; *step* is where the call was."""

    at: datetime
    step: str
    kind: str
    detail: dict[str, Any]


def simulate(book: Rulebook, dialled: str, at: datetime, outside: Outside) -> list[Moment]:
    """Everything that comes of a call to *dialled* at *at*. Errors: ClinicPBXError where no flow answers it."""
    flow = book.entries.get(dialled)
    if flow is None:
        known = ", ".join(sorted(book.entries))
        raise ClinicPBXError(f"no flow answers {dialled}", do=f"These are answered: {known}")
    caller = Private(outside.caller) if outside.caller else None
    arrived = ev.CallArrived(
        at=at,
        flow=flow,
        entry=dialled,
        version=book.version,
        caller=caller,
        language=outside.language,
        switched_on=(outside.override,) if outside.override else (),
    )
    return list(_Simulation(book, CallMachine(arrived, CALL, book), outside, at).moments())


class _Simulation:
    def __init__(self, book: Rulebook, machine: CallMachine, outside: Outside, at: datetime) -> None:
        self.book, self.machine, self.outside, self.at = book, machine, outside, at
        self.keys = list(outside.keys)
        self.step = book.flows[machine.flow].start  # the last one that was noted
        self.rings: tuple[str, ...] = ()
        self.told_silence = False  # the silence that comes now is one of the keys
        self.floor = Floor(book, at)
        logged_in = book.agents.keys() if outside.agents is None else outside.agents
        for agent in sorted(logged_in):
            self.floor.take_desk(agent, book.agents[agent].usual, at)
        desks = (agent.usual for agent in book.agents.values())
        self.floor.snapshot({phone: (True, int(outside.busy)) for phone in (*book.phones, *desks)}, at)

    def moments(self) -> Iterator[Moment]:
        commands = self.machine.begin()
        for _ in range(MOST_EVENTS):
            yield from self._noted(commands)
            if self.machine.over:
                return
            event = self._next(commands)
            if isinstance(event, ev.DeadlineReached) and self.machine.kind in ASKS and not self.told_silence:
                yield Moment(self.at, self.machine.at_step, "unasked", {})
            self.told_silence = False
            self.at = event.at
            if isinstance(event, ev.OfferMade):
                self.rings = event.phones
            commands = self.machine.handle(event)
            if isinstance(event, ev.DialAnswered):
                yield from self._noted(commands)
                commands = self.machine.handle(ev.HungUp(at=self.at + timedelta(minutes=2), cause=16))

    def _noted(self, commands: Sequence[do.Command]) -> Iterator[Moment]:
        for command in commands:
            if isinstance(command, do.Note):
                detail = dict(command.detail)
                if command.kind == "step":
                    self.step = str(detail["name"])
                yield Moment(self.at, self.step, command.kind, detail)

    def _next(self, commands: Sequence[do.Command]) -> ev.Event:
        """What happens next outside, given what the call just asked for."""
        at, asks = self.at, self.machine.kind not in ("play", "voicemail", "enqueue")
        if self.keys and self.keys[0] == HANG_UP and (asks or self.machine.kind in ("voicemail", "enqueue")):
            return ev.HungUp(at=at + timedelta(seconds=1), cause=16)
        for command in commands:
            match command:
                case do.QueueCommand() if (told := self._told(self.floor.perform(CALL, command, at))) is not None:
                    return told
                case do.Continue(extension=extension):
                    return self._dialled(extension)
                case do.Record(recording=recording):
                    says = self.outside.says
                    return ev.RecordingFinished(at=at + says, recording=recording, duration=says)
                case do.Play(playback=playback):
                    if asks and self.keys and self.keys[0] != SILENCE:
                        return ev.DtmfReceived(at=at + timedelta(seconds=1), digit=self.keys.pop(0))
                    return ev.PlaybackFinished(at=at + PROMPT, playback=playback)
        if asks and self.keys:
            key = self.keys.pop(0)
            self.told_silence = key == SILENCE
            if not self.told_silence:
                return ev.DtmfReceived(at=at + timedelta(seconds=1), digit=key)
        return ev.DeadlineReached(at=self.machine.deadline or at)

    def _told(self, results: Sequence[Result]) -> ev.Event | None:
        return next((result.event for result in results if isinstance(result, ToCall) and result.call == CALL), None)

    def _dialled(self, extension: str) -> ev.Event:
        if self.outside.answers:
            return ev.DialAnswered(at=self.at + RINGS, phone=self.rings[0] if extension == ALL_OFFERED else extension)
        return ev.DialEnded(at=self.at + UNHEARD, status="NOANSWER")
