"""What came to a queue, by the quarter hour: the same on both databases."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clinicpbx.adapters.db.demand import Quarter, demand
from clinicpbx.adapters.db.engine import make_engine
from tests.support.postgres import cluster
from tests.support.record_database import make_database
from tests.support.report_calls import write_calls

pytestmark = pytest.mark.integration


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/main.db"
        return
    with cluster() as made:
        yield made.url


async def test_quarters_add_up_to_what_came(url: str) -> None:
    await make_database(url)
    engine = make_engine(url, writes=True)
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
    await engine.dispose()
