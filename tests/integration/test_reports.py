"""Every report gives the figures worked out by hand, on both databases, and on an empty one."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.calls import rows
from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.adapters.db.tables import interaction
from clinicpbx.reports import REPORTS
from clinicpbx.reports._report import Period
from tests.support.postgres import PROGRAMS, cluster
from tests.support.record_database import make_database
from tests.support.report_calls import EXPECTED, PERIOD, write_calls

pytestmark = pytest.mark.integration
FROM_ROWS = replace(PERIOD, tallied=False)


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    if PROGRAMS is None:
        pytest.skip("no PostgreSQL on this machine")
    with cluster() as made:
        yield made.url


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('records')}/main.db"
    return str(request.getfixturevalue("postgres"))


async def figures(engine: AsyncEngine, name: str, period: Period) -> list[dict[str, Any]]:
    report = REPORTS[name]
    return [report.row(row, period.by) for row in await rows(engine, report.select(period))]


def test_every_report_has_its_figures() -> None:
    assert set(REPORTS) == set(EXPECTED)


async def test_reports(url: str) -> None:
    await make_database(url)
    engine = make_engine(url, writes=True)
    for name, report in REPORTS.items():
        for by in report.by or ("",):
            for tallied in (True, False):
                assert await figures(engine, name, replace(PERIOD, by=by, tallied=tallied)) == [], (name, by)
    await write_calls(engine)
    for name, report in REPORTS.items():
        found = await figures(engine, name, FROM_ROWS)
        assert [list(row.values()) for row in found] == EXPECTED[name], name
        assert [list(row) for row in found[:1]] == [[column.name for column in report.columns]]
    await engine.dispose()
