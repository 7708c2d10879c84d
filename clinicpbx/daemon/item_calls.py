"""Calls patients of the inbox from a phone: it is rung, and when it is picked up the patient is."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from clinicpbx.adapters.ari.client import Answer
from clinicpbx.adapters.ari.encode import encode_desk
from clinicpbx.core.events import CallArrived
from clinicpbx.core.inbox.attempt import NOT_RUNG, item_of
from clinicpbx.daemon.call_runtime import where
from clinicpbx.daemon.inbox_desk import InboxDesk
from clinicpbx.errors import ClinicPBXError, NotReachable
from clinicpbx.paths import Instance
from clinicpbx.rules.flows import CALL_ITEM
from clinicpbx.settings import Settings

if TYPE_CHECKING:
    from clinicpbx.daemon.app import Daemon

log = structlog.get_logger(__name__)

RING = timedelta(seconds=30)


class ItemCalls:
    """The number is read when the phone is picked up, and kept nowhere before: whoever picks up after a restart of the
    daemon calls the patient all the same, and whoever picks up after the item was closed does not."""

    def __init__(self, daemon: "Daemon", instance: Instance, settings: Settings) -> None:
        self._daemon = daemon
        self.desk = InboxDesk(instance, settings, daemon.rulebooks.current, daemon.clock)
        self.desk.taken = self.taken
        self._ringing: dict[str, datetime] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}  # whom to call, by the attempt

    def ring(self, wish: Mapping[str, Any]) -> dict[str, str]:
        """Rings `phone`, else that of `agent`, for the attempt `attempt` at `item`; without one it only says which.

        Errors: ClinicPBXError where there is no such phone, or the item is being called; NotReachable.
        """
        item, attempt, at = int(wish["item"]), str(wish.get("attempt", "")), self._daemon.clock()
        if attempt and item_of(attempt) != item:
            raise ClinicPBXError(f"no attempt at item {item}", do=f"Use `clinicpbx inbox call {item}`")
        try:
            phone = self._to_ring(wish, item, at)
        except ClinicPBXError:
            if attempt:  # it is on the item already
                self._not_rung(attempt, at)
            raise
        if attempt:
            self._ringing[attempt] = at
            self._daemon.journal.fact(attempt, at, "item", {"item": item, "attempt": attempt})
            request = encode_desk(attempt, phone, RING.seconds)
            answer = self._daemon.request(request.method, request.uri, request.query, request.body)
            answer.add_done_callback(partial(self._rung, attempt))
        return {"phone": phone}

    def _to_ring(self, wish: Mapping[str, Any], item: int, at: datetime) -> str:
        if any(item_of(one) == item for one in self._under_way(at)):
            raise ClinicPBXError(f"item {item} is being called already", do="Wait until that call is over")
        if not self._daemon.connected:
            raise NotReachable("Asterisk cannot be asked to ring a phone now", do="See `clinicpbx status`")
        return self._phone(wish)

    def taken(self, calls: Collection[str], who: str, outcome: str) -> None:
        """The requests of *calls* are *who*'s by the inbox: nobody on call is rung for them any more. With an *outcome*
        they are done, and nobody is called back for them either."""
        self._daemon.pages.taken(calls, who, outcome)
        if outcome:
            self._daemon.callbacks.settled(calls, outcome)

    def awaits(self, channel: str) -> bool:
        """Whether *channel* is a phone that was rung for an item."""
        return item_of(channel) > 0

    def picked_up(self, attempt: str, phone: str) -> None:
        """The *phone* that was rung is on the line; the inbox is asked whom to call."""
        self._ringing.pop(attempt, None)
        if attempt not in self._daemon.dispatcher.calls and attempt not in self._asking:
            task = self._asking[attempt] = asyncio.get_running_loop().create_task(self._call(attempt, phone))
            task.add_done_callback(partial(self._done, attempt))

    def gone(self, channel: str) -> None:
        """That channel does not ring any more, and nobody is to be called from it."""
        self._ringing.pop(channel, None)
        if (asking := self._asking.get(channel)) is not None:
            asking.cancel()

    async def _call(self, attempt: str, phone: str) -> None:
        told, book = await self.desk.whom(attempt), self._daemon.rulebooks.current()
        arrived = CallArrived(
            at=self._daemon.clock(),
            flow=CALL_ITEM,
            entry=phone,
            version=book.version,
            caller=told.number,
            callback=attempt,
            argument="" if told.number is not None else "away" if told.answer == "away" else "refused",
        )
        self._daemon.dispatcher.rung_answered(attempt, arrived, arrived.at)

    def _rung(self, attempt: str, answer: "asyncio.Future[Answer]") -> None:
        if not answer.result().ok:
            log.warning("a phone could not be rung for an item", item=item_of(attempt), status=answer.result().status)
            self.gone(attempt)
            self._not_rung(attempt, self._daemon.clock())

    def _not_rung(self, attempt: str, at: datetime) -> None:
        """For the record of the attempt, which tells the item."""
        result = {"item": item_of(attempt), "attempt": attempt, "result": NOT_RUNG}
        self._daemon.journal.fact(attempt, at, "item", result)
        self._daemon.journal.fact(attempt, at, "ended", {"outcome": "internal"})

    def _under_way(self, at: datetime) -> list[str]:
        rings = (attempt for attempt, since in self._ringing.items() if at - since < 2 * RING)
        return [*rings, *self._asking, *self._daemon.dispatcher.calls]

    def _phone(self, wish: Mapping[str, Any]) -> str:
        phone, agent = str(wish.get("phone") or ""), str(wish.get("agent") or "")
        if not phone:
            phone = self._daemon.queues.phone_of(agent)
        if not phone:
            raise ClinicPBXError(f"{agent} is at no phone", do="Say which is to ring: --phone 201")
        if phone not in self._daemon.rulebooks.current().phones:
            raise ClinicPBXError(f"the rules have no phone {phone}", do="See `clinicpbx rules map`")
        return phone

    def _done(self, attempt: str, task: asyncio.Task[None]) -> None:
        del self._asking[attempt]
        if not task.cancelled() and (bug := task.exception()) is not None:
            log.error("a patient of the inbox could not be called", **where(bug))
