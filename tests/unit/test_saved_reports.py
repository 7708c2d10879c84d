"""Reports that come by themselves: once an edition, over restarts, for the group to read, told by an id alone."""

import asyncio
import errno
import json
import os
import stat
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.deliveries import forget, route
from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.adapters.db.outbox import notice
from clinicpbx.adapters.notify.answer import Answer
from clinicpbx.adapters.vault.durable import write_durably
from clinicpbx.core.acd.target import QueueTarget
from clinicpbx.core.notify.letter import Notice, look
from clinicpbx.core.notify.targets import NotifyRules
from clinicpbx.core.records.saved import DAILY, SavedReport
from clinicpbx.core.rulebook import QueueRules, Rulebook
from clinicpbx.daemon import saved_reports
from clinicpbx.daemon.notifier import Notifier
from clinicpbx.daemon.saved_reports import PAUSE, SavedReports, saved_page
from clinicpbx.paths import Instance
from clinicpbx.reports import REPORTS
from clinicpbx.reports._sheet import Page
from clinicpbx.reports.formats import FORMATS
from clinicpbx.rules.report_document import BY, ReportRule
from tests.support.weeks import ZONE, make_clinic
from tests.unit.test_cli_report import rows, run

pytestmark = pytest.mark.unit
NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)  # Monday, 7:30 at the clinic
WEEK = SavedReport("weekly", "week", "last-week", "mon", time(7), to=("manager",))


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    return Instance(tmp_path / "home")


@pytest.fixture
async def engine(instance: Instance) -> AsyncIterator[AsyncEngine]:
    await asyncio.to_thread(make_clinic, instance.home)
    made = make_engine(f"sqlite:///{instance.database}", writes=True)
    yield made
    await made.dispose()


def book(*saved: SavedReport) -> Rulebook:
    return Rulebook("1", {}, notify=NotifyRules("Harbor", ZONE), reports=saved)


async def looked(instance: Instance, engine: AsyncEngine, now: datetime, *saved: SavedReport) -> SavedReports:
    """After a restart: what one process makes that looks once."""
    made = SavedReports(instance, engine, engine)
    made.look(book(*saved), now)
    await made.end()
    return made


def files(instance: Instance) -> list[str]:
    return sorted(path.name for path in instance.reports.iterdir())


async def notices(engine: AsyncEngine) -> list[tuple[str, str, dict[str, object]]]:
    async with engine.connect() as connection:
        found = await connection.execute(
            select(notice.c.kind, notice.c.about, notice.c.detail).order_by(notice.c.about)
        )
        return [(kind, about, json.loads(detail)) for kind, about, detail in found]


async def test_an_edition_is_made_once_and_told_once(instance: Instance, engine: AsyncEngine) -> None:
    before = os.umask(0o077)  # as the services have it
    try:
        await looked(instance, engine, NOW, WEEK)
    finally:
        os.umask(before)
    file = instance.reports / "weekly-2026-11-23.html"
    assert stat.S_IMODE(instance.reports.stat().st_mode) == 0o750
    assert files(instance) == [file.name]
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert "The week 2026-W47" in file.read_text()
    told = await notices(engine)
    assert told == [("report_ready", "weekly-2026-11-23", {"to": ["manager"], "file": file.name})]
    made = file.stat().st_mtime_ns
    for later in (timedelta(0), timedelta(hours=3), timedelta(days=6)):
        await looked(instance, engine, NOW + later, WEEK)
    assert (file.stat().st_mtime_ns, await notices(engine)) == (made, told)
    file.unlink()  # somebody took it away: it does not come back
    await looked(instance, engine, NOW, WEEK)
    assert files(instance) == []
    await looked(instance, engine, NOW + timedelta(days=7), WEEK)
    assert files(instance) == ["weekly-2026-11-30.html"]
    assert len(await notices(engine)) == 2


async def test_what_was_made_before_a_crash_is_told_after_it(instance: Instance, engine: AsyncEngine) -> None:
    instance.reports.mkdir()
    (instance.reports / "weekly-2026-11-23.html").write_text("made")
    await looked(instance, engine, NOW, WEEK)
    assert (instance.reports / "weekly-2026-11-23.html").read_text() == "made"
    assert [about for _, about, _ in await notices(engine)] == ["weekly-2026-11-23"]


async def test_a_months_edition_that_was_taken_away_does_not_come_back_within_the_month(
    instance: Instance, engine: AsyncEngine
) -> None:
    month = SavedReport("month", "week", "last-week", "monthly", time(6), to=("manager",))
    due = datetime(2026, 10, 1, 6, tzinfo=ZONE)
    await looked(instance, engine, due, month)
    (file,) = instance.reports.iterdir()
    file.unlink()
    # October has 31 days, and one of 25 hours after it
    for at in (due + timedelta(days=30, hours=12), datetime(2026, 11, 1, 5, 59, tzinfo=ZONE)):
        later = at.astimezone(UTC)
        async with engine.begin() as connection:
            await route(connection, lambda kind, named: (), later)
            await forget(connection, later)
        await looked(instance, engine, later, month)
        assert files(instance) == []
    await looked(instance, engine, datetime(2026, 11, 1, 6, tzinfo=ZONE), month)
    assert files(instance) == ["month-2026-11-01.html"]


