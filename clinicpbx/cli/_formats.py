"""In which format figures are printed, and into which file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from clinicpbx.cli._period import Mistakes

TABLE = "table"
BINARY = "xlsx"


def known_formats() -> list[str]:
    from clinicpbx.reports.formats import FORMATS

    return [TABLE, *FORMATS]


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    return [name for name in known_formats() if name.startswith(incomplete)]


def format_options(body: Callable[..., Any]) -> Callable[..., Any]:
    """--format, --output and --json."""
    body = click.option("--json", "as_json", is_flag=True, help="Print JSON; short for --format json.")(body)
    file = click.Path(dir_okay=False)
    body = click.option("--output", type=file, help="Into this file, in the format that its name ends with.")(body)
    return click.option("--format", shell_complete=_complete, help="table, csv, html, json or xlsx.")(body)


def read_format(mistakes: Mistakes, format: str | None, output: str | None, as_json: bool) -> str:
    """The format that is meant; what contradicts is noted in *mistakes*."""
    known = known_formats()
    ending = Path(output).suffix.removeprefix(".") if output else ""
    if as_json and format not in (None, "json"):
        mistakes.note(f"--json and --format {format} are two formats")
    chosen = "json" if as_json else format or (ending if ending in known else TABLE)
    if chosen not in known:
        mistakes.note(f"--format: no format {chosen!r}: {', '.join(known)}")
    if output and chosen == TABLE:
        files = ", ".join(known[1:])
        mistakes.note(f"--output: a table is for the screen; end the file's name with one of {files}, or name --format")
    return chosen
