"""How commands answer: rows as a table or as JSON on stdout, words on stderr."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

import click

from clinicpbx.cli._zone import UTC_TEXT, local_text
from clinicpbx.private import Private

Row = Mapping[str, Any]
NO_ALARMS: Mapping[str, str] = {}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type) and type(value).__str__ is object.__str__:
        return asdict(value)
    return str(value)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return local_text(value)
    if isinstance(value, str) and UTC_TEXT.fullmatch(value):
        return local_text(datetime.fromisoformat(value))
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, list | tuple):
        return ", ".join(map(_cell, value))
    return str(value)


def show_json(document: object) -> None:
    """One JSON document on stdout; instants as ISO 8601, durations in seconds, Private as `<private>`."""
    click.echo(json.dumps(document, default=_plain, ensure_ascii=False, indent=2))


def show(
    title: str, columns: Sequence[str], rows: Sequence[Row], as_json: bool, alarms: Mapping[str, str] = NO_ALARMS
) -> None:
    """The *columns* of each row: a JSON list of objects, or a table with instants in local time; without a terminal the
    table has no frame and no colour, one row a line, so that it can be cut and grepped. What a row lacks is null.
    *alarms*: of a column, the value that is red."""
    if as_json:
        show_json([{column: row.get(column) for column in columns} for row in rows])
        return
    cells = [[_cell(row.get(column)) for column in columns] for row in rows]
    heads = [column.replace("_", " ") for column in columns]
    if sys.stdout.isatty():
        _table(title, heads, cells, [alarms.get(column, "") for column in columns])
        return
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    for line in (heads, *cells):
        click.echo("  ".join(map(str.ljust, line, widths)).rstrip())


def _table(title: str, heads: Sequence[str], cells: Sequence[Sequence[str]], alarms: Sequence[str]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*heads, title=title)
    for line in cells:
        styles = ["bold red" if cell and cell == alarm else "" for cell, alarm in zip(line, alarms, strict=True)]
        table.add_row(*map(Text, line, styles))
    Console().print(table)


def say(text: str) -> None:
    """Words for the person at the terminal: stderr, so that stdout stays what was asked for."""
    click.echo(text, err=True)


def masked(number: Private[str] | None, unmask: bool) -> str | None:
    """A telephone number for a list: its last two digits tell one from another, and nobody who it is."""
    if number is None:
        return None
    if unmask:
        return number.value
    return "*" * 6 + (number.value[-2:] if len(number.value) > 4 else "")
