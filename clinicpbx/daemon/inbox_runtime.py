"""What the listener does for the inbox: the rules in force, a look for breaches every minute, the notice of the day."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from clinicpbx.adapters.db.inbox import Announce, find_breaches
from clinicpbx.adapters.db.inbox_lists import ids_of_today
from clinicpbx.adapters.db.records import NO_RULES
from clinicpbx.core.inbox.due import today
from clinicpbx.core.notify.daily import DAILY, day_due
from clinicpbx.core.rulebook import Rulebook
from clinicpbx.daemon.rulebooks import Rulebooks
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance

log = structlog.get_logger(__name__)
LOOK = timedelta(minutes=1)


async def logged(connection: AsyncConnection, kind: str, about: str, detail: Mapping[str, object]) -> None:
    """An announcement for the log alone."""
    log.warning("an item of the inbox is overdue", kind=kind, item=about, category=detail.get("category"))


class InboxRuntime:
    """The rules for items, read anew when others are in force or the day is another; without any, the defaults."""

    def __init__(self, instance: Instance, engine: AsyncEngine, announce: Announce = logged) -> None:
        self._instance, self._engine, self._announce = instance, engine, announce
        self._book = NO_RULES
        self._read: tuple[str, date] | None = None
        self._told = ""
        self._looked = datetime.min.replace(tzinfo=UTC)

    def book(self) -> Rulebook:
        """The rules in force; those read last, where they cannot be read."""
        now = self._instance.current.resolve().name, datetime.now(UTC).date()
        if now != self._read:
            self._read = now
            try:
                self._book = Rulebooks(self._instance).load(now[1])
            except ClinicPBXError as error:
                log.warning("the inbox goes by the rules it had", rules=self._book.version, kind=type(error).__name__)
        return self._book

    async def look(self, at: datetime) -> int:
        """Tells of what has become overdue, at most once a minute, and once a day of all; how much became overdue."""
        if at - self._looked < LOOK:
            return 0
        self._looked = at
        await self._tell_daily(at)
        return await find_breaches(self._engine, at, self.book(), self._announce)

    async def _tell_daily(self, at: datetime) -> None:
        book = self.book()
        daily = book.notify.daily
        day = day_due(daily, book.notify.zone, at) if daily is not None else ""
        if daily is None or day in ("", self._told):
            return
        since, until = today(at, next(iter(book.hours.values()), None))
        async with self._engine.begin() as connection:
            figures = await ids_of_today(connection, at, since, until)
            await self._announce(connection, DAILY, day, {"to": list(daily.to), **figures})
        self._told = day
