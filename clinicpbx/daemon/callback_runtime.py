"""Runs the call-backs: what they ask goes to the queues, to agents' phones and to the journal; one timer."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Protocol

import structlog

from clinicpbx.adapters.ari.client import Answer
from clinicpbx.adapters.ari.encode import encode_ring
from clinicpbx.core.acd.callbacks import Action, Ask, Callback, Callbacks, Keep, State
from clinicpbx.core.commands import CallbackCommand, Command, EndAttempt, KeepCallback, PatientCalled, RingAgent
from clinicpbx.core.events import CallArrived, Consulted, Earlier, Event, OfferMade, PlaceTold
from clinicpbx.core.rulebook import Rulebook
from clinicpbx.errors import ClinicPBXError
from clinicpbx.private import Private
from clinicpbx.rules.flows import RING_BACK

log = structlog.get_logger(__name__)

CAUSES = {17: "BUSY", 21: "BUSY", 19: "NOANSWER", 18: "NOANSWER", 16: "NOANSWER", 26: "NOANSWER", 0: "NOANSWER"}
"""Q.850 causes by which a phone that we rang ended, as Dial's status; any other is that it cannot be reached."""


class Store(Protocol):
    """Remembers call-backs across restarts, and tells the record what came of them."""

    def keep_callback(self, callback: Callback) -> None: ...
    def fact(self, call: str, at: datetime, kind: str, detail: Mapping[str, object]) -> None: ...


