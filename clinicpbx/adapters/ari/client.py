"""A thin ARI client: events and REST requests over one inbound WebSocket, pipelined."""

import asyncio
import base64
import itertools
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException

from clinicpbx.adapters.ari.echoes import Echoes
from clinicpbx.core.events import Refusal
from clinicpbx.errors import NotPermitted, NotReachable

REQUEST_TIMEOUT = 3.0
SWEEP = 0.25
LONGEST_BACKOFF = 1.0
MOST_WAITING = 20_000
_UNANSWERED = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """ARI's answer to one request; *status* is 0 where none came in time."""

    status: int
    content: str = field(default="", repr=False)

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def body(self) -> Any:
        return orjson.loads(self.content) if self.content else None

    @property
    def refusal(self) -> Refusal | None:
        """Why the request had no effect: the only place where ARI's status codes get a meaning."""
        if self.ok:
            return None
        if self.status == 404:
            return Refusal.GONE
        return Refusal.NOT_OURS if self.status in (409, 412, 422) else Refusal.UNREACHABLE


class Link:
    """One connection, from its handshake to its end. Its reader never waits for a consumer."""

    def __init__(self, socket: ClientConnection, most_waiting: int = MOST_WAITING) -> None:
        self._socket = socket
        self._loop = asyncio.get_running_loop()
        self._most_waiting = most_waiting
        self._ids = itertools.count(1)
        self._pending: dict[str, tuple[asyncio.Future[Answer], float]] = {}
        self._out: deque[bytes] = deque()
        self._in: deque[dict[str, Any]] = deque()
        self._echoes = Echoes()
        self._more_out, self._more_in = asyncio.Event(), asyncio.Event()
        self._sweeper: asyncio.TimerHandle | None = None
        self.lost = ""  # why the connection ended
        self.overflowed = False
        self._tasks = [self._loop.create_task(self._read()), self._loop.create_task(self._write())]

    def request(
        self, method: str, uri: str, query: Mapping[str, str] | None = None, body: object = None
    ) -> asyncio.Future[Answer]:
        """Send now, in order, without waiting. The future always gets an Answer, never an exception."""
        answer: asyncio.Future[Answer] = self._loop.create_future()
        if self.lost:
            answer.set_result(Answer(_UNANSWERED))
            return answer
        name = str(next(self._ids))
        if query:
            uri = f"{uri}?{urlencode(query, quote_via=quote)}"
        frame = {"type": "RESTRequest", "transaction_id": name, "request_id": name, "method": method, "uri": uri}
        if body is not None:
            frame["content_type"] = "application/json"
            frame["message_body"] = orjson.dumps(body).decode()
        self._pending[name] = (answer, self._loop.time() + REQUEST_TIMEOUT)
        self._out.append(orjson.dumps(frame))
        self._more_out.set()
        if self._sweeper is None:
            self._sweeper = self._loop.call_later(SWEEP, self._sweep)
        return answer

    async def batches(self, most: int = 256) -> AsyncIterator[list[dict[str, Any]]]:
        """Everything heard and not yet taken, in order, until the connection ends."""
        while True:
            if not self._in:
                if self.lost:
                    return
                self._more_in.clear()
                await self._more_in.wait()
                continue
            yield self.take(most)
            if self._in:
                await asyncio.sleep(0)  # a flood of events must not starve timers

    def take(self, most: int = MOST_WAITING) -> list[dict[str, Any]]:
        return [self._in.popleft() for _ in range(min(most, len(self._in)))]

    def waiting(self) -> list[dict[str, Any]]:
        """What was heard and not yet taken."""
        return list(self._in)

    def drop(self, why: str) -> None:
        """Cut the connection, at once."""
        self._end(why)
        self._socket.transport.abort()

    async def close(self) -> None:
        """End the connection politely; waits at most a second."""
        self._end("closed")
        try:
            async with asyncio.timeout(1):
                await self._socket.close()
        except (TimeoutError, OSError, WebSocketException):
            self._socket.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _read(self) -> None:
        try:
            while True:
                text = await self._socket.recv(decode=False)
                message = orjson.loads(text)
                if message["type"] == "RESTResponse":
                    self._answered(message)
                    continue
                if self._echoes.is_one(text, message):
                    continue
                self._in.append(message)
                self._more_in.set()
                if len(self._in) > self._most_waiting:
                    self.overflowed = True
                    self.drop("events waited too long")
                    return
        except (OSError, WebSocketException) as gone:
            self._end(type(gone).__name__)
        except ValueError:  # not JSON: nothing after it can be trusted
            self.drop("garbled")

    async def _write(self) -> None:
        try:
            while not self.lost:
                await self._more_out.wait()
                self._more_out.clear()
                while self._out:
                    await self._socket.send(self._out.popleft(), text=True)
        except (OSError, WebSocketException) as gone:
            self._end(type(gone).__name__)

    def _answered(self, message: dict[str, Any]) -> None:
        future, _ = self._pending.pop(message.get("request_id", ""), (None, 0.0))
        if future is not None and not future.done():
            future.set_result(Answer(message["status_code"], message.get("message_body") or ""))

    def _sweep(self) -> None:
        now, self._sweeper = self._loop.time(), None
        while self._pending:
            name = next(iter(self._pending))  # oldest first: requests are sent and due in order
            future, due = self._pending[name]
            if due > now:
                self._sweeper = self._loop.call_later(SWEEP, self._sweep)
                return
            del self._pending[name]
            if not future.done():
                future.set_result(Answer(_UNANSWERED))

    def _end(self, why: str) -> None:
        if self.lost:
            return
        self.lost = why
        pending, self._pending = list(self._pending.values()), {}
        if self._sweeper is not None:
            self._sweeper.cancel()
        for future, _ in pending:
            if not future.done():
                future.set_result(Answer(_UNANSWERED))
        self._more_in.set()
        self._more_out.set()