async def test_nothing_is_begun_while_something_is_being_made(
    instance: Instance, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = list[str](), asyncio.Event()

    async def slow(reading: AsyncEngine, saved: SavedReport, *rest: Any) -> Page:
        begun.append(saved.name)
        await go_on.wait()
        return await saved_page(reading, saved, *rest)

    monkeypatch.setattr(saved_reports, "saved_page", slow)
    made = SavedReports(instance, engine, engine)
    async with asyncio.timeout(20):
        made.look(book(WEEK), NOW)
        while not begun:
            await asyncio.sleep(0)
        made.look(book(WEEK), NOW)
        for _ in range(100):
            await asyncio.sleep(0)
        go_on.set()
        await made.end()
    assert begun == ["weekly"]
    assert files(instance) == ["weekly-2026-11-23.html"]


async def test_the_notifier_ends_when_what_is_being_made_is_finished(instance: Instance, engine: AsyncEngine) -> None:
    async def nobody(*_: object) -> Answer:
        raise AssertionError("nothing is to be sent")

    notifier = Notifier(instance, engine, nobody)
    notifier._saved.look(book(WEEK), NOW)
    notifier.stop()
    await notifier.run()
    assert files(instance) == ["weekly-2026-11-23.html"]


async def test_one_that_fails_stops_no_other_and_is_tried_again_later(
    instance: Instance, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, *rest: Any) -> None:
        if path.name == "daily-2026-11-23.csv":
            raise OSError(errno.ENOSPC, "No space left on device")
        write_durably(path, *rest)

    monkeypatch.setattr(saved_reports, "write_durably", full)
    daily = SavedReport("daily", "call_volume", "yesterday", DAILY, time(6), by="hour", format="csv")
    made = await looked(instance, engine, NOW, daily, WEEK)
    assert files(instance) == ["weekly-2026-11-23.html"]
    monkeypatch.setattr(saved_reports, "write_durably", write_durably)
    made.look(book(daily, WEEK), NOW + PAUSE / 2)
    await made.end()
    assert files(instance) == ["weekly-2026-11-23.html"]
    made.look(book(daily, WEEK), NOW + PAUSE)
    await made.end()
    assert files(instance) == ["daily-2026-11-23.csv", "weekly-2026-11-23.html"]


@pytest.mark.parametrize("format", FORMATS)
async def test_every_format_can_be_saved(instance: Instance, engine: AsyncEngine, format: str) -> None:
    one = SavedReport("levels", "service_level", "last-month", "monthly", time(6), format=format)
    await looked(instance, engine, NOW, one)
    assert files(instance) == [f"levels-2026-11-01.{format}"]


async def test_the_notice_names_the_command_that_tells_where_it_lies(instance: Instance, engine: AsyncEngine) -> None:
    await looked(instance, engine, NOW, SavedReport("week", "week", "last-week", "mon", time(7)))
    command = look(Notice("1", "report_ready", "week-2026-11-23", NOW))
    assert command == "clinicpbx report saved week-2026-11-23"
    (row,) = rows(instance.home, "report", "saved", "week-2026-11-23")
    assert row["file"] == str(instance.reports / "week-2026-11-23.html")
    assert (row["name"], row["at"]) == ("week", "mon 07:00")
    assert rows(instance.home, "report", "saved", "other-2026-11-23") == []
    assert "week" in run(instance.home, "report", "saved").stdout


@pytest.mark.parametrize(
    ("more", "missed"),
    [
        ({}, {"refills": "30.0 points too few answered in time, 10.0 points too many abandoned"}),
        ({"target": 82}, dict.fromkeys(("nurse", "refills"), "too few answered in time")),
        ({"threshold": 60}, {}),  # 30 of 37 and 28 of 35: the usual share of all queues
    ],
)
async def test_the_week_comes_with_the_targets_of_the_rules_unless_it_has_its_own(
    engine: AsyncEngine, more: dict[str, float], missed: dict[str, str]
) -> None:
    promised = {"nurse": QueueTarget(81, timedelta(minutes=1)), "refills": QueueTarget(70, abandoned=10)}
    queues = {name: QueueRules(name, target=target) for name, target in promised.items()}
    page = await saved_page(engine, replace(WEEK, **more), NOW.astimezone(ZONE), NOW, replace(book(), queues=queues))
    (sheet,) = [sheet for sheet in page.sheets if sheet.title == "Queues that missed their target"]
    assert {row["queue"] for row in sheet.rows} == missed.keys()
    assert all(missed[row["queue"]] in row["missed"] for row in sheet.rows)


def test_the_rules_know_every_report_and_what_it_may_be_by() -> None:
    assert {**{name: report.by for name, report in REPORTS.items()}, "week": ()} == BY
    assert list(FORMATS) == sorted(ReportRule.model_json_schema()["properties"]["format"]["enum"])
