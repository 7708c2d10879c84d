"""One turn of the loop: first the journal, in one transaction; then, and only then, the commands."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol

from clinicpbx.core.commands import Command, InwardCommand, QueueCommand

Perform = Callable[[str, Command, datetime], None]
OnBug = Callable[[str, Exception], None]
Asked = tuple[str, Command, datetime]

MOST_ANSWERS = 16  # of the queues in one turn: calls that go round in circles must not stop the loop
GATHER = 0.05  # seconds that events without commands may wait for company: after a crash their effect is seen anyway


class Committing(Protocol):
    def commit(self) -> bool: ...


class Turn:
    """Gathers what the events of one iteration ask for. The queues and the pages are in this process: what they answer
    belongs to the same turn. What Asterisk and the mailboxes answer belongs to a later one."""

    def __init__(self, journal: Committing, on_bug: OnBug) -> None:
        self._journal = journal
        self._on_bug = on_bug
        self._loop = asyncio.get_running_loop()
        self._asked: list[Asked] = []
        self._due: asyncio.Handle | None = None
        self._later: asyncio.TimerHandle | None = None
        self.perform: Perform = lambda call, command, at: None

    def ask(self, call: str, command: Command, at: datetime) -> None:
        """Perform *command* for *call* at the end of this turn, in the order of asking."""
        self._asked.append((call, command, at))
        if self._due is None:
            self._due = self._loop.call_soon(self.finish)

    def settle(self, call: str) -> None:
        """What *call*, which is over, asked of the queues happens before they are told that it is gone."""

        def is_its(asked: Asked) -> bool:
            return asked[0] == call and isinstance(asked[1], QueueCommand)

        its = [asked for asked in self._asked if is_its(asked)]
        self._asked = [asked for asked in self._asked if not is_its(asked)]
        self._perform(its)

    def touch(self) -> None:
        """Something waits to be written."""
        if self._due is None and self._later is None:
            self._later = self._loop.call_later(GATHER, self.end)

    def finish(self) -> None:
        """What was asked for happens now; where nothing is to leave us, the journal waits for company."""
        outward = self._ask_inward()
        if outward:
            self._commit_and_perform(outward)
        else:
            self.touch()

    def end(self) -> None:
        """What was asked for happens now, and everything is written."""
        self._commit_and_perform(self._ask_inward())

    def _commit_and_perform(self, outward: Iterable[Asked]) -> None:
        """A journal that fails stops nothing."""
        if self._later is not None:
            self._later.cancel()
            self._later = None
        self._journal.commit()
        self._perform(outward)

    def _ask_inward(self) -> list[Asked]:
        """Let those in this process answer, and answer what that asks for; what is for others, in its order."""
        outward: list[Asked] = []
        for _ in range(MOST_ANSWERS):
            asked, self._asked = self._asked, []
            outward += (each for each in asked if not isinstance(each[1], InwardCommand))
            self._perform(each for each in asked if isinstance(each[1], InwardCommand))
            if not self._asked:
                break
        if self._due is not None:
            self._due.cancel()
        self._due = self._loop.call_soon(self.finish) if self._asked else None
        return outward

    def _perform(self, asked: Iterable[Asked]) -> None:
        """A bug in a command is its call's alone."""
        for call, command, at in asked:
            try:
                self.perform(call, command, at)
            except Exception as bug:
                self._on_bug(call, bug)
