"""Runs the floor: queues and agents meet time, phones and calls here.

The composer makes one, on the event loop's thread, and calls it from there only; nothing here awaits.

    runtime = QueueRuntime(Floor(book, clock(), states_kept), clock, deliver, store, resync, meter, queue_log)

`deliver(call, event)` takes OfferMade, PlaceTold and AgentChanged to a call; it may call the runtime again: what
follows is delivered after what came before. `resync()` is called, at most once an input, when an answer is overdue:
answer by `snapshot` of all phones, and `call_gone` for each of `calls()` that does not exist any more.

At start, in this order: `restore` each call of the journal that is in a queue (`restore_talk` if it talks),
`snapshot`, and only then events (Adopted among them) for calls. Before the first snapshot every phone is out of reach:
no offers, no staff. Phones are extensions; `channels` is the number of live channels.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

import structlog

from clinicpbx.core.acd.board import agent_rows, caller_rows, queue_rows
from clinicpbx.core.acd.callbacks import Callback
from clinicpbx.core.acd.floor import Floor
from clinicpbx.core.acd.modes import Mode, QueueMode
from clinicpbx.core.acd.results import AgentStateChanged, CallDisposed, Result, ResyncAsked, ToCall, WrappedUp
from clinicpbx.core.commands import AgentCommand, JoinQueue, QueueCommand, TakeOffer
from clinicpbx.core.events import Event, OfferMade, Seat
from clinicpbx.core.rulebook import Rulebook
from clinicpbx.daemon.queue_log import BY_COMMAND, BY_NOBODY, BY_RULES, QueueLogger
from clinicpbx.daemon.queue_meter import QueueMeter
from clinicpbx.errors import ClinicPBXError

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
Deliver = Callable[[str, Event], None]
AgentAction = Callable[[str, datetime], list[Result]]


class AgentStore(Protocol):
    """Remembers logins, pauses and queues' modes across restarts, and what came of calls."""

    def keep(self, state: AgentStateChanged) -> None: ...
    def keep_mode(self, mode: QueueMode) -> None: ...
    def fact(self, call: str, at: datetime, kind: str, detail: Mapping[str, object]) -> None: ...


