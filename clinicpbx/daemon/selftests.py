"""Keeps what came of the self-tests, and begins them: at the times of the rules, and when asked to."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog

from clinicpbx.adapters.metrics import Metrics
from clinicpbx.core.callflow.rehearsal import SELFTEST
from clinicpbx.core.rulebook import Rulebook
from clinicpbx.core.selftest.due import due
from clinicpbx.core.selftest.walk import Finding
from clinicpbx.daemon.call_runtime import where
from clinicpbx.daemon.selftest_calls import findings
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings

log = structlog.get_logger(__name__)

Row = dict[str, Any]
SETTLE = 5.0  # seconds; between Asterisk's reload and the daemon's, a change of the rules takes less


class Store(Protocol):
    def fact(self, call: str, at: datetime, kind: str, detail: Mapping[str, object]) -> None: ...
    def facts_of(self, kind: str) -> list[Row]: ...


def row_of(finding: Finding) -> Row:
    """*finding* as it is shown and kept; how long things took in milliseconds."""
    spent = {name: _milliseconds(getattr(finding, name)) for name in ("answered", "sounded")}
    row = {**asdict(finding), **spent, "at": finding.at.isoformat(timespec="seconds"), "ok": finding.ok}
    return {**row, "prompts": list(finding.prompts)}


class SelfTests:
    """One run at a time; one that is asked for meanwhile follows it."""

    def __init__(
        self,
        instance: Instance,
        settings: Settings,
        store: Store,
        metrics: Metrics,
        clock: Callable[[], datetime],
        book: Callable[[], Rulebook],
    ) -> None:
        self._instance, self._settings = instance, settings
        self._store, self._metrics, self._clock, self._book = store, metrics, clock, book
        self._seen = clock()
        self._run: asyncio.Task[None] | None = None
        self._again = False
        self._last: dict[tuple[str, str], Row] = {}
        for row in store.facts_of(SELFTEST):
            self._show(row)

    def look(self) -> None:
        """Every second: is it time?"""
        now = self._clock()
        if due(self._book().selftest, self._seen, now):
            self.begin()
        self._seen = now

    def begin(self) -> int:
        """Test every entry from now on, without waiting for it; how many there are."""
        self._again = True
        if self._run is None or self._run.done():
            self._run = asyncio.get_running_loop().create_task(self._test())
        return len(self._book().entries)

    def keep(self, row: Row) -> None:
        """A finding, for the record, the metrics and whoever has to know."""
        at = datetime.fromisoformat(row["at"])
        self._store.fact(row["call"], at, SELFTEST, row)
        if not row["ok"]:
            log.error("a self-test failed", entry=row["entry"], path=row["path"], problem=row["problem"])
            self._store.fact(row["call"], at, "notify", {"kind": "self_test_failed", "about": row["call"]})
        self._show(row)

    def rows(self) -> list[Row]:
        """The last finding of each entry that the rules have, by each path."""
        entries = list(self._book().entries)
        found = (row for row in self._last.values() if row["entry"] in entries)
        return sorted(found, key=lambda row: (entries.index(row["entry"]), row["path"] != "rules"))

    async def stop(self) -> None:
        if self._run is not None:
            self._run.cancel()
            await asyncio.gather(self._run, return_exceptions=True)

    def _show(self, row: Row) -> None:
        self._last[row["entry"], row["path"]] = row
        ok = all(each["ok"] for each in self._last.values() if each["entry"] == row["entry"])
        self._metrics.selftest.labels(row["entry"]).set(ok)

    async def _test_all(self, book: Rulebook) -> None:
        """What is found wrong while the rules change is no finding: the test begins anew."""
        async for finding in findings(self._instance, self._settings, book, list(book.entries)):
            if not finding.ok:
                await asyncio.sleep(SETTLE)
            if self._book().version != book.version:
                self._again = True
                return
            self.keep(row_of(finding))

    async def _test(self) -> None:
        while self._again:
            self._again = False
            book = self._book()
            log.info("the self-test begins", entries=len(book.entries))
            try:
                await self._test_all(book)
            except ClinicPBXError as error:
                log.error("the self-test could not be made", reason=str(error))
            except Exception as bug:
                log.error("a bug in the self-test", **where(bug))


def _milliseconds(spent: timedelta | None) -> int | None:
    return None if spent is None else round(spent.total_seconds() * 1000)
