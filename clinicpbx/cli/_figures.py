"""The figures of a report, asked of the database and printed."""

import sys
from datetime import datetime
from pathlib import Path

import click
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.cli._database import ask_database
from clinicpbx.cli._formats import BINARY, TABLE
from clinicpbx.cli._instance import book_in_force
from clinicpbx.cli.output import say, show
from clinicpbx.paths import Instance
from clinicpbx.reports._report import Period
from clinicpbx.reports._sheet import Page


def reckon(instance: Instance, name: str, period: Period) -> Page:
    """The page of the report *name*. Errors: NotReachable without a database."""
    from clinicpbx.reports._reckon import page_of

    clinic = book_in_force(instance).notify.clinic

    async def question(engine: AsyncEngine) -> Page:
        return await page_of(engine, name, period, clinic)

    return ask_database(instance, question)


def print_page(page: Page, format: str, output: str | None = None) -> None:
    """On stdout, or in the file *output*; a table's words go to stderr."""
    from clinicpbx.reports.formats import as_file, as_stream

    if format == TABLE:
        _tables(page)
    elif output:
        Path(output).write_bytes(as_file(format, page))
        say(f"{output} is written: {page.title}, {page.stretch}.")
    elif format == BINARY and sys.stdout.isatty():
        raise click.UsageError(f"{format} is no text: name a file with --output, or redirect stdout")
    else:
        click.echo(as_stream(format, page), nl=False)


def print_report(instance: Instance, name: str, since: datetime, until: datetime) -> None:
    """The table of the report *name* on stdout, without words."""
    book = book_in_force(instance)
    period = Period(since, until, zone=book.notify.zone.key, targets=book.targets)
    _tables(reckon(instance, name, period), with_words=False)


def _tables(page: Page, with_words: bool = True) -> None:
    for line in page.lines:
        click.echo(line)
    for sheet in page.sheets:
        named = {c.name: f"{c.name}_{c.unit}" if c.unit else c.name for c in sheet.columns}
        rows = [{named[column]: row[column] for column in named} for row in sheet.rows]
        if len(page.sheets) > 1 and not rows:
            click.echo(f"\n{sheet.title}: {sheet.empty}")
            continue
        if len(page.sheets) > 1:
            click.echo("" if sys.stdout.isatty() else f"\n{sheet.title}")
        alarms = {named[c.name]: c.alarm for c in sheet.columns if c.alarm}
        show(sheet.title, list(named.values()), rows, as_json=False, alarms=alarms)
    if with_words:
        say(page.stretch)
        for sheet in page.sheets:
            if sheet.formula:
                say(sheet.formula)
