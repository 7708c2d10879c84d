"""A connection to AMI of the daemon's own: writes rows into Asterisk's queue_log, and hears of transfers.

Nothing waits for it. Rows are kept until Asterisk has answered, so that none is lost with a connection; one whose
answer was lost comes twice. Asterisk stamps a row when it writes it: up to GATHER late.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import cast

import structlog

from clinicpbx.adapters.ami.decode import transferred
from clinicpbx.adapters.ami.link import AmiRefused
from clinicpbx.core.acd.queue_log import Row, Transferred
from clinicpbx.errors import ClinicPBXError, NotReachable

log = structlog.get_logger(__name__)
MOST, AT_ONCE = 10_000, 200
"""Rows kept, and rows that may be on their way to Asterisk."""
DEADLINE, PAUSE = 5.0, 2.0
GATHER = 0.1
"""Seconds that a row waits for company: each system call costs as much as five rows."""
LONGEST = 65536
USER = "queuelog"


class QueueLogLink:
    """*secret* is asked at every login, *lost* is called for each row given up, `hear` for each transfer."""

    def __init__(self, host: str, port: int, secret: Callable[[], str], lost: Callable[[], None]) -> None:
        self._host, self._port, self._secret, self._lost = host, port, secret, lost
        self.hear: Callable[[Transferred], None] = lambda news: None
        self._rows: deque[Row] = deque()
        self._sent = 0  # of them, from the left, are on their way
        self._wire: _Wire | None = None
        self._due: asyncio.TimerHandle | None = None
        self.deadline, self.pause = DEADLINE, PAUSE

    def write(self, rows: Iterable[Row]) -> None:
        """Sends *rows* soon, or once there is a connection; the oldest are given up for want of room."""
        self._rows.extend(rows)
        while len(self._rows) > MOST:
            self._drop()
        if self._due is None:
            self._due = asyncio.get_running_loop().call_later(GATHER, self._send)

    async def run(self) -> None:
        """Keeps a connection for ever."""
        said = ""
        while True:
            try:
                await self._connection()
            except (ClinicPBXError, OSError) as fault:
                if str(fault) != said:
                    said = str(fault)
                    log.warning("queue_log is not written; rows wait", reason=said)
            else:
                said = ""
            await asyncio.sleep(self.pause)

    async def _connection(self) -> None:
        """One connection, from its login to its end. NotReachable; AmiRefused where the password is wrong;
        OSError where it cannot be read."""
        where, secret = f"AMI at {self._host}:{self._port}", self._secret()
        loop = asyncio.get_running_loop()
        wire = _Wire(self._answered, self._heard)
        try:
            async with asyncio.timeout(self.deadline):
                transport, _ = await loop.create_connection(lambda: wire, self._host, self._port)
                wire.send({"Action": "Login", "Username": USER, "Secret": secret})
                logged_in = await wire.logged_in
        except (OSError, TimeoutError):
            wire.close()
            raise NotReachable("does not answer", where=where) from None
        if not logged_in:
            wire.close()
            raise AmiRefused(f"the user {USER!r} was refused", where=where, do=f"Compare keys/{USER}.secret")
        log.info("queue_log is written", waiting=len(self._rows))
        self._wire, self._sent = wire, 0
        try:
            self._send()
            await self._watch(wire)
            transport.abort()
        finally:
            self._send()
            self._wire = None
            transport.close()

    async def _watch(self, wire: "_Wire") -> None:
        """Until the connection ends, or Asterisk has answered nothing for the deadline though it should have."""
        while not wire.ended.done():
            asked, answers = self._sent, wire.answers
            await asyncio.wait({wire.ended}, timeout=self.deadline)
            if asked and wire.answers == answers:
                return

    def _send(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None
        until = min(len(self._rows), AT_ONCE)
        if self._wire is not None and self._sent < until:
            self._wire.send(*(_action(row) for row in islice(self._rows, self._sent, until)))
            self._sent = until

    def _answered(self, done: bool) -> None:
        """Asterisk answers in the order of the actions."""
        if self._sent:
            self._sent -= 1
            self._rows.popleft()
            if not done:
                self._lost()
        if self._due is None:
            self._send()

    def _drop(self) -> None:
        """The oldest row that is not on its way."""
        del self._rows[self._sent]
        self._lost()

    def _heard(self, event: Mapping[str, str]) -> None:
        if (news := transferred(event)) is not None:
            self.hear(news)


class _Wire(asyncio.Protocol):
    """Messages of one connection."""

    def __init__(self, answered: Callable[[bool], None], heard: Callable[[Mapping[str, str]], None]) -> None:
        loop = asyncio.get_running_loop()
        self.logged_in: asyncio.Future[bool] = loop.create_future()
        self.ended: asyncio.Future[None] = loop.create_future()
        self.answers = 0
        self._answered, self._heard = answered, heard
        self._transport: asyncio.Transport | None = None
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def send(self, *actions: Mapping[str, str]) -> None:
        if self._transport is not None:
            blocks = ("".join(f"{key}: {value}\r\n" for key, value in action.items()) for action in actions)
            self._transport.write("".join(f"{block}\r\n" for block in blocks).encode())

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, received: bytes) -> None:
        *messages, self._rest = (self._rest + received).split(b"\r\n\r\n")
        for message in messages:
            lines = message.decode(errors="replace").split("\r\n")
            self._take(dict(line.split(": ", 1) for line in lines if ": " in line))
        if len(self._rest) > LONGEST:
            self.close()

    def _take(self, message: Mapping[str, str]) -> None:
        if "Event" in message:
            self._heard(message)
        elif not self.logged_in.done():
            self.logged_in.set_result(message.get("Response") == "Success")
        elif "Response" in message:
            self.answers += 1
            self._answered(message["Response"] == "Success")

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.logged_in.done():
            self.logged_in.set_exception(ConnectionResetError())
        if not self.ended.done():
            self.ended.set_result(None)


def _action(row: Row) -> dict[str, str]:
    fields = {"Queue": row.queue, "Event": row.event, "Uniqueid": row.call, "Interface": row.agent}
    message = "|".join(_plain(each) for each in row.fields)
    return {"Action": "QueueLog", **{key: _plain(value) for key, value in fields.items()}, "Message": message}


def _plain(value: str) -> str:
    """No line end that would begin a header of its own, and no bar that would shift the fields after it."""
    return "".join(char if char.isprintable() and char != "|" else " " for char in value)
