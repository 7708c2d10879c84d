"""How a call arrives: what is known of who calls and of who works at the phone that dials, and what it is about."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from clinicpbx.adapters.ari.decode import Entered
from clinicpbx.core.events import NOTHING_EARLIER, CallArrived, Earlier, Seat
from clinicpbx.core.oncall.duty import Cover
from clinicpbx.core.rulebook import Rulebook
from clinicpbx.daemon.call_runtime import CallRuntime
from clinicpbx.daemon.callers import Callers
from clinicpbx.daemon.consultations import Consultations
from clinicpbx.private import Private


class Queues(Protocol):
    def talking(self, extension: str) -> str: ...
    def seats(self, *phones: str) -> tuple[Seat, ...]: ...


class Callbacks(Protocol):
    def calls(self, number: Private[str] | None, at: datetime, earlier: Earlier) -> Earlier: ...


class Pages(Protocol):
    def standing(self) -> tuple[Cover, ...]: ...


class House(Protocol):
    """Who is asked."""

    @property
    def queues(self) -> Queues: ...
    @property
    def callbacks(self) -> Callbacks: ...
    @property
    def pages(self) -> Pages: ...
    @property
    def callers(self) -> Callers: ...
    @property
    def switched_on(self) -> Callable[[datetime], tuple[str, ...]]: ...


class Arrivals:
    def __init__(self, house: House, consultations: Consultations) -> None:
        self._house, self._consultations = house, consultations

    def entered(self, news: Entered, at: datetime, book: Rulebook) -> tuple[CallArrived, CallRuntime | None]:
        """How the call arrives, and the patient's call that it is about, if an agent asks a queue about one."""
        house = self._house
        talking = house.queues.talking(news.phone) if news.phone else ""
        about = self._consultations.about(talking, news.phone, book.flows.get(news.flow))
        arrived = CallArrived(
            at=at,
            flow=news.flow,
            entry=news.entry,
            version=book.version,
            caller=news.caller,
            language=about.machine.language if about is not None else news.language,
            switched_on=house.switched_on(at),
            argument=news.argument,
            earlier=self._earlier(news, at, about),
            consults=about.consulted if about is not None else None,
            covers=house.pages.standing(),
            test=news.test,
            seats=house.queues.seats(news.phone, news.argument) if news.phone else (),
        )
        return arrived, about

    def _earlier(self, news: Entered, at: datetime, about: CallRuntime | None) -> Earlier:
        """What is known of who calls from outside; a call that is sent on inside is the same call still."""
        house = self._house
        if about is not None and about.taken is not None:
            return replace(NOTHING_EARLIER, queues=(*house.callers.queues(about.call), about.taken.queue))
        known = NOTHING_EARLIER
        if news.entry.startswith("+"):  # a DID is written in E.164
            known = house.callbacks.calls(news.caller, at, house.callers.arrived(news.caller, at))
        return replace(known, queues=house.callers.queues(news.call))

    def in_place(
        self, call: str, own: CallArrived, caller: Private[str] | None, language: str, at: datetime, version: str
    ) -> CallArrived:
        """How the patient's *call* arrives, transferred to where the agent's *own* call was."""
        earlier = replace(NOTHING_EARLIER, queues=self._house.callers.queues(call))
        told = replace(own, version=version, caller=caller, language=language or own.language)
        return replace(told, at=at, earlier=earlier)