class CallbackRuntime:
    """Runs one Callbacks. *ask* has a command done once the journal is written, *request* goes to Asterisk."""

    def __init__(
        self,
        book: Rulebook,
        store: Store,
        ask: Callable[[str, Command, datetime], None],
        request: Callable[..., "asyncio.Future[Answer]"],
        clock: Callable[[], datetime],
    ) -> None:
        self._all = Callbacks(book)
        self._store, self._ask, self._request, self._clock = store, ask, request, clock
        self._timer: asyncio.TimerHandle | None = None

    def restore(self, kept: Iterable[Callback], live: Mapping[str, Private[str] | None]) -> None:
        """Once, at start, before the queues are told of phones. *live*: the calls of the journal and their callers."""
        self._do(self._all.restore(kept, live, self._clock()), self._clock())

    def rules(self, book: Rulebook) -> None:
        self._all.book = book

    def perform(self, command: CallbackCommand, at: datetime) -> None:
        match command:
            case KeepCallback():
                self._do(self._all.keep(command, at), at)
            case EndAttempt():
                self._do(self._all.ended(command, at), at)
            case PatientCalled(number=number, reached=True):
                self._do(self._all.talked(number, at, "reached"), at)
            case PatientCalled(number=number):
                self._do(self._all.called(number, at), at)

    def hear(self, callback: str, event: Event) -> None:
        """What the queues say to a call-back; nothing where there is none of that name."""
        match event:
            case OfferMade(phones=phones, at=at):
                self._do(self._all.offered(callback, phones[0], at), at)
            case PlaceTold(staffed=False, at=at):
                self._do(self._all.gone(callback, at), at)

    def channel_gone(self, attempt: str, cause: int, at: datetime) -> None:
        """A channel that is no call is gone: perhaps a phone that did not answer."""
        self._do(self._all.not_taken(attempt, CAUSES.get(cause, "CHANUNAVAIL"), at), at)

    def answered(self, attempt: str, at: datetime) -> CallArrived | None:
        """The agent answered: how the call that rings the patient begins; None where it must not."""
        live, actions = self._all.taken(attempt, at)
        self._do(actions, at)
        if live is None:
            return None
        wish = live.wish
        return CallArrived(
            at=at,
            flow=RING_BACK,
            entry=live.phone,
            version=self._all.book.version,
            caller=wish.number,
            language=wish.language,
            callback=live.id,
            consults=Consulted(attempt, wish.join.since, wish.join.priority, wish.reason),
        )

    def calls(self, number: Private[str] | None, at: datetime, earlier: Earlier) -> Earlier:
        """Who calls from *number* is not called back meanwhile, and has the place of the call-back."""
        if number is None or not self._all.known:
            return earlier
        place, actions = self._all.calls(number, at)
        self._do(actions, at)
        return replace(earlier, queue=place.queue, lost=place.since, ended=at) if place is not None else earlier

    def over(self, number: Private[str] | None, at: datetime, *, talked: bool) -> None:
        """The call from *number* is over; whoever talked with somebody is not called back."""
        if number is not None and self._all.known:
            self._do(self._all.talked(number, at) if talked else self._all.hung_up(number, at), at)

    def settled(self, calls: Collection[str], outcome: str) -> None:
        """The inbox says of *calls* what came of their request."""
        at = self._clock()
        self._do(self._all.settled(calls, outcome, at), at)

    def close(self, callback: str, outcome: str) -> None:
        """ClinicPBXError where no such call-back is open, or it is being tried."""
        at = self._clock()
        try:
            self._do(self._all.close(callback, outcome, at), at)
        except KeyError:
            raise ClinicPBXError(f"no open call-back {callback!r}", do="See `clinicpbx callback list`") from None

    def rows(self) -> list[dict[str, Any]]:
        """One row a call-back that is open, oldest first; of the number the last two digits."""
        found = sorted(self._all.known.values(), key=lambda each: each.wish.join.since)
        return [_row(each) for each in found]

    def number(self, callback: str) -> str:
        """Whom it is to call; ClinicPBXError where there is none."""
        each = self._all.known.get(callback)
        if each is None:
            raise ClinicPBXError(f"no open call-back {callback!r}", do="See `clinicpbx callback list`")
        return each.wish.number.value

    def all(self) -> list[Callback]:
        """Every call-back that is open."""
        return list(self._all.known.values())

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _do(self, actions: Iterable[Action], at: datetime) -> None:
        actions = list(actions)
        for action in actions:
            match action:
                case Ask(callback=callback, command=command):
                    self._ask(callback, command, at)
                case Keep(callback=kept):
                    self._store.keep_callback(kept)
                    if kept.state in (State.UNREACHED, State.DONE):
                        told = {"callback": kept.id, "outcome": kept.outcome, "state": kept.state.value}
                        self._store.fact(kept.call, at, "callback_ended", {**told, "tried": kept.tried})
                    if kept.state is State.UNREACHED:
                        self._store.fact(kept.call, at, "notify", {"kind": "callback_unreached", "about": kept.id})
        if actions:
            self._set_timer()

    def ring(self, ring: RingAgent) -> None:
        """Ring the agent; one who cannot be rung has not taken it."""
        request = encode_ring(ring)
        answer = self._request(request.method, request.uri, request.query, request.body)
        answer.add_done_callback(partial(self._rung, ring))

    def _rung(self, ring: RingAgent, answer: "asyncio.Future[Answer]") -> None:
        if not answer.result().ok:
            log.warning("an agent could not be rung", phone=ring.phone, status=answer.result().status)
            at = self._clock()
            self._do(self._all.not_taken(ring.attempt, "CHANUNAVAIL", at), at)

    def _set_timer(self) -> None:
        self.stop()
        if (deadline := self._all.deadline) is not None:
            wait = max((deadline - self._clock()).total_seconds(), 0.02)
            self._timer = asyncio.get_running_loop().call_later(wait, self._due)

    def _due(self) -> None:
        at = self._clock()
        self._do(self._all.due(at), at)


def _row(each: Callback) -> dict[str, Any]:
    digits = "".join(filter(str.isdigit, each.wish.number.value))
    return {
        "callback": each.id,
        "queue": each.queue,
        "state": each.state.value,
        "when": each.when.isoformat(),
        "asked": each.wish.join.since.isoformat(),
        "language": each.wish.language,
        "number": f"…{digits[-2:]}",
        "tried": each.tried,
        "phone": each.phone if each.state in (State.OFFERED, State.LIVE) else "",
        "outcome": each.outcome,
    }
