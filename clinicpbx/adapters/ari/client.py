"""A thin ARI client: events and REST requests over one inbound WebSocket, pipelined."""

import asyncio
import base64
import itertools
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import quote, urlencode

import orjson
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from clinicpbx.adapters.ari.echoes import Echoes
from clinicpbx.core.events import Refusal
from clinicpbx.errors import NotPermitted, NotReachable

REQUEST_TIMEOUT = 3.0
SWEEP = 0.25
LONGEST_BACKOFF = 1.0
MOST_WAITING = 20_000
MOST_AT_ONCE = 256  # a flood of events must not starve timers
OPEN_TIMEOUT = 2.0
_UNANSWERED = 0

Message = dict[str, Any]
Take = Callable[[Sequence[Message]], object]


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


def nobody() -> "asyncio.Future[Answer]":
    """What is answered where there is no connection."""
    answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    answer.set_result(Answer(0))
    return answer


class Link(asyncio.Protocol):
    """One connection, from its handshake to its end. What comes is told in the same turn of the loop, by no task."""

    def __init__(self, websocket: ClientProtocol, most_waiting: int = MOST_WAITING) -> None:
        self._websocket = websocket
        self._loop = asyncio.get_running_loop()
        self._most_waiting = most_waiting
        self._ids = itertools.count(1)
        self._pending: dict[str, tuple[asyncio.Future[Answer], float]] = {}
        self._part = b""  # of a message in several frames
        self._in: deque[Message] = deque()
        self._echoes = Echoes()
        self._take: Take | None = None
        self._telling: asyncio.Handle | None = None
        self._sweeper: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self._cut: asyncio.Future[None] = self._loop.create_future()
        self.opened: asyncio.Future[None] = self._loop.create_future()
        self.ended: asyncio.Future[None] = self._loop.create_future()  # with an exception: the listener's bug
        self.lost = ""  # why the connection ended
        self.overflowed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._flush()

    def data_received(self, data: bytes) -> None:
        self._websocket.receive_data(data)
        answered = False
        for event in self._websocket.events_received():
            if not isinstance(event, Frame):
                if self._websocket.handshake_exc is None:
                    self.opened.set_result(None)
            elif (message := self._message(event)) is None:
                continue
            elif message["type"] == "RESTResponse":
                self._tell()  # what is older than an answer is told before it,
                answered = True
                self._answered(message)
            else:
                self._keep(message)
        self._flush()
        if self._websocket.handshake_exc is not None or self._websocket.parser_exc is not None:
            self.drop("garbled")
        self._tell(soon=answered)  # what is newer, after those who waited for the answer

    def connection_lost(self, error: Exception | None) -> None:
        self._websocket.receive_eof()
        self._end(type(error).__name__ if error else "closed by Asterisk")
        if not self.opened.done():
            failure = self._websocket.handshake_exc or error
            self.opened.set_exception(failure if failure is not None else ConnectionResetError())
        self._cut.set_result(None)

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
        self._websocket.send_text(orjson.dumps(frame))
        self._flush()
        if self._sweeper is None:
            self._sweeper = self._loop.call_later(SWEEP, self._sweep)
        return answer

    def listen(self, take: Take) -> None:
        """From now on *take* gets everything, in order; first what has waited. A bug in it ends the connection."""
        self._take = take
        self._tell()

    def waiting(self) -> list[Message]:
        """What was heard and not yet taken."""
        return list(self._in)

    def drop(self, why: str) -> None:
        """Cut the connection, at once."""
        self._end(why)
        if self._transport is not None:
            self._transport.abort()

    async def close(self) -> None:
        """End the connection politely; waits at most a second."""
        self._end("closed")
        if self._websocket.state is State.OPEN:
            self._websocket.send_close()
            self._flush()
        if self._transport is not None:
            await asyncio.wait([self._cut], timeout=1)
            self._transport.abort()

    def _message(self, frame: Frame) -> Message | None:
        """The message that *frame* ends."""
        if frame.opcode not in (Opcode.TEXT, Opcode.CONT) or self.lost:
            return None
        text = self._part + frame.data
        self._part = b"" if frame.fin else text
        if not frame.fin:
            return None
        try:
            message: Message = orjson.loads(text)
        except ValueError:  # nothing after it can be trusted
            self.drop("garbled")
            return None
        is_answer = message["type"] == "RESTResponse"
        return message if is_answer or not self._echoes.is_one(text, message) else None

    def _keep(self, message: Message) -> None:
        self._in.append(message)
        if len(self._in) > self._most_waiting:
            self.overflowed = True
            self.drop("events waited too long")

    def _tell(self, soon: bool = False) -> None:
        if not self._in or self._take is None or self._telling is not None:
            return
        if soon:
            self._telling = self._loop.call_soon(self._tell_on)
            return
        batch = [self._in.popleft() for _ in range(min(MOST_AT_ONCE, len(self._in)))]
        try:
            self._take(batch)
        except Exception as bug:
            if not self.ended.done():
                self.ended.set_exception(bug)
            self.drop("a bug")
        self._tell(soon=True)

    def _tell_on(self) -> None:
        self._telling = None
        self._tell()

    def _flush(self) -> None:
        if (transport := self._transport) is None:
            return
        for data in self._websocket.data_to_send():
            if data:
                transport.write(data)
            elif transport.can_write_eof():
                transport.write_eof()

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
        if not self.ended.done():
            self.ended.set_result(None)


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
    websocket = ClientProtocol(parse_uri(f"ws://{ari.address}/ari/events?app={ari.app}"), max_size=None)
    greeting = websocket.connect()
    greeting.headers["Authorization"] = f"Basic {token}"
    websocket.send_request(greeting)
    host, _, port = ari.address.rpartition(":")
    link = Link(websocket, most_waiting)
    try:
        async with asyncio.timeout(OPEN_TIMEOUT):
            await asyncio.get_running_loop().create_connection(lambda: link, host, int(port))
            await link.opened
    except TimeoutError:
        link.drop("no answer")
        raise NotReachable("ARI does not answer in time", where=ari.address) from None
    except InvalidStatus as refused:
        if refused.response.status_code in (401, 403):
            raise NotPermitted("ARI refuses the user or its password", where=ari.address) from None
        raise NotReachable(f"ARI answers {refused.response.status_code}", where=ari.address) from None
    except (OSError, WebSocketException) as error:
        raise NotReachable(f"ARI does not answer ({type(error).__name__})", where=ari.address) from None
    if not await _attune(link, ari):
        await link.close()
        raise NotReachable("ARI did not take the subscriptions or the event filter", where=ari.address)
    return link


async def _attune(link: Link, ari: AriAddress) -> bool:
    """Subscriptions and filter outlive a connection, or do not: set both each time, then look."""
    allowed = {*ari.hears, "RESTResponse"}
    if ari.sources:
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
