"""What came to a queue, by the quarter hour: the same on both databases."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.demand import Quarter, demand
from tests.support.report_calls import write_calls

pytestmark = pytest.mark.integration


async def test_quarters_add_up_to_what_came(engine: AsyncEngine) -> None:
    since, until = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
    assert await demand(engine, "front", since, until) == []
    await write_calls(engine)
    found = await demand(engine, "front", since, until)
    assert found
    assert [quarter.slot for quarter in found] == sorted({quarter.slot for quarter in found})
    middle = datetime.fromtimestamp(found[0].slot * 900, UTC) + timedelta(minutes=15)
    halves = await demand(engine, "front", since, middle) + await demand(engine, "front", middle, until)
    assert halves == found
    assert all(isinstance(quarter, Quarter) and quarter.offered >= quarter.answered for quarter in found)