class QueueRuntime:
    """Runs one Floor: what calls and phones do goes in, offers and places go out to calls, its one timer is kept."""

    def __init__(
        self,
        floor: Floor,
        clock: Clock,
        deliver: Deliver,
        store: AgentStore,
        resync: Callable[[], None],
        meter: QueueMeter,
        queue_log: QueueLogger,
    ) -> None:
        self._floor = floor
        self._clock = clock
        self._deliver = deliver
        self._store = store
        self._resync = resync
        self._meter = meter
        self._log = queue_log
        self._results: deque[Result] = deque()
        self._delivering = False
        self._timer: asyncio.TimerHandle | None = None
        self._wake: datetime | None = None

    def perform(self, call: str, command: QueueCommand, at: datetime) -> None:
        self._meter.asked(self._floor, call, command, at)
        self._log.asked(call, command, at)
        by = call if isinstance(command, AgentCommand) else BY_NOBODY
        self._follow(self._floor.perform(call, command, at), by)

    def call_gone(self, call: str, at: datetime) -> None:
        """The caller's channel does not exist any more. For every call, whether or not it was in a queue."""
        self._meter.gone(self._floor, call)
        self._log.gone(call, at)
        self._follow(self._floor.call_gone(call, at))

    def hung_up(self, channel: str, at: datetime) -> None:
        """The party at *channel* hung up: of a talk, the first to do so ended it."""
        self._log.hung_up(channel, at)

    def calls(self) -> list[str]:
        """The calls that are in a queue."""
        return list(self._floor.callers)

    def talking(self, extension: str) -> str:
        """The call that the agent at that phone talks with; "" where there is none."""
        return self._floor.talking(extension)

    def seats(self, *phones: str) -> tuple[Seat, ...]:
        """Who works at these phones now, as far as somebody does."""
        found = ((phone, self._floor.agent_at(phone)) for phone in dict.fromkeys(phones))
        return tuple(Seat(phone, agent) for phone, agent in found if agent)

    def restore(self, call: str, join: JoinQueue, phones: tuple[str, ...] = ()) -> None:
        """Put a call of the journal back in its place: waiting, or offered to *phones*."""
        self._floor.restore(call, join, self._clock(), phones)
        self._meter.restored()
        self._log.restored(call, join)

    def restore_talk(self, call: str, taken: TakeOffer, entered: datetime, since: datetime) -> None:
        """A call of the journal is with its agent again, *since*; it *entered* the queue before."""
        self._log.talking(call, taken, entered, since)
        self.perform(call, taken, since)

    def phone_channels(self, extension: str, channels: int, at: datetime) -> None:
        self._follow(self._floor.phone_channels(extension, channels, at))

    def phone_reachable(self, extension: str, reachable: bool, at: datetime) -> None:
        self._follow(self._floor.phone_reachable(extension, reachable, at))

    def snapshot(self, phones: Mapping[str, tuple[bool, int]], at: datetime) -> None:
        """Every phone: whether Asterisk can reach it, and its live channels. One that is not named is out of reach."""
        self._follow(self._floor.snapshot(phones, at))

    def rules(self, book: Rulebook) -> None:
        """New rules, for the next decision. KeyError names an unknown queue strategy; nothing changed then."""
        self._follow(self._floor.rules(book, self._clock()))
        self._log.agents(BY_RULES)

    def log_in(self, agent: str, phone: str = "") -> None:
        """At *phone*, or where the agent is or belongs. ClinicPBXError for an agent whom the rules do not name, as of
        the three below, and for one who cannot sit there."""
        known = self._floor.agents.get(agent)
        if known is not None and not (phone or known.phone.extension):
            raise ClinicPBXError(f"{agent} has no phone now", do="Name one by --phone")
        self._act(agent, lambda name, at: self._sit(name, phone, at) if phone else self._floor.log_in(name, at))

    def _sit(self, name: str, phone: str, at: datetime) -> list[Result]:
        word, results = self._floor.take_desk(name, phone, at)
        if word == "taken":
            there = self._floor.agent_at(phone)
            raise ClinicPBXError(f"{there} is logged in at {phone}", do=f"clinicpbx agent logout {there}")
        if word == "engaged":
            busy = self._floor.agents[name].phone.extension
            raise ClinicPBXError(f"{name} has a call at {busy}", do="Wait for its end")
        return results

    def log_out(self, agent: str) -> None:
        self._act(agent, self._floor.log_out)

    def pause(self, agent: str, reason: str = "") -> None:
        self._act(agent, lambda name, at: self._floor.pause(name, at, reason))

    def unpause(self, agent: str) -> None:
        self._act(agent, self._floor.unpause)

    def look(self, callbacks: Iterable[Callback]) -> None:
        """Log out who is not there any more; measure, and see whether the queues keep their rules."""
        at = self._clock()
        changes = self._floor.log_out_absent(at)
        for change in changes:
            if isinstance(change, AgentStateChanged):
                log.info("an agent was logged out", agent=change.name, why=change.why)
                self._store.fact(f"agent {change.name}", at, "logged_out", {"why": change.why})
        self._follow(changes)
        self._meter.look(self._floor, callbacks, at)
        self._log.look(at)

    def join_queue(self, agent: str, queue: str, penalty: int = 0) -> None:
        """ClinicPBXError where there is no such agent, or no such queue."""
        self._need(queue)
        self._act(agent, lambda name, at: self._floor.join_queue(name, queue, penalty, at))

    def leave_queue(self, agent: str, queue: str) -> None:
        self._need(queue)
        self._act(agent, lambda name, at: self._floor.leave_queue(name, queue, at))

    def decide(self, queue: str, mode: Mode, until: datetime | None, who: str) -> None:
        """ClinicPBXError where there is no such queue, or the end is past; only an open one has none."""
        self._need(queue)
        at = self._clock()
        if (until is None) != (mode is Mode.OPEN) or (until is not None and until <= at):
            raise ClinicPBXError(f"a queue that is {mode.value} needs an end later than now", do="Name one by --until")
        self._follow(self._floor.decide(QueueMode(queue, mode, at, until, who), at))

    def callers(self, queue: str) -> list[dict[str, Any]]:
        """Who waits in *queue* or is offered, in their order; ClinicPBXError where there is none."""
        self._need(queue)
        return caller_rows(self._floor, queue, self._clock())

    def _need(self, queue: str) -> None:
        if queue not in self._floor.queues:
            raise ClinicPBXError(f"no queue {queue!r}", do="See `clinicpbx queue list`")

    def status(self) -> dict[str, list[dict[str, Any]]]:
        """`queues`, `agents` and `callers`: the rows of core/acd/board.py, ready for JSON."""
        at = self._clock()
        waiting = [row for name in sorted(self._floor.queues) for row in caller_rows(self._floor, name, at)]
        return {"queues": queue_rows(self._floor, at), "agents": agent_rows(self._floor), "callers": waiting}

    def phone_of(self, agent: str) -> str:
        """The phone where *agent* is; "" where they are at none."""
        return self._floor.agents[agent].phone.extension if agent in self._floor.agents else ""

    def close(self) -> None:
        """No timer of ours runs any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _act(self, agent: str, action: AgentAction) -> None:
        if agent not in self._floor.agents:
            raise ClinicPBXError(f"no agent {agent!r}", do="See `clinicpbx agent list`")
        self._follow(action(agent, self._clock()), BY_COMMAND)

    def _follow(self, results: list[Result], by: str = BY_NOBODY) -> None:
        """Carry results out, first come, first served, and set the timer. *by*: who changed agents."""
        if any(isinstance(result, AgentStateChanged) for result in results):
            self._log.agents(by)
        for result in results:
            if isinstance(result, ToCall) and isinstance(result.event, OfferMade):
                self._meter.offered(self._floor, result.call, result.event.phones, result.event.at)
        self._results.extend(results)
        if self._delivering:
            return
        self._delivering = True
        try:
            while self._results:
                self._carry_out(self._results.popleft())
        finally:
            self._delivering = False
            self._set_timer()

    def _carry_out(self, result: Result) -> None:
        match result:
            case ToCall(call=call, event=event):
                self._deliver(call, event)
            case AgentStateChanged():
                self._store.keep(result)
            case QueueMode():
                self._store.keep_mode(result)
            case CallDisposed(call=call, agent=agent, disposition=disposition, at=at):
                self._store.fact(call, at, "disposition", {"agent": agent, "disposition": disposition})
            case WrappedUp(call=call, at=at):
                length = round((at - result.since).total_seconds() * 1000)
                told = {"agent": result.agent, "phone": result.phone, "queue": result.queue, "ms": max(length, 0)}
                self._store.fact(call, at, "wrapped_up", told)
            case ResyncAsked():
                self._resync()

    def _set_timer(self) -> None:
        """One timer; it is set anew only for an earlier deadline, since waking up too early costs nothing."""
        deadline = self._floor.deadline
        if deadline is None or (self._wake is not None and self._wake <= deadline):
            return
        if self._timer is not None:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        wait = max((deadline - self._clock()).total_seconds(), 0.0)
        self._wake = deadline
        self._timer = loop.call_at(loop.time() + wait, self._woken)

    def _woken(self) -> None:
        self._timer = self._wake = None
        self._follow(self._floor.deadline_reached(self._clock()))
