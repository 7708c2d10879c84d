"""Makes the reports that the rules ask for when they are due, once each, and has people told."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.deliveries import announced
from clinicpbx.adapters.db.outbox import announce
from clinicpbx.adapters.vault.durable import SHARED_FILE, make_folder, write_durably
from clinicpbx.core.records.saved import SavedReport
from clinicpbx.core.records.stretch import stretch
from clinicpbx.core.rulebook import Rulebook
from clinicpbx.paths import Instance
from clinicpbx.reports._reckon import page_of
from clinicpbx.reports._report import Period
from clinicpbx.reports._sheet import Page
from clinicpbx.reports._week import week_page
from clinicpbx.reports.formats import as_file

log = structlog.get_logger(__name__)
KIND = "report_ready"
PAUSE = timedelta(minutes=10)
"""After what went wrong with one, until it is tried again."""
FOLDER = 0o750


def file_of(instance: Instance, saved: SavedReport, due: datetime) -> Path:
    """Where the edition that was *due* then lies, once it is made."""
    return instance.reports / f"{saved.edition(due)}.{saved.format}"


async def saved_page(engine: AsyncEngine, saved: SavedReport, due: datetime, now: datetime, book: Rulebook) -> Page:
    """The page of *saved*, of its period as of *due*, whose zone is the clinic's, whose rules are *book*."""
    zone = due.tzinfo
    assert isinstance(zone, ZoneInfo)
    since, until = stretch(saved.period, due, zone)
    period, clinic = Period(since, until, by=saved.by, zone=zone.key, now=now), book.notify.clinic
    if saved.report == "week":
        return await week_page(engine, period.counted(saved.threshold, book.targets), clinic, saved.target)
    return await page_of(engine, saved.report, period.counted(saved.threshold, book.targets), clinic)


class SavedReports:
    """Looks each turn; makes one after the other beside what else the process does.

    An edition is made if neither its file nor its notice is there: the notice is kept over restarts, for longer than a
    month, the file for as long as the clinic likes.
    """

    def __init__(self, instance: Instance, engine: AsyncEngine, reading: AsyncEngine) -> None:
        self._instance, self._engine, self._reading = instance, engine, reading
        self._task: asyncio.Task[None] | None = None
        self._known: set[str] = set()
        self._again: dict[str, datetime] = {}

    def look(self, book: Rulebook, now: datetime) -> None:
        """Begins what is due, unless something is being made; *now* is aware."""
        waiting = list(self._due(book, now)) if self._task is None or self._task.done() else []
        if waiting:
            self._task = asyncio.create_task(self._make_all(waiting, book, now))

    async def end(self) -> None:
        """What is being made is finished."""
        if self._task is not None:
            await self._task

    def _due(self, book: Rulebook, now: datetime) -> Iterator[tuple[SavedReport, datetime]]:
        for saved in book.reports:
            due = saved.due_last(now, book.notify.zone)
            edition = saved.edition(due)
            if edition not in self._known and now >= self._again.get(edition, now):
                yield saved, due

    async def _make_all(self, waiting: list[tuple[SavedReport, datetime]], book: Rulebook, now: datetime) -> None:
        for saved, due in waiting:
            edition = saved.edition(due)
            try:
                await self._make(saved, due, book, now)
                self._known.add(edition)
            except (SQLAlchemyError, OSError) as fault:
                self._again[edition] = now + PAUSE
                log.error("a saved report could not be made", report=edition, error=type(fault).__name__)
            except Exception as bug:  # one report must not stop the others, nor the notices
                self._again[edition] = now + PAUSE
                log.error("a bug in a saved report", report=edition, kind=type(bug).__name__)

    async def _make(self, saved: SavedReport, due: datetime, book: Rulebook, now: datetime) -> None:
        file, edition = file_of(self._instance, saved, due), saved.edition(due)
        if not file.exists():
            async with self._reading.connect() as connection:
                told = await announced(connection, KIND, edition)
            if told:
                return
            page = await saved_page(self._reading, saved, due, now, book)
            await asyncio.to_thread(_write, file, as_file(saved.format, page))
            log.info("a report was made", report=edition)
        async with self._engine.begin() as connection:
            await announce(connection, KIND, edition, {"to": list(saved.to), "file": file.name}, at=due)


def _write(file: Path, content: bytes) -> None:
    """All of it or nothing, for the group to read."""
    make_folder(file.parent, FOLDER)
    write_durably(file, content, SHARED_FILE)
