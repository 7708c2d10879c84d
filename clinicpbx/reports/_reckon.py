"""Asks the database for the figures of a report."""

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.calls import rows
from clinicpbx.adapters.db.tallies import zone_of
from clinicpbx.reports import REPORTS
from clinicpbx.reports._report import Period
from clinicpbx.reports._sheet import Page, sheet


async def page_of(engine: AsyncEngine, name: str, period: Period, clinic: str) -> Page:
    """The report *name* for *period*, as a page of the clinic of that name."""
    report = REPORTS[name]
    if await zone_of(engine) != period.zone:
        period = replace(period, tallied=False)  # its days are others
    found = await rows(engine, report.select(period))
    return Page(name, report.title, clinic, period, [sheet(name, report, period, found)])
