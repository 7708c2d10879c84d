"""The week on one page: what changed, what was breached, what was unmet, what surprised us, what needs an owner."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.core.acd.target import USUAL, QueueTarget
from clinicpbx.core.charts.drawing import short
from clinicpbx.core.records.stretch import midnight, week_name
from clinicpbx.reports import REPORTS
from clinicpbx.reports._days import days_of, report_rows, summed
from clinicpbx.reports._dimension import WEEKDAYS
from clinicpbx.reports._reckon import in_zone, page_of
from clinicpbx.reports._report import Column, Period
from clinicpbx.reports._sheet import Page, Sheet, calls_command
from clinicpbx.reports._week_figures import USUAL_OF, Days, before, changed, surprises, week_of
from clinicpbx.reports._week_open import needs_owner, rule_changes

MOST, FEW = 10, 3
"""Rows of a list at most; quarters with fewer callers are no breach."""


async def week_page(engine: AsyncEngine, period: Period, clinic: str, target: float | None) -> Page:
    """The page of the week that *period* is. *target*: of the service level of all queues, in per cent; None: of those
    that *period* has no target of, the usual share."""
    period = await in_zone(engine, period if target is None else replace(period, targets={}))
    zone, share = ZoneInfo(period.zone), USUAL if target is None else target
    usual = QueueTarget(share, timedelta(seconds=period.threshold))
    monday = period.since.astimezone(zone).date()
    earlier = midnight(monday - timedelta(weeks=USUAL_OF), zone)
    days = await days_of(engine, replace(period, since=earlier))
    sheets = [
        changed(days, monday),
        surprises(days, monday),
        await needs_owner(engine, period),
        await _queues(engine, period, usual),
        await _quarters(engine, period, share),
        await _of(engine, "messages", period, "Requests that patients left, by reason", "late"),
        await _of(engine, "abandoned_calls", replace(period, by="hour"), "Hours in which callers gave up", "abandoned"),
        await _of(engine, "menus", period, "Where callers left the menus", "left"),
        await _of(engine, "on_call", period, "Pages", "pages"),
        await rule_changes(engine, period),
        await _demand(engine, period, clinic),
    ]
    title, told = f"The week {week_name(period.since, zone)}", list(_told(days, monday, sheets, period, usual))
    return Page("week", title, clinic, period, [_worst(sheet) for sheet in sheets], told)


def _worst(sheet: Sheet) -> Sheet:
    """The first rows of a long list, whose title says how many there are."""
    many = len(sheet.rows)
    if many <= MOST or sheet.picture:
        return sheet
    return replace(
        sheet, title=f"{sheet.title}: the first {MOST} of {many}", rows=sheet.rows[:MOST], calls=sheet.calls[:MOST]
    )


def _told(days: Days, monday: date, sheets: Sequence[Sheet], period: Period, usual: QueueTarget) -> Iterator[str]:
    """The page in a few sentences."""
    this, last = summed(week_of(days, monday)), summed(week_of(days, monday - timedelta(weeks=1)))
    level = "no queue was asked" if this.level is None else f"{short(this.level)} % answered in time"
    yield f"{this.calls} calls, {last.calls} the week before; {this.abandoned} given up, {last.abandoned} then."
    yield f"Service level: {level}; the target is {'that of each queue, else ' if period.targets else ''}{usual}."
    _, odd, owners, queues, quarters, *_ = sheets
    yield f"{queues.title}: {len(queues.rows)}. {quarters.title}: {len(quarters.rows)}."
    yield from (f"{row['queue']}: {row['missed']}; its target is {row['target']}." for row in queues.rows[:3])
    yield from (f"Surprising: {row['said']}." for row in odd.rows[:3])
    if len(before(days, monday, USUAL_OF)) < USUAL_OF // 2:
        yield "There are too few weeks before to say what is usual."
    left = sum(row["open"] for row in owners.rows if row["owner"] == "nobody")
    past = sum(row["past"] for row in owners.rows)
    yield f"{left} requests and pages have no owner; {past} are past their time."


async def _queues(engine: AsyncEngine, period: Period, usual: QueueTarget) -> Sheet:
    """Those that broke what they promise, or what is *usual*; first where most callers were not answered in time."""
    rows = []
    for row in await report_rows(engine, "service_level", period):
        target = period.targets.get(row["queue"], usual)
        if missed := ", ".join(target.missed(row["of_offered"], row["abandonment"])):
            rows.append({**row, "target": str(target), "missed": missed})
    rows.sort(key=lambda row: row["answered_in_time"] - row["offered"])
    names = ("queue", "offered", "answered_in_time", "of_offered", "abandonment", "speed_of_answer", "longest_wait")
    columns = (*(_column("service_level", name) for name in names),
               Column("target", meaning="what was promised"), Column("missed", meaning="by how much"))  # fmt: skip
    calls = [calls_command("service_level", columns[:1], period, row) for row in rows]
    return Sheet("Queues that missed their target", columns, rows, calls=calls, empty="None.")


async def _quarters(engine: AsyncEngine, period: Period, target: float) -> Sheet:
    """Each quarter of the week for itself, the most missed calls first."""
    zone, found = ZoneInfo(period.zone), list[dict[str, Any]]()
    monday = period.since.astimezone(zone).date()
    for n, weekday in enumerate(WEEKDAYS):
        begin, end = (midnight(monday + timedelta(days=n + more), zone) for more in (0, 1))
        for row in await report_rows(engine, "service_level", replace(period, since=begin, until=end, by="quarter")):
            if row["offered"] >= FEW and row["of_offered"] < target:
                missed = row["offered"] - row["answered_in_time"]
                found.append({"day": weekday, "missed": missed, **row})
    found.sort(key=lambda row: -row["missed"])
    columns = (Column("day"), Column("quarter"), Column("missed", meaning="offered and not answered in time"),
               *(_column("service_level", name) for name in ("offered", "of_offered", "longest_wait")))  # fmt: skip
    formula = f"All queues together, the most missed calls first; quarters with {FEW} callers or more."
    return Sheet(f"Quarters of an hour under {short(target)} %", columns, found, formula, empty="None.")


async def _of(engine: AsyncEngine, name: str, period: Period, title: str, worst: str) -> Sheet:
    """The rows of the report *name* in which something was *worst*, the most first."""
    found = [row for row in await report_rows(engine, name, period) if row[worst]]
    found.sort(key=lambda row: -row[worst])
    columns, behind = REPORTS[name].columns_of(period.by), REPORTS[name].calls is not None
    calls = [calls_command(name, columns, period, row) for row in found] if behind else []
    return Sheet(title, columns, found, calls=calls, empty="None.")


async def _demand(engine: AsyncEngine, period: Period, clinic: str) -> Sheet:
    """Drawn by quarters, told by hours."""
    drawn = (await page_of(engine, "demand", period, clinic)).sheets[0]
    hours: dict[str, dict[str, Any]] = {}
    for row in sorted(drawn.rows, key=lambda row: str(row["quarter"])):
        hour = f"{row['quarter'][:2]}:00"
        line = hours.setdefault(hour, {"hour": hour, **dict.fromkeys(WEEKDAYS, 0)})
        line[row["weekday"]] += row["calls"]
    columns = (Column("hour"), *map(Column, WEEKDAYS))
    return Sheet("When patients called", columns, list(hours.values()), picture=drawn.picture)


def _column(report: str, name: str) -> Column:
    return next(column for column in REPORTS[report].columns if column.name == name)
