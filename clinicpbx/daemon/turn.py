"""One turn of the loop: first the journal, in one transaction; then, and only then, the commands."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from clinicpbx.core.commands import Command

Perform = Callable[[str, Command, datetime], None]
OnBug = Callable[[str, Exception], None]

GATHER = 0.02  # seconds that events without commands may wait for company: after a crash their effect is seen anyway


class Committing(Protocol):
    def commit(self) -> bool: ...


class Turn:
    """Gathers what the events of one iteration ask for. What performing leads to belongs to the next turn."""

    def __init__(self, journal: Committing, on_bug: OnBug) -> None:
        self._journal = journal
        self._on_bug = on_bug
        self._loop = asyncio.get_running_loop()
        self._commands: list[tuple[str, Command, datetime]] = []
        self._later: asyncio.TimerHandle | None = None
        self.perform: Perform = lambda call, command, at: None

    def ask(self, call: str, command: Command, at: datetime) -> None:
        """Perform *command* for *call* at the end of this turn, in the order of asking."""
        if not self._commands:
            self._loop.call_soon(self.end)
        self._commands.append((call, command, at))

    def touch(self) -> None:
        """Something waits to be written."""
        if not self._commands and self._later is None:
            self._later = self._loop.call_later(GATHER, self.end)

    def end(self) -> None:
        """Commit, then perform. A journal that fails stops nothing; a bug in a command is its call's alone."""
        if self._later is not None:
            self._later.cancel()
            self._later = None
        self._journal.commit()
        commands, self._commands = self._commands, []
        for call, command, at in commands:
            try:
                self.perform(call, command, at)
            except Exception as bug:
                self._on_bug(call, bug)
