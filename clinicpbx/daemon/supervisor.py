"""Health: the heartbeat that the dialplan checks, the loop's lag, systemd's watchdog, the chores of every second."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Protocol

import structlog

from clinicpbx.adapters.ari.client import Answer
from clinicpbx.adapters.metrics import Metrics
from clinicpbx.adapters.systemd import notify
from clinicpbx.daemon.call_runtime import where

log = structlog.get_logger(__name__)

HEARTBEAT = "CPBX_HB"
BEAT = 1.0
SICK_LAG = 2.0
MOST_MISSED = 2


class Connection(Protocol):
    def request(
        self, method: str, uri: str, query: Mapping[str, str] | None = None, body: object = None
    ) -> "asyncio.Future[Answer]": ...
    def drop(self, why: str) -> None: ...


class Supervisor:
    """Beats once a second. *connection* is None until calls may come; beats left unanswered end it."""

    def __init__(
        self, metrics: Metrics, connection: Callable[[], Connection | None], chores: Callable[[], None]
    ) -> None:
        self._metrics, self._connection, self._chores = metrics, connection, chores
        self._missed = 0
        self._lag = 0.0
        self._ready = False
        self.heartbeat = 0.0  # time of the last one that Asterisk confirmed

    @property
    def healthy(self) -> bool:
        """Calls may come: Asterisk answers and the loop is not late."""
        return self._connection() is not None and self._lag < SICK_LAG

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + BEAT
            self.beat()
            await asyncio.sleep(BEAT)
            self._lag = max(0.0, loop.time() - due)
            self._metrics.lag.observe(self._lag)

    def beat(self) -> None:
        """The watchdog is fed by the loop itself, with or without Asterisk; the heartbeat only while healthy."""
        connection, healthy = self._connection(), self.healthy
        self._metrics.healthy.set(healthy)
        if connection is not None and healthy:
            self._send(connection)
        if healthy and not self._ready:
            self._ready = True
            notify("READY=1", "STATUS=calls are taken")
        elif not self._ready:
            notify("EXTEND_TIMEOUT_USEC=10000000", "STATUS=waiting for Asterisk")
        else:
            notify("WATCHDOG=1", f"STATUS={'calls are taken' if healthy else 'Asterisk does not answer'}")
        try:
            self._chores()
        except Exception as bug:
            log.error("a bug in the chores", **where(bug))

    def _send(self, connection: Connection) -> None:
        sent = time.time()
        body = {"variable": HEARTBEAT, "value": str(int(sent))}

        def answered(answer: "asyncio.Future[Answer]") -> None:
            if answer.result().ok:
                self._missed, self.heartbeat = 0, sent
                return
            self._missed += 1
            if self._missed >= MOST_MISSED:
                self._missed = 0
                connection.drop("no answer to the heartbeat")

        connection.request("POST", "asterisk/variable", None, body).add_done_callback(answered)
