"""The rows that a period picks count each of its quarter hours once, and say on which day and at what hour it was."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.adapters.db.tallies import add_counts
from clinicpbx.adapters.db.tally_tables import (
    call_tally,
    covering,
    local_day,
    local_quarter,
    weekly,
    widened,
)
from clinicpbx.core.records import slots
from clinicpbx.core.records.sums import Sums
from tests.support.record_database import make_database

pytestmark = pytest.mark.integration
# clocks that change at midnight, by half an hour, at another offset than whole hours, and not at all
ZONES = ["America/New_York", "America/Havana", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]
FIRST, LAST = (slots.quarter_of(datetime(2026, month, 20, tzinfo=UTC)) for month in (1, 12))


@pytest.fixture(params=ZONES)
async def counted(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[AsyncEngine, ZoneInfo]]:
    """A call of two numbers each in each quarter hour of eleven months."""
    url, zone = f"sqlite:///{tmp_path}/main.db", ZoneInfo(request.param)
    await make_database(url)
    engine, sums = make_engine(url, writes=True), Sums()
    for quarter in range(FIRST, LAST):
        for did, outcome in (("+12125550100", "answered"), ("+12125550101", "abandoned")):
            sums.add(slots.instant_of(quarter), [(("call_tally", ("", did, "inbound", outcome)), {"calls": 1})])
    async with engine.begin() as connection:
        await add_counts(connection, "call_tally", sums.rows(zone)["call_tally"])
    yield engine, zone
    await engine.dispose()


PERIODS = [
    ("2026-01-20", "2026-12-20"),
    ("2026-03-08", "2026-03-09"),
    ("2026-03-07T22:15", "2026-03-08T13:45"),
    ("2026-04-01T00:15", "2026-04-30T23:45"),
    ("2026-04-05", "2026-11-01T06:00"),
    ("2026-10-31T23:45", "2026-11-01T07:15"),
    ("2026-11-01T04:00", "2026-11-01T04:00"),
    ("2026-02-27T09:30", "2026-10-02T14:00"),
]


async def test_each_quarter_hour_counts_once_where_and_when_it_was(counted: tuple[AsyncEngine, ZoneInfo]) -> None:
    engine, zone = counted
    calls = func.sum(call_tally.c.calls) / 2
    for words in PERIODS:
        since, until = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in words)
        period = since, until, zone.key
        quarters = range(slots.quarter_of(since), slots.quarter_of(until))
        of_day = Counter(slots.day_of(quarter, zone) for quarter in quarters)
        of_week = Counter(slots.hour_of_week(quarter, zone) % slots.WEEK for quarter in quarters)
        for pick, what, expected in (
            (covering, local_day, of_day),
            (weekly, local_quarter, of_week),
            (partial(weekly, grain="demand"), local_quarter, of_week),
        ):
            label = what(call_tally, *period).label("label") if quarters else call_tally.c.slot.label("label")
            query = select(label, calls).where(pick(call_tally, *period)).group_by("label")
            async with engine.connect() as connection:
                found = {row[0]: row[1] for row in await connection.execute(query)}
            assert found == expected, (words, pick)


def test_periods_that_cut_a_quarter_hour_are_refused_and_can_be_widened() -> None:
    since, until = datetime(2026, 11, 24, 8, 7, tzinfo=UTC), datetime(2026, 11, 24, 9, 0, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match="whole quarter hours"):
        covering(call_tally, since, until, "UTC")
    wide = widened(since, until)
    assert wide == (datetime(2026, 11, 24, 8, tzinfo=UTC), datetime(2026, 11, 24, 9, 15, tzinfo=UTC))
    assert widened(*wide) == wide
    assert wide[1] - wide[0] == timedelta(minutes=75)
