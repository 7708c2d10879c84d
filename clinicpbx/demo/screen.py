"""The morning on the terminal: a table that lives, or a line for each happening where nobody looks at a terminal."""

import asyncio
import time
from contextlib import suppress
from types import TracebackType
from typing import Any

import click
from rich.console import Console
from rich.live import Live

from clinicpbx.daemon.control_client import ask_daemon
from clinicpbx.demo.board import Board, Happening, line
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance

_TICK = 0.5  # seconds between two looks at the queues


class Screen:
    """Use as an asynchronous context. All it shows goes to stderr, so that stdout stays what was asked for."""

    def __init__(self, instance: Instance, board: Board) -> None:
        self._instance, self._board = instance, board
        self._began = time.monotonic()
        console = Console(stderr=True)
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None
        self._looking: asyncio.Task[None] | None = None

    @property
    def now(self) -> float:
        """Seconds since the demonstration began."""
        return time.monotonic() - self._began

    def tell(self, who: str, what: str) -> None:
        """Something has happened."""
        happening = Happening(self.now, who, what)
        self._board.happen(happening)
        if self._live is None:
            click.echo(line(happening), err=True)

    async def __aenter__(self) -> "Screen":
        if self._live is not None:
            self._live.start()
            self._looking = asyncio.create_task(self._look())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, trouble: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live is None:
            return
        if self._looking is not None:
            self._looking.cancel()
        self._draw()
        self._live.stop()

    async def _look(self) -> None:
        while True:
            self._board.queues = await self._ask("queues") or self._board.queues
            self._board.agents = await self._ask("agents") or self._board.agents
            self._draw()
            await asyncio.sleep(_TICK)

    async def _ask(self, what: str) -> Any:
        with suppress(ClinicPBXError):
            return await asyncio.to_thread(ask_daemon, self._instance, {"do": what})

    def _draw(self) -> None:
        assert self._live is not None
        self._live.update(self._board.draw(self.now, self._live.console.height), refresh=True)
