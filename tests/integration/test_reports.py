"""Every report gives the figures worked out by hand, on both databases, and on an empty one."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.calls import rows
from clinicpbx.reports import REPORTS
from tests.support.report_calls import EXPECTED, PERIOD, write_calls

pytestmark = pytest.mark.integration


def test_every_report_has_its_figures() -> None:
    assert set(REPORTS) == set(EXPECTED)


async def test_reports(engine: AsyncEngine) -> None:
    for name, report in REPORTS.items():
        assert await rows(engine, report.select(PERIOD)) == [], name
    await write_calls(engine)
    for name, report in REPORTS.items():
        found = [report.row(row) for row in await rows(engine, report.select(PERIOD))]
        assert [list(row.values()) for row in found] == EXPECTED[name], name
        assert [list(row) for row in found[:1]] == [[column.name for column in report.columns]]
