"""Runs one CallMachine: journals what it hears, asks for what it wants, keeps its one timer."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Protocol

import structlog

from clinicpbx.core.callflow.machine import FALLBACK, CallMachine
from clinicpbx.core.commands import (
    ChannelCommand,
    Command,
    Continue,
    DropMessage,
    JoinQueue,
    KeepMessage,
    LeaveQueue,
    Note,
    Record,
    ReturnOffer,
    TakeOffer,
)
from clinicpbx.core.events import (
    Adopted,
    CallArrived,
    CommandRefused,
    Consulted,
    DeadlineReached,
    DialAnswered,
    DialEnded,
    Event,
    HungUp,
    OfferMade,
    RecordingFinished,
)

log = structlog.get_logger(__name__)

SHORTEST_WAIT = 0.02  # seconds; a deadline that is past already must not make a busy loop
Clock = Callable[[], datetime]


class Journalling(Protocol):
    def opened(self, call: str, version: str, at: datetime) -> None: ...
    def closed(self, call: str) -> None: ...
    def append(self, call: str, seq: int, event: Event) -> None: ...
    def fact(self, call: str, at: datetime, kind: str, detail: Mapping[str, object]) -> None: ...


class Asking(Protocol):
    def ask(self, call: str, command: Command, at: datetime) -> None: ...
    def touch(self) -> None: ...


class CallRuntime:
    """From CallArrived until the machine is over, or a bug ends it. Every event is handled where it is delivered:
    handling has no effects, since commands wait for the end of the turn."""

    def __init__(
        self,
        machine: CallMachine,
        arrived: CallArrived,
        journal: Journalling,
        turn: Asking,
        clock: Clock,
        on_over: Callable[["CallRuntime", str], None],
    ) -> None:
        self.machine, self.arrived = machine, arrived
        self._journal, self._turn, self._clock, self._on_over = journal, turn, clock, on_over
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._armed: datetime | None = None
        self._seq = 0
        self.over = False
        self.away = False  # we sent the channel to the dialplan
        self.joined: JoinQueue | None = None  # the queue it waits in or is offered by
        self.place: JoinQueue | None = None  # the last that it had in a queue
        self.entered = self.answered = arrived.at  # that queue, and by the agent
        self.offered: tuple[str, ...] = ()
        self.taken: TakeOffer | None = None  # the agent it talks to
        self.patient = ""  # the channel of who was called back, and has accepted it
        self.lost: JoinQueue | None = None  # the place in a queue that the caller had when hanging up
        self.rang: tuple[str, ...] = ()  # the phones that rang then
        self.recording: tuple[Record, datetime] | None = None  # that has not ended yet, and since when

    @property
    def call(self) -> str:
        return self.machine.call

    @property
    def consulted(self) -> Consulted | None:
        """What a queue is told of this call by the agent who talks with its caller, or who has called the patient back;
        None where they do not talk."""
        place = self.arrived.consults
        if self.arrived.callback and place is not None:
            return place if self.patient and self.away else None
        if self.taken is None or self.place is None:
            return None
        return Consulted(self.call, self.place.since, self.place.priority, self.machine.reason)

    def begin(self) -> None:
        """Journal the arrival and take the flow's first steps."""
        self._journal.opened(self.call, self.machine.version, self.arrived.at)
        self._journal.append(self.call, self._seq, self.arrived)
        self._run(self.machine.begin, self.arrived.at)

    def rebuild(self, events: Iterable[Event]) -> None:
        """Replay what came after the arrival; nothing is asked for again. Raises what the machine raises."""
        self._follow(self.machine.begin(), self.arrived.at)
        for event in events:
            self._seq += 1
            self._heard(event)
            self._follow(self.machine.handle(event), event.at)

    def deliver(self, event: Event) -> None:
        """Hand *event* to the machine; nothing happens once the call is over."""
        if self.over:
            return
        self._seq += 1
        self._journal.append(self.call, self._seq, event)
        self._heard(event)
        self._run(lambda: self.machine.handle(event), event.at)

    def broke(self, bug: Exception) -> None:
        """The barrier: this call goes to the dialplan's fallback, where the caller reaches a person; others go on."""
        if self.over:
            return
        log.error("a bug; the call goes to the fallback", call=self.call, step=self.machine.at_step, **where(bug))
        at = self._clock()
        self._turn.ask(self.call, Continue(FALLBACK, self.arrived.entry), at)
        self._journal.fact(self.call, at, "ended", {"outcome": "failed"})
        self._close("failed")

    def resume(self) -> None:
        """Set the timer of a rebuilt call."""
        self._arm()

    def _run(self, step: Callable[[], list[Command]], at: datetime) -> None:
        try:
            commands = step()
        except Exception as bug:
            self.broke(bug)
            return
        self._follow(commands, at)
        for command in commands:
            if isinstance(command, Note):
                self._journal.fact(self.call, at, command.kind, command.detail)
            else:
                self._turn.ask(self.call, command, at)
        self._turn.touch()
        if self.machine.over:
            self._close(self.machine.outcome)
        else:
            self._arm()

    def _heard(self, event: Event) -> None:
        match event:
            case DialEnded() | Adopted() | CommandRefused(command=Continue.__name__):
                self.away = False
            case RecordingFinished(recording=name) if self.recording and name == self.recording[0].recording:
                self.recording = None
            case OfferMade(phones=phones):
                self.offered = phones
            case DialAnswered(phone="", channel=channel) if self.arrived.callback:
                self.patient = channel
            case HungUp(taken=False):
                self.lost, self.rang = self.joined, self.offered

    def _follow(self, commands: Iterable[Command], at: datetime) -> None:
        for command in commands:
            match command:
                case JoinQueue():
                    if self.joined is None or self.joined.queue != command.queue:
                        self.entered = at
                    self.joined, self.offered, self.taken = command, (), None
                    self.place = command
                case ReturnOffer():
                    self.offered = ()
                case LeaveQueue():
                    self.joined, self.offered = None, ()
                case TakeOffer():
                    self.joined, self.offered, self.taken, self.answered = None, (), command, at
                case Record():
                    self.recording = command, at
                case KeepMessage() | DropMessage():
                    self.recording = None
            if isinstance(command, ChannelCommand):
                self.away = isinstance(command, Continue)

    def _arm(self) -> None:
        deadline = self.machine.deadline
        if deadline == self._armed and self._timer is not None:
            return
        self._disarm()
        if deadline is not None:
            wait = max(SHORTEST_WAIT, (deadline - self._clock()).total_seconds())
            self._timer, self._armed = self._loop.call_later(wait, self._due, deadline), deadline

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._armed = None

    def _due(self, deadline: datetime) -> None:
        self._timer = self._armed = None
        self.deliver(DeadlineReached(at=max(deadline, self._clock())))

    def _close(self, outcome: str) -> None:
        self.over = True
        self._disarm()
        self._journal.closed(self.call)
        self._turn.touch()
        self._on_over(self, outcome)


def where(bug: BaseException) -> dict[str, str]:
    """The type of *bug* and the line it came from; never its message, which may quote what a caller keyed."""
    trace, place = bug.__traceback__, ""
    while trace is not None:
        code = trace.tb_frame.f_code
        place, trace = f"{code.co_filename.rpartition('clinicpbx/')[2]}:{trace.tb_lineno} {code.co_name}", trace.tb_next
    return {"kind": type(bug).__name__, "line": place}
