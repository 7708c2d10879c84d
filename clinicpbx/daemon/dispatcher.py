"""Who gets what: events to calls, endpoints' news to the queues, commands to Asterisk, queues and mailboxes."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any, Protocol

import structlog

from clinicpbx.adapters.ari.client import Answer
from clinicpbx.adapters.ari.decode import (
    AgentAnswered,
    EndpointNews,
    Entered,
    ForCall,
    Left,
    News,
    PersonAnswered,
    Replaced,
    Strayed,
    decode,
)
from clinicpbx.adapters.ari.encode import encode, encode_alert
from clinicpbx.adapters.metrics import Metrics
from clinicpbx.core.callflow.machine import FALLBACK, CallMachine
from clinicpbx.core.callflow.rehearsal import machine_of
from clinicpbx.core.commands import (
    Alert,
    CallbackCommand,
    ChannelCommand,
    Command,
    Continue,
    Hangup,
    JoinQueue,
    MailboxCommand,
    QueueCommand,
    Record,
    RingAgent,
)
from clinicpbx.core.events import (
    NOTHING_EARLIER,
    CallArrived,
    CommandRefused,
    DialEnded,
    Earlier,
    Event,
    HungUp,
    RecordingFinished,
    Refusal,
)
from clinicpbx.core.oncall.commands import CheckPin, EndPageCall, PageCommand, RingPerson
from clinicpbx.core.rulebook import Rulebook
from clinicpbx.daemon.call_runtime import CallRuntime, where
from clinicpbx.daemon.callback_runtime import CallbackRuntime
from clinicpbx.daemon.callers import Callers
from clinicpbx.daemon.journal import Journal, OpenCall
from clinicpbx.daemon.page_runtime import PageRuntime
from clinicpbx.daemon.turn import Turn
from clinicpbx.paths import Instance

log = structlog.get_logger(__name__)

TAKEN_AFTER = 1.0  # seconds from StasisEnd until its channel, if alive, counts as taken from us
BYTES_A_SECOND = 8000  # of ulaw
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
    def call_gone(self, call: str, at: datetime) -> None: ...


class Recordings(Protocol):
    def begin(self, call: str, caller: Any, language: str, command: Record, at: datetime) -> None: ...
    def ended(self, recording: str) -> None: ...


class Mailboxes(Protocol):
    @property
    def recordings(self) -> Recordings: ...
    def perform(self, call: str, command: MailboxCommand, at: datetime) -> None: ...
    def call_gone(self, call: str) -> None: ...


class Requesting(Protocol):
    def __call__(
        self, method: str, uri: str, query: Mapping[str, str] | None = None, body: object = None
    ) -> "asyncio.Future[Answer]": ...


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
        self.pages: PageRuntime
        self.turn = Turn(journal, self._bug)
        self.turn.perform = self.perform
        self._instance, self._rules, self._journal, self._metrics = instance, rules, journal, metrics
        self._clock, self._request, self._on_replaced = clock, request, on_replaced
        self._loop = asyncio.get_running_loop()
        self.callers = Callers(journal.digest, journal.keep_caller, journal.callers(clock()))
        self.switched_on: Callable[[datetime], tuple[str, ...]] = lambda at: ()
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
                self.deliver(call, self._measured(ended))
            case AgentAnswered(attempt=attempt):
                self._rung_answered(attempt, self.callbacks.answered(attempt, at), at)
            case PersonAnswered(attempt=attempt):
                self.person_answered(attempt, at)
            case ForCall(call=call, event=HungUp(cause=cause)) if call not in self.calls:
                self.callers.gone(call)
                self.callbacks.channel_gone(call, cause, at)
                self.pages.channel_gone(call, cause, at)
            case ForCall(call=call, event=DialEnded()) if call not in self.calls:
                self.rescue(call)
            case ForCall(call=call, event=event):
                self.deliver(call, event)
                if isinstance(event, HungUp):
                    self.callers.gone(call)
            case EndpointNews():
                self._phone(news, at)
            case Left(call=call):
                self._left(call)
            case Strayed(call=call):
                self.rescue(call)
            case Replaced():
                self._on_replaced()

    def _phone(self, news: EndpointNews, at: datetime) -> None:
        if (extension := news.phone) is not None:
            self.queues.phone_reachable(extension, news.reachable, at)
            self.queues.phone_channels(extension, news.channels, at)

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
                self._ask_asterisk(call, command, at)
            case Alert():
                self._alert(command)
            case RingAgent():
                self.callbacks.ring(command)
            case CallbackCommand():
                self.callbacks.perform(command, at)
            case RingPerson():
                self.pages.ring(command)
            case CheckPin():
                self.pages.check_pin(call, command, at)
            case PageCommand():
                self.pages.perform(command, call, at)
            case JoinQueue(callback=False) if call not in self.calls:
                return  # over since it asked: nobody would take it out of the line
            case QueueCommand():
                self.queues.perform(call, command, at)
            case MailboxCommand():
                self.mailboxes.perform(call, command, at)

    def _ask_asterisk(self, call: str, command: ChannelCommand, at: datetime) -> None:
        request = encode(call, command, self._instance.prompts)
        answer = self._request(request.method, request.uri, request.query, request.body)
        answer.add_done_callback(partial(self._answered, call, command))
        if isinstance(command, Record) and (runtime := self.calls.get(call)) is not None:
            self.seal(runtime)

    def _alert(self, command: Alert) -> None:
        request = encode_alert(command)
        answer = self._request(request.method, request.uri, request.query, request.body)
        answer.add_done_callback(partial(self._alerted, command.phone))

    def _alerted(self, phone: str, answer: "asyncio.Future[Answer]") -> None:
        if not answer.result().ok:
            self._metrics.refusals.labels(Alert.__name__, "unreachable").inc()
            log.warning("a phone could not be told of an alert", phone=phone, status=answer.result().status)

    def seal(self, runtime: CallRuntime) -> None:
        """Seal what Asterisk records of this call, if it does: at its beginning, and again after a restart."""
        if runtime.recording is not None:
            caller, language = runtime.arrived.caller, runtime.machine.language
            self.mailboxes.recordings.begin(runtime.call, caller, language, *runtime.recording)

    def _answered(self, call: str, command: Command, answer: "asyncio.Future[Answer]") -> None:
        why = answer.result().refusal
        if why is None:
            return
        name = type(command).__name__
        self._metrics.refusals.labels(name, why.value).inc()
        if why is Refusal.UNREACHABLE:
            log.warning("a command had no effect", call=call, command=name, status=answer.result().status)
        self.deliver(call, CommandRefused(at=self._clock(), command=name, target=command.target, why=why))

    def _entered(self, news: Entered, at: datetime) -> None:
        if news.call in self.calls:  # the same channel comes in anew, sent by a transfer
            self.deliver(news.call, HungUp(at=at, cause=0))
        book = self._rules.current()
        arrived = CallArrived(
            at=at,
            flow=news.flow,
            entry=news.entry,
            version=book.version,
            caller=news.caller,
            language=news.language,
            switched_on=self.switched_on(at),
            argument=news.argument,
            earlier=self._earlier(news, at),
            test=news.test,
            covers=self.pages.standing(),
        )
        if news.flow not in book.flows:
            log.error("the dialplan names a flow that the rules do not have", call=news.call, flow=news.flow)
            self._metrics.refusals.labels("enter", "no_flow").inc()
            self.turn.ask(news.call, Continue(FALLBACK, news.entry), at)
            return
        if not news.test:
            self._metrics.calls.labels(news.flow).inc()
        self._open(machine_of(arrived, news.call, book), arrived).begin()

    def _earlier(self, news: Entered, at: datetime) -> Earlier:
        """What is known of who calls from outside; a call that is sent on inside is the same call still."""
        known = NOTHING_EARLIER
        if news.entry.startswith("+"):  # a DID is written in E.164
            known = self.callbacks.calls(news.caller, at, self.callers.arrived(news.caller, at))
        return replace(known, queues=self.callers.queues(news.call))

    def person_answered(self, attempt: str, at: datetime) -> None:
        """Somebody who was paged is on the line."""
        if attempt not in self.calls:
            self._rung_answered(attempt, self.pages.answered(attempt, at), at)

    def _rung_answered(self, attempt: str, arrived: CallArrived | None, at: datetime) -> None:
        """Whom we rang, to call a patient back or for a page, is on the line; None: they must not be asked any more."""
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

    def _measured(self, ended: RecordingFinished) -> RecordingFinished:
        """A failed recording names no duration: what is in the file counts."""
        if ended.duration:
            return ended
        return replace(ended, duration=self.recorded_seconds(ended.recording))

    def recorded_seconds(self, recording: str) -> timedelta:
        """How much of *recording* is in the tmpfs."""
        try:
            size = (self._instance.recordings / f"{recording}.ulaw").stat().st_size
        except OSError:
            return timedelta(0)
        return timedelta(seconds=size / BYTES_A_SECOND)

    def _over(self, runtime: CallRuntime, outcome: str) -> None:
        if self.calls.get(runtime.call) is runtime:
            self._drop(runtime.call)
        self._metrics.ended.labels(outcome or "failed").inc()
        if outcome == "failed":
            self._metrics.barrier.inc()
        at = self._clock()
        agent = None
        if runtime.taken is not None:
            agent = self._rules.current().agent_at(runtime.taken.phone)
            self.callers.taken(runtime.call, runtime.taken.queue)
        if runtime.arrived.paged is not None:
            self.turn.ask(runtime.call, EndPageCall(runtime.call), at)
        elif not runtime.arrived.callback:
            self.callers.ended(runtime.arrived.caller, at, agent.name if agent else "", runtime.lost)
            self.callbacks.over(runtime.arrived.caller, at, talked=runtime.taken is not None)
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
