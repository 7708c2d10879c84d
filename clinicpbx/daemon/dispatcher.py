"""Who gets what: events to calls, endpoints' news to the queues, commands to Asterisk, queues and mailboxes."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Protocol

import structlog

from clinicpbx.adapters.ari.client import Answer
from clinicpbx.adapters.ari.decode import (
    AgentAnswered,
    DeskAnswered,
    EndpointNews,
    Entered,
    ForCall,
    HangupAsked,
    HoldChanged,
    Left,
    News,
    PersonAnswered,
    Replaced,
    Strayed,
    TookPlace,
    decode,
)
from clinicpbx.adapters.metrics import Metrics
from clinicpbx.core.callflow.machine import FALLBACK, CallMachine
from clinicpbx.core.callflow.rehearsal import machine_of
from clinicpbx.core.commands import (
    Alert,
    CallbackCommand,
    ChannelCommand,
    CheckAgentPin,
    Command,
    Continue,
    Hangup,
    JoinQueue,
    MailboxCommand,
    QueueCommand,
    Record,
    RingAgent,
    TakeOffer,
)
from clinicpbx.core.events import (
    CallArrived,
    DialAnswered,
    DialEnded,
    Event,
    HungUp,
    RecordingFinished,
    Seat,
)
from clinicpbx.core.oncall.commands import CheckPin, EndPageCall, PageCommand, RingPerson
from clinicpbx.core.rulebook import Rulebook
from clinicpbx.daemon.agent_pins import AgentPins
from clinicpbx.daemon.arrivals import Arrivals
from clinicpbx.daemon.call_runtime import CallRuntime, where
from clinicpbx.daemon.callback_runtime import CallbackRuntime
from clinicpbx.daemon.callers import Callers
from clinicpbx.daemon.consultations import Consultations
from clinicpbx.daemon.item_calls import ItemCalls
from clinicpbx.daemon.journal import Journal, OpenCall
from clinicpbx.daemon.orders import Orders, Requesting
from clinicpbx.daemon.page_runtime import PageRuntime
from clinicpbx.daemon.recorded_length import measured, recorded_length
from clinicpbx.daemon.turn import Turn
from clinicpbx.paths import Instance
from clinicpbx.private import Private

log = structlog.get_logger(__name__)

TAKEN_AFTER = 1.0  # seconds from StasisEnd until its channel, if alive, counts as taken from us
RESCUE = "cpbx-rescue"


class Rules(Protocol):
    def current(self) -> Rulebook: ...
    def version(self, version: str) -> Rulebook | None: ...


class Queues(Protocol):
    def perform(self, call: str, command: QueueCommand, at: datetime) -> None: ...
    def phone_channels(self, extension: str, channels: int, at: datetime) -> None: ...
    def phone_reachable(self, extension: str, reachable: bool, at: datetime) -> None: ...
    def snapshot(self, phones: Mapping[str, tuple[bool, int]], at: datetime) -> None: ...
    def restore(self, call: str, join: JoinQueue, phones: tuple[str, ...] = ()) -> None: ...
    def restore_talk(self, call: str, taken: TakeOffer, entered: datetime, since: datetime) -> None: ...
    def call_gone(self, call: str, at: datetime) -> None: ...
    def talking(self, extension: str) -> str: ...
    def seats(self, *phones: str) -> tuple[Seat, ...]: ...
    def hung_up(self, channel: str, at: datetime) -> None: ...


class Recordings(Protocol):
    def begin(self, call: str, caller: Any, language: str, command: Record, at: datetime) -> None: ...
    def ended(self, recording: str) -> None: ...


class Mailboxes(Protocol):
    @property
    def recordings(self) -> Recordings: ...
    def perform(self, call: str, command: MailboxCommand, at: datetime) -> None: ...
    def call_gone(self, call: str) -> None: ...


class Dispatcher:
    """Holds the calls in progress. Nothing in here waits."""

    def __init__(
        self,
        instance: Instance,
        rules: Rules,
        journal: Journal,
        metrics: Metrics,
        clock: Callable[[], datetime],
        request: Requesting,
        on_replaced: Callable[[], None],
    ) -> None:
        self.calls: dict[str, CallRuntime] = {}
        self.queues: Queues
        self.mailboxes: Mailboxes
        self.callbacks: CallbackRuntime
        self.items: ItemCalls
        self.pages: PageRuntime
        self.turn = Turn(journal, self._bug)
        self.turn.perform = self.perform
        self._instance, self._rules, self._journal, self._metrics = instance, rules, journal, metrics
        self._clock, self._request, self._on_replaced = clock, request, on_replaced
        self._orders = Orders(instance.prompts, request, metrics, lambda call, why: self.deliver(call, why), clock)
        self._loop = asyncio.get_running_loop()
        self.callers = Callers(journal.digest, journal.keep_caller, journal.callers(clock()))
        self.switched_on: Callable[[datetime], tuple[str, ...]] = lambda at: ()
        self._consultations = Consultations(self.calls)
        self._arrivals = Arrivals(self, self._consultations)
        self._pins = AgentPins(instance, self.deliver, clock)
        self._heard = cache(metrics.events.labels)

    def hear(self, messages: Iterable[Mapping[str, Any]]) -> None:
        """What came together is one turn."""
        for message in messages:
            self.take(message)
        self.turn.finish()

    def take(self, message: Mapping[str, Any]) -> None:
        """One event of ARI. A message that breaks us is logged and passed over."""
        self._heard(message["type"]).inc()
        try:
            news = decode(message, self._clock())
            if news is not None:
                self._route(news)
        except Exception as bug:
            log.error("an event could not be taken", type=message["type"], **where(bug))

    def _route(self, news: News) -> None:
        at = self._clock()
        match news:
            case Entered():
                self._entered(news, at)
            case ForCall(call=call, event=RecordingFinished() as ended):
                self.mailboxes.recordings.ended(ended.recording)
                self.deliver(call, measured(self._instance, ended))
            case AgentAnswered(attempt=attempt):
                self.rung_answered(attempt, self.callbacks.answered(attempt, at), at)
            case DeskAnswered(attempt=attempt, phone=phone):
                self.items.picked_up(attempt, phone)
            case PersonAnswered(attempt=attempt):
                self.person_answered(attempt, at)
            case ForCall(call=call, event=HungUp(cause=cause)) if call not in self.calls:
                self.callers.gone(call)
                self.callbacks.channel_gone(call, cause, at)
                self.pages.channel_gone(call, cause, at)
                self.items.gone(call)
                self._consultations.over(call)
            case ForCall(call=call, event=DialEnded()) if own := self._consultations.asked(call):
                caller = self.calls[call].arrived.caller if call in self.calls else None
                self._took_place(call, own, caller, "", at)  # while a phone rang
            case ForCall(call=call, event=DialEnded()) if call not in self.calls:
                self.rescue(call)
            case ForCall(call, DialAnswered(phone=phone)) if queue := self._consultations.rung(call, phone):
                self._put_through(call, queue, phone, at)
            case ForCall(call=call, event=event):
                self.deliver(call, event)
                if isinstance(event, HungUp):
                    self.callers.gone(call)
            case EndpointNews():
                self._phone(news, at)
            case TookPlace(call=call, of=of) if of in self.calls:
                self._took_place(call, self.calls[of].arrived, news.caller, news.language, at)
            case HangupAsked(channel=channel):
                self.queues.hung_up(channel, at)
            case HoldChanged(channel=channel, held=held):  # of no call that we know: the rows of Asterisk tell which
                self._journal.fact(channel, at, "held" if held else "unheld", {})
            case Left(call=call):
                self._left(call)
            case TookPlace(call=call) | Strayed(call=call):
                self.rescue(call)
            case Replaced():
                self._on_replaced()

    def _phone(self, news: EndpointNews, at: datetime) -> None:
        if (extension := news.phone) is not None:
            self.queues.phone_reachable(extension, news.reachable, at)
            self.queues.phone_channels(extension, news.channels, at)

    def phone_of(self, call: str) -> str:
        """The phone that dialled *call*, or the number that a caller dialled; "" where it is over."""
        return known.arrived.entry if (known := self.calls.get(call)) is not None else ""

    def deliver(self, call: str, event: Event) -> None:
        """Hand *event* to *call*, if it is still ours."""
        if (runtime := self.calls.get(call)) is not None:
            runtime.deliver(event)
        else:
            self.callbacks.hear(call, event)

    def perform(self, call: str, command: Command, at: datetime) -> None:
        """Make *command* happen; what comes of it is delivered as an event."""
        match command:
            case ChannelCommand():
                self._orders.give(call, command)
                if isinstance(command, Record) and (runtime := self.calls.get(call)) is not None:
                    self.seal(runtime)
            case Alert():
                self._orders.alert(command)
            case RingAgent():
                self.callbacks.ring(command)
            case CallbackCommand():
                self.callbacks.perform(command, at)
            case RingPerson():
                self.pages.ring(command)
            case CheckAgentPin():
                self._pins.check(call, command)
            case CheckPin():
                self.pages.check_pin(call, command)
            case PageCommand():
                self.pages.perform(command, call, at)
            case JoinQueue(callback=False) if call not in self.calls:
                return  # over since it asked: nobody would take it out of the line
            case QueueCommand():
                self.queues.perform(call, command, at)
            case MailboxCommand():
                self.mailboxes.perform(call, command, at)

    def seal(self, runtime: CallRuntime) -> None:
        """Seal what Asterisk records of this call, if it does: at its beginning, and again after a restart."""
        if runtime.recording is not None:
            caller, language = runtime.arrived.caller, runtime.machine.language
            self.mailboxes.recordings.begin(runtime.call, caller, language, *runtime.recording)

    def _entered(self, news: Entered, at: datetime) -> None:
        self._anew(news.call, at)
        book = self._rules.current()
        arrived, about = self._arrivals.entered(news, at, book)
        own = self._begin(news.call, arrived, book)
        if about is not None and own is not None:
            self._consultations.begun(own)
            asked = {"call": news.call, "entry": news.entry, "phone": news.phone}
            self._journal.fact(about.call, at, "consulted", asked)

    def _took_place(
        self, call: str, own: CallArrived, caller: Private[str] | None, language: str, at: datetime
    ) -> None:
        """An agent has transferred *call* to where the agent's own call was, which nobody took yet: it enters there."""
        self._anew(call, at)
        book, (caller, language) = self._rules.current(), self._consultations.speaks(call, caller, language)
        self._begin(call, self._arrivals.in_place(call, own, caller, language, at, book.version), book)

    def _anew(self, call: str, at: datetime) -> None:
        """The same channel comes in again, sent by a transfer: what it was in is over."""
        if call in self.calls:
            self.deliver(call, HungUp(at=at, cause=0))

    def _begin(self, call: str, arrived: CallArrived, book: Rulebook) -> CallRuntime | None:
        if arrived.flow not in book.flows:
            log.error("the dialplan names a flow that the rules do not have", call=call, flow=arrived.flow)
            self._metrics.refusals.labels("enter", "no_flow").inc()
            self.turn.ask(call, Continue(FALLBACK, arrived.entry), arrived.at)
            return None
        if not arrived.test:
            self._metrics.calls.labels(arrived.flow).inc()
        runtime = self._open(machine_of(arrived, call, book), arrived)
        runtime.begin()
        return runtime

    def _put_through(self, call: str, queue: str, phone: str, at: datetime) -> None:
        """An agent has transferred *call* to the *phone* that rang for the agent's own in *queue*; it has answered."""
        self.turn.ask(call, TakeOffer(queue, phone), at)
        about = self._consultations.made(call)
        self._journal.fact(about, at, "queued", {"queue": queue})
        self._journal.fact(about, at, "answered", {"queue": queue, "agent": phone})

    def person_answered(self, attempt: str, at: datetime) -> None:
        """Somebody who was paged is on the line."""
        if attempt not in self.calls:
            self.rung_answered(attempt, self.pages.answered(attempt, at), at)

    def rung_answered(self, attempt: str, arrived: CallArrived | None, at: datetime) -> None:
        """Whom we rang, to call a patient or for a page, is on the line; None: they must not be asked any more."""
        if arrived is None:
            self.turn.ask(attempt, Hangup(), at)
        else:
            self._open(CallMachine(arrived, attempt, self._rules.current()), arrived).begin()

    def _open(self, machine: CallMachine, arrived: CallArrived) -> CallRuntime:
        runtime = CallRuntime(machine, arrived, self._journal, self.turn, self._clock, self._over)
        self.calls[machine.call] = runtime
        self._metrics.open_calls.set(len(self.calls))
        return runtime

    def rebuild(self, kept: OpenCall) -> CallRuntime | None:
        """A call of the journal, as it was; None where its events or its rules are gone, or break the machine."""
        book = self._rules.version(kept.version)
        if book is None or not kept.events or not isinstance(arrived := kept.events[0], CallArrived):
            return None
        try:
            runtime = self._open(machine_of(arrived, kept.call, book), arrived)
            runtime.rebuild(kept.events[1:])
        except Exception as bug:
            log.error("a call could not be rebuilt", call=kept.call, **where(bug))
            self._drop(kept.call)
            return None
        if runtime.machine.over:
            self._drop(kept.call)
            return None
        self._consultations.begun(runtime)
        return runtime

    def rescue(self, channel: str) -> "asyncio.Future[Answer]":
        """A channel in Stasis that belongs to no call: the dialplan's rescue context knows its entry."""
        log.warning("a channel without a call goes to the rescue context", call=channel)
        self._metrics.adopted.labels("rescued").inc()
        return self._request("POST", f"channels/{channel}/continue", None, {"context": RESCUE, "extension": "s"})

    def _left(self, call: str) -> None:
        runtime = self.calls.get(call)
        if runtime is not None and not runtime.away:
            self._loop.call_later(TAKEN_AFTER, self._taken, runtime)

    def _taken(self, runtime: CallRuntime) -> None:
        """It left Stasis, not by us and not by hanging up: somebody took it. It is no longer ours to move."""
        if self.calls.get(runtime.call) is runtime and not runtime.away:
            log.warning("a call was taken out of Stasis", call=runtime.call)
            runtime.deliver(HungUp(at=self._clock(), cause=0, taken=True))

    def recorded_length(self, recording: str) -> timedelta:
        return recorded_length(self._instance, recording)

    def number(self, call: str) -> str:
        """The number of that call's caller, "" where it is not known."""
        caller = self.calls[call].arrived.caller if call in self.calls else None
        return caller.value if caller is not None else ""

    def _over(self, runtime: CallRuntime, outcome: str) -> None:
        if self.calls.get(runtime.call) is runtime:
            self._drop(runtime.call)
        self._metrics.ended.labels(outcome or "failed").inc()
        if outcome == "failed":
            self._metrics.barrier.inc()
        at = self._clock()
        agent = ""
        if runtime.taken is not None:
            agent = runtime.taken.agent
            self.callers.taken(self._consultations.patients(runtime.call), runtime.taken.queue)
        if runtime.arrived.paged is not None:
            self.turn.ask(runtime.call, EndPageCall(runtime.call), at)
        elif not runtime.arrived.callback:
            self.callers.ended(runtime.arrived.caller, at, agent, runtime.lost)
            self.callbacks.over(runtime.arrived.caller, at, talked=runtime.taken is not None)
        self._consultations.over(runtime.call)
        self.turn.settle(runtime.call)
        self.queues.call_gone(runtime.call, at)
        self.mailboxes.call_gone(runtime.call)

    def _drop(self, call: str) -> None:
        self.calls.pop(call, None)
        self._metrics.open_calls.set(len(self.calls))

    def _bug(self, call: str, bug: Exception) -> None:
        if (runtime := self.calls.get(call)) is not None:
            runtime.broke(bug)
        else:
            log.error("a bug after the end of a call", call=call, **where(bug))
