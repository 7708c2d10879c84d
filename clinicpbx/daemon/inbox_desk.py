"""The inbox as phones reach it: one change at a time, in the main database, or the word that it is away."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.engine import make_engine, parse_url
from clinicpbx.adapters.db.inbox import change_item
from clinicpbx.adapters.db.inbox_lists import item_of_attempt, item_of_message
from clinicpbx.core.commands import WorkMessage
from clinicpbx.core.events import ItemWorked
from clinicpbx.core.inbox.changes import Actor, Call, Change, Claim, Close, outcomes_of
from clinicpbx.core.rulebook import Rulebook
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings, database_url

log = structlog.get_logger(__name__)
PATIENCE = 4.0  # seconds; the agent at the phone waits for eight
CHANGES: dict[str, tuple[type[Claim] | type[Call], str]] = {"claim": (Claim, "claimed"), "call": (Call, "called")}


class InboxDesk:
    """Never raises: whatever is wrong with the database, messages are heard all the same."""

    def __init__(
        self, instance: Instance, settings: Settings, book: Callable[[], Rulebook], clock: Callable[[], datetime]
    ) -> None:
        self._url, self._book, self._clock = database_url(instance, settings), book, clock
        self.taken: Callable[[list[str], str, str], None] = lambda calls, who, outcome: None

    async def work(self, wish: WorkMessage) -> ItemWorked:
        """What came of *wish*."""
        return await self._asked(wish.message, partial(self._worked, wish))

    async def whom(self, attempt: str) -> ItemWorked:
        """Whom to call by *attempt*: called, with the number; refused where its item is closed meanwhile, or away."""
        return await self._asked("", partial(self._found, attempt))

    async def _asked(self, message: str, question: Callable[[AsyncEngine], Awaitable[ItemWorked]]) -> ItemWorked:
        if not _there(self._url):
            return self._answer(message, "none")
        try:
            async with asyncio.timeout(PATIENCE), AsyncExitStack() as stack:
                engine = make_engine(self._url, writes=True)
                stack.push_async_callback(engine.dispose)
                return await question(engine)
        except (TimeoutError, SQLAlchemyError, OSError) as fault:
            log.warning("the inbox cannot be reached from a phone", kind=type(fault).__name__)
        except ClinicPBXError:
            return self._answer(message, "refused")
        return self._answer(message, "away")

    async def _found(self, attempt: str, engine: AsyncEngine) -> ItemWorked:
        found = await item_of_attempt(engine, attempt)
        if found is None or not found.open:
            return self._answer("", "refused")
        return replace(self._answer("", "called"), number=found.number, attempt=attempt)

    async def _worked(self, wish: WorkMessage, engine: AsyncEngine) -> ItemWorked:
        found, book = await item_of_message(engine, wish.message), self._book()
        if found is None:
            return self._answer(wish.message, "none")
        if wish.change == "outcomes":
            outcomes = tuple(outcomes_of(book, found.category))
            return ItemWorked(at=self._clock(), message=wish.message, answer="outcomes", outcomes=outcomes)
        made, answer = CHANGES.get(wish.change, (None, "closed"))
        change: Change = made() if made is not None else Close(wish.outcome)
        after = await change_item(engine, found.id, change, Actor(wish.by), self._clock(), book)
        self.taken([contact.call for contact in after.contacts], after.owner, after.outcome)
        told = self._answer(wish.message, answer)
        called = isinstance(change, Call)
        return replace(told, number=after.number, attempt=after.contacts[-1].call) if called else told

    def _answer(self, message: str, answer: str) -> ItemWorked:
        return ItemWorked(at=self._clock(), message=message, answer=answer)


def _there(url: str) -> bool:
    """Whether a SQLite file is there: connecting would make an empty one."""
    parsed = parse_url(url)
    return parsed.get_backend_name() != "sqlite" or Path(parsed.database or "").exists()
