"""What is printed: sheets of figures under one title and one period, in whatever format."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from shlex import quote
from typing import Any
from zoneinfo import ZoneInfo

from clinicpbx.reports._report import Column, Period, Report

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table. *formula*: how to read it; *edges*: what is counted how where one may doubt.

    *picture*: an SVG above it, "" for none. *calls*: of each row, the command that lists the calls behind it.
    *empty*: what is said where there are no rows.
    """

    title: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    formula: str = ""
    edges: Sequence[str] = ()
    picture: str = ""
    calls: Sequence[str] = ()
    empty: str = "Nothing in this period."


@dataclass(frozen=True, slots=True)
class Page:
    """*name*: the report's; *lines*: what it says before the first sheet."""

    name: str
    title: str
    clinic: str
    period: Period
    sheets: Sequence[Sheet]
    lines: Sequence[str] = ()

    @property
    def stretch(self) -> str:
        """The period in words, in its zone."""
        since, until = (shown(at, self.period.zone) for at in (self.period.since, self.period.until))
        return f"{since} to {until} ({self.period.zone})"


def shown(at: datetime, zone: str) -> str:
    """*at* as people say it in *zone*."""
    return f"{at.astimezone(ZoneInfo(zone)):%A %Y-%m-%d %H:%M}"


def sheet(name: str, report: Report, period: Period, found: Sequence[dict[str, Any]]) -> Sheet:
    """The rows *found* of *report*, as people read them, with its picture."""
    from clinicpbx.reports._picture import picture

    columns = report.columns_of(period.by)
    rows = [report.row(row, period) for row in found]
    calls = [] if report.calls is None else [calls_command(name, columns, period, row) for row in rows]
    made = picture(report.title, columns, rows, report.chart)
    return Sheet(report.title, columns, rows, report.formula, report.edges, made, calls)


def calls_command(name: str, columns: Sequence[Column], period: Period, row: Row) -> str:
    """The command that lists the calls behind *row*."""
    since, until = (at.astimezone(ZoneInfo(period.zone)).isoformat() for at in (period.since, period.until))
    keys = [quote(f"{column.name}={row[column.name]}") for column in names(columns, [row])]
    return f"clinicpbx report calls {name} {' '.join(keys)} --from {since} --to {until}"


def names(columns: Sequence[Column], rows: Sequence[Row]) -> list[Column]:
    """The first columns, as far as they hold names: what a row stands for. At least the first."""
    found = [*columns[:1]]
    for column in columns[1:]:
        if column.unit or not rows or not all(isinstance(row[column.name], str) for row in rows):
            break
        found.append(column)
    return found