@dataclass(frozen=True, slots=True)
class AriAddress:
    """Where ARI is (host:port), who we are there, and what we hear. The password goes into a header, not a URL."""

    address: str
    user: str
    password: str = field(repr=False)
    app: str = "clinicpbx"
    hears: tuple[str, ...] = ()
    sources: tuple[str, ...] = ("endpoint:PJSIP",)


async def open_link(ari: AriAddress, most_waiting: int = MOST_WAITING) -> Link:
    """Connect, subscribe, set the event filter, and check that Asterisk took both.

    Raises NotReachable, or NotPermitted where Asterisk does not know the user or the password.
    """
    token = base64.b64encode(f"{ari.user}:{ari.password}".encode()).decode()
    try:
        socket = await connect(
            f"ws://{ari.address}/ari/events?app={ari.app}",
            additional_headers={"Authorization": f"Basic {token}"},
            compression=None,
            max_size=None,
            max_queue=None,
            open_timeout=2,
            ping_interval=None,  # the heartbeat's own requests prove that Asterisk answers
            proxy=None,
        )
    except InvalidStatus as refused:
        if refused.response.status_code in (401, 403):
            raise NotPermitted("ARI refuses the user or its password", where=ari.address) from None
        raise NotReachable(f"ARI answers {refused.response.status_code}", where=ari.address) from None
    except (OSError, TimeoutError, WebSocketException) as error:
        raise NotReachable(f"ARI does not answer ({type(error).__name__})", where=ari.address) from None
    link = Link(socket, most_waiting)
    if not await _attune(link, ari):
        await link.close()
        raise NotReachable("ARI did not take the subscriptions or the event filter", where=ari.address)
    return link


async def _attune(link: Link, ari: AriAddress) -> bool:
    """Subscriptions and filter outlive a connection, or do not: set both each time, then look."""
    allowed = {*ari.hears, "RESTResponse"}
    link.request("POST", f"applications/{ari.app}/subscription", {"eventSource": ",".join(ari.sources)})
    kinds = [{"type": kind} for kind in sorted(allowed)]
    link.request("PUT", f"applications/{ari.app}/eventFilter", body={"allowed": kinds, "disallowed": []})
    answer = await link.request("GET", f"applications/{ari.app}")
    if not answer.ok:
        return False
    app = answer.body()
    heard = {"endpoint:" + name for name in app["endpoint_ids"]}
    return {kind["type"] for kind in app["events_allowed"]} == allowed and set(ari.sources) <= heard


def pauses() -> Iterator[float]:
    """Seconds to wait between attempts to connect: 0.1, then twice as long each time, at most a second."""
    pause = 0.1
    while True:
        yield pause
        pause = min(LONGEST_BACKOFF, pause * 2)
