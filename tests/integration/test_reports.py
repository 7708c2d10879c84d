"""Every report gives the figures worked out by hand, on both databases, and on an empty one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from clinicpbx.adapters.db.calls import rows
from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.reports import REPORTS
from tests.support.postgres import PROGRAMS, cluster
from tests.support.record_database import make_database
from tests.support.report_calls import EXPECTED, PERIOD, write_calls

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    if PROGRAMS is None:
        pytest.skip("no PostgreSQL on this machine")
    with cluster() as made:
        yield made.url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/main.db"
    return str(request.getfixturevalue("postgres"))


def test_every_report_has_its_figures() -> None:
    assert set(REPORTS) == set(EXPECTED)


async def test_reports(url: str) -> None:
    await make_database(url)
    engine = make_engine(url, writes=True)
    for name, report in REPORTS.items():
        assert await rows(engine, report.select(PERIOD)) == [], name
    await write_calls(engine)
    for name, report in REPORTS.items():
        found = [report.row(row) for row in await rows(engine, report.select(PERIOD))]
        assert [list(row.values()) for row in found] == EXPECTED[name], name
        assert [list(row) for row in found[:1]] == [[column.name for column in report.columns]]
    await engine.dispose()
