"""The inbox as phones reach it: one change at a time, in the main database, or the word that it is away."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.engine import make_engine, parse_url
from clinicpbx.adapters.db.inbox import change_item
from clinicpbx.adapters.db.inbox_lists import item_of_message
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
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._asked(wish)
        except (TimeoutError, SQLAlchemyError, OSError) as fault:
            log.warning("the inbox cannot be reached from a phone", kind=type(fault).__name__)
        except ClinicPBXError:
            return self._answer(wish, "refused")
        return self._answer(wish, "away")

    async def _asked(self, wish: WorkMessage) -> ItemWorked:
        if not _there(self._url):
            return self._answer(wish, "none")
        engine = make_engine(self._url, writes=True)
        try:
            return await self._worked(engine, wish)
        finally:
            await engine.dispose()

    async def _worked(self, engine: AsyncEngine, wish: WorkMessage) -> ItemWorked:
        found, book = await item_of_message(engine, wish.message), self._book()
        if found is None:
            return self._answer(wish, "none")
        if wish.change == "outcomes":
            outcomes = tuple(outcomes_of(book, found.category))
            return ItemWorked(at=self._clock(), message=wish.message, answer="outcomes", outcomes=outcomes)
        made, answer = CHANGES.get(wish.change, (None, "closed"))
        change: Change = made() if made is not None else Close(wish.outcome)
        after = await change_item(engine, found.id, change, Actor(wish.by), self._clock(), book)
        self.taken([contact.call for contact in after.contacts], after.owner, after.outcome)
        number = after.number if answer == "called" and after.number.value else None
        return ItemWorked(at=self._clock(), message=wish.message, answer=answer, number=number)

    def _answer(self, wish: WorkMessage, answer: str) -> ItemWorked:
        return ItemWorked(at=self._clock(), message=wish.message, answer=answer)


def _there(url: str) -> bool:
    """Whether a SQLite file is there: connecting would make an empty one."""
    parsed = parse_url(url)
    return parsed.get_backend_name() != "sqlite" or Path(parsed.database or "").exists()
