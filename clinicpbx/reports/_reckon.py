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
    report, period = REPORTS[name], await in_zone(engine, period)
    found = await rows(engine, report.select(period))
    return Page(name, report.title, clinic, period, [sheet(name, report, period, found)])


async def in_zone(engine: AsyncEngine, period: Period) -> Period:
    """*period*; not by the tallies where their days are those of another zone."""
    return period if await zone_of(engine) == period.zone else replace(period, tallied=False)
