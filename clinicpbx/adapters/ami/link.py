"""One connection to AMI by panoramisk, with guards against what it forgives, forgets or lets through."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from panoramisk import Manager

from clinicpbx.adapters.ami.decode import Heard, channels, heard
from clinicpbx.errors import ClinicPBXError, NotReachable

log = structlog.get_logger(__name__)
PING_SECONDS = 5.0
DEADLINE = 5.0
SILENT = logging.getLogger("clinicpbx.ami.panoramisk")
# panoramisk logs whole messages, and those hold callers' numbers
SILENT.disabled = True


class AmiRefused(ClinicPBXError):
    """AMI does not take the listener's password."""

    exit_code = 77


class _Guarded(Manager):  # type: ignore[misc]
    """panoramisk's manager, which ends for good with its connection and survives its callbacks."""

    def __init__(self, **config: Any) -> None:
        super().__init__(**config)
        self.gone = asyncio.Event()

    def connection_made(self, f: "asyncio.Task[Any]") -> None:
        if not f.cancelled() and f.exception() is None:
            super().connection_made(f)
            if self.pinger is not None:
                self.pinger.cancel()

    def login(self, future: "asyncio.Future[Any]") -> None:
        """The link looks at the answer itself; panoramisk would go on pinging after a refusal."""

    def connection_lost(self, exc: object) -> None:
        self.gone.set()

    def dispatch(self, event: Any) -> list[str]:
        try:
            return list(super().dispatch(event))
        except Exception as fault:
            log.error("an AMI event could not be used", error=type(fault).__name__)
            return []


def checked(values: Mapping[str, str]) -> dict[str, str]:
    """*values* as they are; ValueError where a line end would add headers of its own."""
    for key, value in values.items():
        if any(char in part for part in (key, value) for char in "\r\n\0"):
            raise ValueError(f"a line end in the AMI field {key!r}")
    return dict(values)


class AmiLink:
    """Hears hints and asks which channels live; no record is ever made from it."""

    def __init__(self, host: str, port: int, user: str, secret: str, hear: Callable[[Heard], None]) -> None:
        self._config = checked({"username": user, "secret": secret})
        self._host, self._port, self._hear = host, port, hear
        self._manager: _Guarded | None = None
        self.ping_seconds, self.deadline = PING_SECONDS, DEADLINE

    async def run(self) -> None:
        """Connects, and listens until the connection ends or the peer stays silent.

        NotReachable where nothing answers or answers stopped, AmiRefused where the password is wrong.
        """
        manager = _Guarded(
            host=self._host, port=self._port, loop=asyncio.get_running_loop(), events="on", log=SILENT, **self._config
        )
        manager.register_event("*", self._on_event)
        where = f"AMI at {self._host}:{self._port}"
        try:
            await asyncio.wait_for(manager.connect(), self.deadline)
            answer = await asyncio.wait_for(asyncio.shield(manager.authenticated_future), self.deadline)
            if not answer.success:
                raise AmiRefused("the user 'listener' was refused", where=where, do="Compare keys/ami.secret")
            self._manager = manager
            await self._ping(manager)
        except (OSError, TimeoutError):
            raise NotReachable("does not answer", where=where) from None
        finally:
            self._manager = None
            manager.close()
        raise NotReachable("closed the connection", where=where)

    async def _ping(self, manager: _Guarded) -> None:
        while not manager.gone.is_set():
            await asyncio.wait_for(self._ask(manager, "Ping"), self.deadline)
            try:
                await asyncio.wait_for(manager.gone.wait(), self.ping_seconds)
            except TimeoutError:
                continue

    async def _ask(self, manager: _Guarded, action: str, **values: str) -> Any:
        lost = asyncio.ensure_future(manager.gone.wait())
        answer = manager.send_action(checked({"Action": action, **values}))
        try:
            await asyncio.wait({lost, answer}, return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                raise ConnectionResetError
            return answer.result()
        finally:
            lost.cancel()

    async def alive(self) -> frozenset[str] | None:
        """The uniqueids of every channel there is; None where Asterisk cannot be asked."""
        manager = self._manager
        if manager is None:
            return None
        try:
            answer = await asyncio.wait_for(self._ask(manager, "CoreShowChannels"), self.deadline)
        except (OSError, TimeoutError):
            return None
        return channels(answer) if isinstance(answer, list) else None

    def _on_event(self, _: Manager, event: Any) -> None:
        found = heard(event)
        if found is not None:
            self._hear(found)
