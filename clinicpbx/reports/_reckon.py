"""Asks the database for the figures of a report."""

from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.calls import rows
from clinicpbx.reports import REPORTS
from clinicpbx.reports._report import Period
from clinicpbx.reports._sheet import Page, sheet


async def page_of(engine: AsyncEngine, name: str, period: Period, clinic: str) -> Page:
    """The report *name* for *period*, as a page of the clinic of that name."""
    report = REPORTS[name]
    found = await rows(engine, report.select(period))
    return Page(name, report.title, clinic, period, [sheet(name, report, period, found)])
