"""Every report gives the figures worked out by hand, on both databases, and on an empty one."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.calls import rows
from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.adapters.db.spells import keep_spells
from clinicpbx.adapters.db.tables import interaction
from clinicpbx.core.acd.target import QueueTarget
from clinicpbx.core.records.rows import Fact
from clinicpbx.reports import REPORTS
from clinicpbx.reports._report import Period
from tests.support.postgres import cluster
from tests.support.record_database import make_database
from tests.support.report_day import DAY, EXPECTED, PERIOD, call, stay, write_day, write_records_of

pytestmark = pytest.mark.integration
FROM_ROWS = replace(PERIOD, tallied=False)


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with cluster() as made:
        yield made.url


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('records')}/main.db"
    return str(request.getfixturevalue("postgres"))


async def figures(engine: AsyncEngine, name: str, period: Period) -> list[dict[str, Any]]:
    report = REPORTS[name]
    return [report.row(row, period) for row in await rows(engine, report.select(period))]


def test_every_report_has_its_figures() -> None:
    assert set(REPORTS) == set(EXPECTED)


@pytest.fixture(scope="module")
def filled(url: str) -> str:
    """A database with all that happened on DAY."""

    async def fill() -> None:
        await make_database(url)
        engine = make_engine(url, writes=True)
        await write_day(engine)
        await engine.dispose()

    asyncio.run(fill())
    return url


@pytest.fixture
async def engine(filled: str) -> AsyncIterator[AsyncEngine]:
    made = make_engine(filled, writes=True)
    yield made
    await made.dispose()


async def test_nothing_gives_no_rows(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/main.db"
    await make_database(url)
    engine = make_engine(url)
    for name, report in REPORTS.items():
        for by in report.by or ("",):
            for tallied in (True, False):
                assert await figures(engine, name, replace(PERIOD, by=by, tallied=tallied)) == [], (name, by)
    await engine.dispose()


@pytest.mark.parametrize("period", [FROM_ROWS, PERIOD], ids=["rows", "tallies"])
@pytest.mark.parametrize("name", REPORTS)
async def test_every_report_has_the_figures_worked_out_by_hand(engine: AsyncEngine, name: str, period: Period) -> None:
    found = await figures(engine, name, period)
    assert [list(row.values()) for row in found] == EXPECTED[name]
    assert list(found[0]) == [column.name for column in REPORTS[name].columns]


BEHIND = {
    "call_volume": "calls",
    "demand": "calls",
    "transfers": "transferred",
    "first_call_resolution": "contacts",
    "repeat_callers": "calls",
    "callbacks": "promised",
    "menu_paths": "calls",
    "abandoned_calls": "abandoned",
    "agent_time": "calls",
    "handle_time": "answered",
}
"""Reports one of whose figures counts calls, each once."""


async def test_the_calls_behind_each_row_are_found(engine: AsyncEngine) -> None:
    for name, report in REPORTS.items():
        for by in report.by or ("",):
            if report.calls is None:
                continue
            period = replace(FROM_ROWS, by=by)
            for row in await figures(engine, name, period):
                behind = select(interaction.c.call).where(report.calls(period, row))
                found = [each["call"] for each in await rows(engine, behind)]
                assert "c.8" not in found, (name, by, row)
                if name in BEHIND:
                    assert len(found) == row[BEHIND[name]], (name, by, row, found)
                else:
                    assert found, (name, by, row)


async def test_rows_stand_for_hours_days_and_weekdays_of_the_clinic(engine: AsyncEngine) -> None:
    there = replace(FROM_ROWS, zone="America/New_York", since=DAY - timedelta(days=1))
    by_day = await figures(engine, "call_volume", replace(there, by="day"))
    # midnight UTC is 19:00 the day before; c.8 began at 18:59
    assert [(row["day"], row["kind"], row["calls"]) for row in by_day] == [
        ("2026-11-23", "inbound", 11),
        ("2026-11-23", "internal", 1),
        ("2026-11-24", "inbound", 3),
        ("2026-11-24", "outbound", 1),
    ]
    by_hour = await figures(engine, "abandoned_calls", replace(there, by="hour"))
    assert [(row["hour"], row["entries"], row["abandoned"]) for row in by_hour] == [
        ("18:00", 2, 0),
        ("19:00", 7, 3),
        ("20:00", 4, 0),
    ]
    by_weekday = await figures(engine, "service_level", replace(there, by="weekday"))
    assert [(row["weekday"], row["offered"]) for row in by_weekday] == [("Monday", 11), ("Tuesday", 1)]


async def test_an_hour_that_comes_twice_is_one_row_and_a_day_of_25_hours_one_day(engine: AsyncEngine) -> None:
    back = datetime(2026, 11, 1, 4, tzinfo=UTC)  # midnight in New York; at 06:00 UTC the clocks go back
    hours = [(start - DAY).total_seconds() / 60 for start in (back + timedelta(hours=n / 2) for n in range(52))]
    await write_records_of(engine, [call(f"dst.{n}", minute, "informed") for n, minute in enumerate(hours)])
    night = Period(back, back + timedelta(hours=26), zone="America/New_York", tallied=False)
    by_hour = {row["hour"]: row["calls"] for row in await figures(engine, "call_volume", replace(night, by="hour"))}
    assert (by_hour["00:00"], by_hour["01:00"], by_hour["02:00"]) == (4, 4, 2)  # 00:00 also of the next day
    by_day = [(row["day"], row["calls"]) for row in await figures(engine, "call_volume", replace(night, by="day"))]
    assert by_day == [("2026-11-01", 50), ("2026-11-02", 2)]


async def test_thresholds_are_met_by_what_is_equal(engine: AsyncEngine) -> None:
    def levels(**more: float) -> Period:
        return replace(FROM_ROWS, **more)  # type: ignore[arg-type]

    (front, _) = await figures(engine, "service_level", levels(threshold=19.999, short=4.999))
    assert (front["answered_in_time"], front["abandoned_short"]) == (0, 0)
    (front, _) = await figures(engine, "service_level", levels(threshold=40, short=55))
    assert (front["answered_in_time"], front["abandoned_short"], front["of_offered_but_short"]) == (2, 2, 33.3)


@pytest.mark.parametrize("period", [FROM_ROWS, PERIOD], ids=["rows", "tallies"])
async def test_each_queue_is_counted_by_its_own_target(engine: AsyncEngine, period: Period) -> None:
    front = QueueTarget(25, timedelta(seconds=45), abandoned=25)  # 20 and 40 s of eight; two of eight gave up
    nurses = QueueTarget(70, timedelta(minutes=2))  # 2 and 120 s of three
    promised = replace(period, targets={"front": front, "nurses": nurses, "none": QueueTarget(99)})
    told = ("queue", "answered_in_time", "of_offered", "target", "met")
    assert [[row[name] for name in told] for row in await figures(engine, "service_level", promised)] == [
        ["front", 2, 25.0, "25 % within 45 s, at most 25 % abandoned", "yes"],
        ["nurses", 2, 66.7, "70 % within 120 s", "no"],
    ]
    for more, met in ((QueueTarget(25.1, front.within), "no"), (QueueTarget(abandoned=24.9), "no"), (nurses, "no")):
        (row, _) = await figures(engine, "service_level", replace(promised, targets={"front": more}))
        assert row["met"] == met
    (day,) = await figures(engine, "service_level", replace(promised, by="day"))
    assert (day["offered"], day["answered_in_time"], "met" in day) == (11, 4, False)
    (row, other) = await figures(engine, "service_level", replace(promised, targets={"nurses": nurses}))
    assert (row["answered_in_time"], row["met"], other["answered_in_time"]) == (1, "", 2)


async def test_a_queue_where_all_give_up_has_no_means_and_the_end_of_a_period_is_not_in_it(engine: AsyncEngine) -> None:
    day = DAY - timedelta(days=100)
    minutes = [(day - DAY).total_seconds() / 60 + n for n in (0, 10, 15)]
    given_up = [call(f"up.{n}", minute, "abandoned", stay(4, "abandoned")) for n, minute in enumerate(minutes)]
    await write_records_of(engine, given_up)
    for tallied in (True, False):
        period = Period(day, day + timedelta(minutes=15), tallied=tallied)
        (level,) = await figures(engine, "service_level", period)
        assert (level["offered"], level["abandoned"], level["abandoned_short"], level["of_offered"]) == (2, 2, 2, 0.0)
        assert level["of_offered_but_short"] is level["of_answered"] is level["speed_of_answer"] is None
        assert level["longest_wait"] == 4.0
        assert await figures(engine, "handle_time", period) == []


async def test_contacts_of_the_last_days_are_not_known_yet(engine: AsyncEngine) -> None:
    now = PERIOD.since + timedelta(days=7, minutes=5)
    found = await figures(engine, "first_call_resolution", replace(FROM_ROWS, now=now))
    assert [(row["contacts"], row["known"], row["again"]) for row in found] == [(2, 0, 0), (1, 0, 0), (1, 0, 0)]
    now += timedelta(minutes=10)
    found = await figures(engine, "first_call_resolution", replace(FROM_ROWS, now=now))
    assert [(row["contacts"], row["known"], row["again"]) for row in found] == [(2, 1, 1), (1, 1, 1), (1, 0, 0)]
    found = await figures(engine, "first_call_resolution", replace(FROM_ROWS, days=1, now=now))
    assert [(row["known"], row["again"], row["resolution"]) for row in found] == [
        (2, 1, 50.0),
        (1, 1, 0.0),
        (1, 0, 100.0),
    ]


async def test_a_login_that_nobody_ends_has_the_length_of_each_day(engine: AsyncEngine) -> None:
    login = {"name": "zoe", "agent": "zoe", "state": "ready", "reason": ""}
    since = datetime(2026, 10, 31, 12, tzinfo=UTC)
    async with engine.begin() as connection:
        await keep_spells(connection, [Fact("", since, "agent", login)])
        out = {**login, "state": "out"}
        await keep_spells(connection, [Fact("", since + timedelta(days=4), "agent", out)])
    midnights = Period(since, datetime(2026, 11, 3, 5, tzinfo=UTC), by="day", zone="America/New_York", tallied=False)
    hours = {row["day"]: row["logged_in"] / 3600 for row in await figures(engine, "agent_time", midnights)}
    assert hours == {"2026-10-31": 16, "2026-11-01": 25, "2026-11-02": 24}
    back = replace(midnights, until=datetime(2026, 11, 2, 5, tzinfo=UTC))
    hours = {row["day"]: row["logged_in"] / 3600 for row in await figures(engine, "agent_time", back)}
    assert hours == {"2026-10-31": 16, "2026-11-01": 25}


async def test_a_shift_over_midnight_is_divided_and_an_open_one_counts_until_now(engine: AsyncEngine) -> None:
    wide = replace(FROM_ROWS, since=DAY - timedelta(days=1), until=DAY + timedelta(days=3), by="day")
    found = await figures(engine, "agent_time", replace(wide, now=DAY + timedelta(days=1, hours=6)))
    times = {row["day"]: (row["logged_in"], row["paused"]) for row in found}
    assert times["2026-11-23"] == (2 * 3600.0, 0.0)
    assert times["2026-11-24"] == ((24 + 8 + 1) * 3600.0, 1800.0 + 1800.0)
    assert times["2026-11-25"] == (6 * 3600.0, 1800.0)
    assert "2026-11-26" not in times
    pauses = await figures(engine, "pauses", replace(FROM_ROWS, by="day"))
    assert [(row["day"], row["times"], row["paused"]) for row in pauses] == [("2026-11-24", 2, 3600.0)]
    pauses = await figures(engine, "pauses", replace(wide, by="day"))
    assert [(row["day"], row["times"], row["paused"]) for row in pauses] == [
        ("2026-11-24", 2, 3600.0),
        ("2026-11-25", 1, 1800.0),
    ]
