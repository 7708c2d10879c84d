"""After every connect: compare what we know with what Asterisk says is alive, and adopt, one call at a time."""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import structlog

from clinicpbx.adapters.ari.client import Answer, Link
from clinicpbx.adapters.ari.decode import EndpointNews, endpoint_news, phone_dialled, phone_of
from clinicpbx.adapters.metrics import Metrics
from clinicpbx.core.commands import TakeOffer
from clinicpbx.core.events import Adopted, DialAnswered, HungUp, RecordingFinished
from clinicpbx.daemon.call_runtime import CallRuntime, Clock
from clinicpbx.daemon.dispatcher import Dispatcher
from clinicpbx.daemon.journal import Journal

log = structlog.get_logger(__name__)

APP = "clinicpbx"


class LookRefused(Exception):
    """Asterisk did not answer the questions; the link is dropped and everything begins anew."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is alive. *partners*: the peer of a bridged channel. *entered*: calls whose arrival is yet to be taken."""

    channels: Mapping[str, Mapping[str, Any]]
    partners: Mapping[str, str]
    phones: tuple[EndpointNews, ...]
    entered: frozenset[str] = field(default_factory=frozenset)

    def in_stasis(self, channel: str) -> bool:
        plan = self.channels[channel].get("dialplan") or {}
        return plan.get("app_name") == "Stasis" and str(plan.get("app_data", "")).split(",")[0] == APP

    def talks_to(self, channel: str) -> str:
        """The phone (or dialled target) that *channel* is bridged with; empty if with nobody."""
        peer = self.channels.get(self.partners.get(channel, ""))
        return phone_dialled(self.channels[channel], peer["name"]) if peer else ""

    def strays(self, known: Mapping[str, object]) -> list[str]:
        """Channels in our Stasis that no call claims and that are not on their way in."""
        return [
            name
            for name in self.channels
            if name not in known and name not in self.entered and self.in_stasis(name) and name not in self.partners
        ]


async def look(link: Link) -> Snapshot:
    """Ask Asterisk what is alive. What changes after the answers is in the link's buffer. Raises LookRefused."""
    asked = [link.request("GET", what) for what in ("channels", "bridges", "endpoints/PJSIP")]
    channels, bridges, endpoints = [_body(await answer) for answer in asked]
    partners: dict[str, str] = {}
    for bridge in bridges:
        if len(pair := bridge["channels"]) == 2:
            partners |= {pair[0]: pair[1], pair[1]: pair[0]}
    coming = (event for event in link.waiting() if event["type"] == "StasisStart")
    return Snapshot(
        {channel["id"]: channel for channel in channels},
        partners,
        tuple(endpoint_news(endpoint) for endpoint in endpoints),
        frozenset(event["channel"]["id"] for event in coming),
    )


def _body(answer: Answer) -> Any:
    if not answer.ok:
        raise LookRefused(str(answer.status))
    return answer.body()


def rebuild(dispatcher: Dispatcher, journal: Journal) -> None:
    """Once, at start: the journal's open calls, as they were, their places in the queues and their recordings."""
    for kept in journal.open_calls():
        runtime = dispatcher.rebuild(kept)
        if runtime is None:
            journal.closed(kept.call)
            continue
        dispatcher.seal(runtime)
        if runtime.joined is not None:
            dispatcher.queues.restore(runtime.call, runtime.joined, runtime.offered)
        elif runtime.taken is not None:
            dispatcher.queues.restore_talk(runtime.call, runtime.taken, runtime.entered, runtime.answered)
    live = {name: runtime.arrived.caller for name, runtime in dispatcher.calls.items()}
    dispatcher.callbacks.restore(journal.callbacks(), live)
    dispatcher.pages.restore(journal.pages(), live)
    journal.commit()


async def reconcile(link: Link, dispatcher: Dispatcher, metrics: Metrics, clock: Clock) -> Snapshot:
    """Serial, since Asterisk has crashed on parallel clean-ups. Talking calls are not touched."""
    seen = await look(link)
    dispatcher.pages.seen(seen.channels)
    for runtime in list(dispatcher.calls.values()):
        if runtime.call not in seen.channels:
            _count(metrics, "gone")
            runtime.deliver(HungUp(at=clock(), cause=0))
        elif runtime.call not in seen.entered and not seen.in_stasis(runtime.call):
            _elsewhere(runtime, seen, metrics, clock)
    show_phones(dispatcher, seen.phones, clock)
    for runtime in [call for call in dispatcher.calls.values() if call.call in seen.channels]:
        if runtime.call not in seen.entered and seen.in_stasis(runtime.call):
            await _adopt(link, runtime, dispatcher, metrics, clock)
            await asyncio.sleep(0)
    for stray in seen.strays(dispatcher.calls):
        if dispatcher.pages.awaits(stray):
            dispatcher.person_answered(stray, clock())
        elif dispatcher.items.awaits(stray):
            dispatcher.items.picked_up(stray, phone_of(seen.channels[stray]["name"]))
        else:
            await dispatcher.rescue(stray)
    return seen


async def look_again(link: Link, dispatcher: Dispatcher, queued: Iterable[str], clock: Clock) -> None:
    """An answer about a phone is overdue: the whole truth about phones, and about the *queued* calls."""
    with suppress(LookRefused):
        seen = await look(link)
        show_phones(dispatcher, seen.phones, clock)
        for call in queued:
            if call not in seen.channels and call not in seen.entered:
                dispatcher.queues.call_gone(call, clock())


def show_phones(dispatcher: Dispatcher, phones: tuple[EndpointNews, ...], clock: Clock) -> None:
    """Tell the queues the whole truth about all phones."""
    known = {news.phone: (news.reachable, news.channels) for news in phones if news.phone is not None}
    dispatcher.queues.snapshot(known, clock())


def _elsewhere(runtime: CallRuntime, seen: Snapshot, metrics: Metrics, clock: Clock) -> None:
    """Alive, but in the dialplan: sent there by us, or taken from us while we were gone."""
    if not runtime.away:
        _count(metrics, "taken")
        runtime.deliver(HungUp(at=clock(), cause=0, taken=True))
    elif phone := seen.talks_to(runtime.call):
        _count(metrics, "talking")
        if not isinstance(runtime.taken, TakeOffer):
            runtime.deliver(DialAnswered(at=clock(), phone=phone, channel=seen.partners[runtime.call]))
        runtime.resume()
    else:
        _count(metrics, "ringing")
        runtime.resume()


async def _adopt(link: Link, runtime: CallRuntime, dispatcher: Dispatcher, metrics: Metrics, clock: Clock) -> None:
    _count(metrics, "adopted")
    recording = runtime.recording[0].recording if runtime.recording else ""
    if recording and (await link.request("GET", f"recordings/live/{recording}")).status == 404:
        length = dispatcher.recorded_length(recording)
        dispatcher.mailboxes.recordings.ended(recording)
        runtime.deliver(RecordingFinished(at=clock(), recording=recording, duration=length))
    runtime.deliver(Adopted(at=clock()))
    runtime.resume()


def _count(metrics: Metrics, how: str) -> None:
    metrics.adopted.labels(how).inc()
