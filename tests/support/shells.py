"""A dispatcher with nothing real around it but a journal: queues and mailboxes write down what they hear."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from clinicpbx.adapters.ari.client import Answer
from clinicpbx.adapters.metrics import Metrics
from clinicpbx.core.commands import Command, JoinQueue, TakeOffer
from clinicpbx.core.events import Seat
from clinicpbx.core.rulebook import Rulebook
from clinicpbx.daemon.callback_runtime import CallbackRuntime
from clinicpbx.daemon.dispatcher import Dispatcher
from clinicpbx.daemon.item_calls import ItemCalls
from clinicpbx.daemon.journal import Journal
from clinicpbx.daemon.journal_key import journal_sealing
from clinicpbx.daemon.page_runtime import PageRuntime
from clinicpbx.daemon.turn import GATHER
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings
from tests.support.books import book
from tests.support.tape import T0


class Heard:
    """Queues and mailboxes: every call of a method is a line in *said*."""

    def __init__(self) -> None:
        self.said: list[tuple[Any, ...]] = []
        self.talks: dict[str, str] = {}

    def perform(self, call: str, command: Command, at: datetime) -> None:
        self.said.append((call, command))

    def phone_channels(self, extension: str, channels: int, at: datetime) -> None:
        self.said.append(("channels", extension, channels))

    def phone_reachable(self, extension: str, reachable: bool, at: datetime) -> None:
        self.said.append(("reachable", extension, reachable))

    def snapshot(self, phones: Mapping[str, tuple[bool, int]], at: datetime) -> None:
        self.said.append(("snapshot", dict(phones)))

    def restore(self, call: str, join: JoinQueue, phones: tuple[str, ...] = ()) -> None:
        self.said.append(("restore", call, join.queue, phones))

    def restore_talk(self, call: str, taken: TakeOffer, entered: datetime, since: datetime) -> None:
        self.said.append(("talks", call, taken.phone, (entered - T0).total_seconds(), (since - T0).total_seconds()))

    def hung_up(self, channel: str, at: datetime) -> None:
        self.said.append(("hung up", channel))

    def call_gone(self, call: str, at: datetime | None = None) -> None:
        self.said.append(("gone", call))

    def talking(self, extension: str) -> str:
        return self.talks.get(extension, "")

    def seats(self, *phones: str) -> tuple[Seat, ...]:
        return tuple(Seat(phone, "ana") for phone in phones if phone == "201")

    @property
    def recordings(self) -> "Heard":
        return self

    def begin(self, call: str, caller: Any, language: str, command: Command, at: datetime) -> None:
        self.said.append(("recording", call, command.target))

    def ended(self, recording: str) -> None:
        self.said.append(("recorded", recording))


class Rules:
    def __init__(self, *books: Rulebook) -> None:
        self.books = {book.version: book for book in books}

    def current(self) -> Rulebook:
        return next(reversed(self.books.values()))

    def version(self, version: str) -> Rulebook | None:
        return self.books.get(version)


class Shell:
    """Made inside a (virtual) loop. *sent* is what Asterisk was asked; *status* what it answers."""

    def __init__(self, folder: Path, *books: Rulebook) -> None:
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self.sent: list[tuple[str, str]] = []
        self.bodies: list[Any] = []
        self.status = 204
        self.replaced = 0
        self.committed_before_sent = True
        self.metrics = Metrics()
        self.instance = Instance(folder)
        self.journal = Journal(folder / "journal.db", journal_sealing(folder / "keys"), self.metrics)
        self.queues, self.mailboxes, self.rules = Heard(), Heard(), Rules(*(books or (book(),)))
        self.dispatcher = Dispatcher(
            self.instance, self.rules, self.journal, self.metrics, self.clock, self.request, self._replace
        )
        self.dispatcher.queues, self.dispatcher.mailboxes = self.queues, self.mailboxes
        ask = self.dispatcher.turn.ask
        self.callbacks = CallbackRuntime(self.rules.current(), self.journal, ask, self.request, self.clock)
        deliver, made = self.dispatcher.deliver, self.instance
        self.pages = PageRuntime(self.rules.current(), self.journal, ask, deliver, self.request, self.clock, made)
        self.dispatcher.callbacks, self.dispatcher.pages = self.callbacks, self.pages
        self.rulebooks, self.connected = self.rules, True
        self.items = self.dispatcher.items = ItemCalls(self, made, Settings(database_url=""))  # type: ignore[arg-type]

    def clock(self) -> datetime:
        return T0 + timedelta(seconds=self._loop.time() - self._began)

    def request(
        self, method: str, uri: str, query: Mapping[str, str] | None = None, body: object = None
    ) -> asyncio.Future[Answer]:
        self.committed_before_sent &= self.journal.waiting == 0
        self.sent.append((method, uri))
        self.bodies.append(body)
        answer = self._loop.create_future()
        answer.set_result(Answer(self.status))
        return answer

    async def take(self, *messages: Mapping[str, Any]) -> None:
        """Events of one turn, and what follows from them."""
        for message in messages:
            self.dispatcher.take(message)
        await asyncio.sleep(2 * GATHER)

    def counted(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(name, labels) or 0.0

    def _replace(self) -> None:
        self.replaced += 1


CALL = "clinic-1.0"


def channel(call: str = CALL, name: str = "PJSIP/trunk-00000000", **more: Any) -> dict[str, Any]:
    return {"id": call, "name": name, "caller": {"number": "12075550142"}, **more}


def entered(call: str = CALL, flow: str = "main", entry: str = "+12075550100") -> dict[str, Any]:
    return {"type": "StasisStart", "args": ["enter", flow, entry], "channel": channel(call)}


def key(digit: str, call: str = CALL) -> dict[str, Any]:
    return {"type": "ChannelDtmfReceived", "digit": digit, "channel": channel(call)}


def played(playback: str) -> dict[str, Any]:
    return {"type": "PlaybackFinished", "playback": {"id": playback}}


def destroyed(call: str = CALL, cause: int = 16) -> dict[str, Any]:
    return {"type": "ChannelDestroyed", "cause": cause, "channel": channel(call)}
