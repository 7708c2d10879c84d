"""Calls as rows of a list: what is shown, and what is masked until somebody may see it."""

from collections.abc import Callable, Mapping
from typing import Any

import click

from clinicpbx.adapters.db.numbers import masked
from clinicpbx.cli.output import show
from clinicpbx.reports._report import Column

PRIVATE = ("number", "number_raw", "dialled")
COLUMNS = ["call", "started", "number", "did", "outcome", "queue", "waited", "agent", "talk"]
UNITS = {"waited": "s", "talk": "s"}
FORMATS = ("table", "csv", "json")


def hidden(row: Mapping[str, Any], unmask: bool) -> dict[str, Any]:
    """*row* with numbers masked, unless *unmask*."""
    return {key: value if unmask or key not in PRIVATE else masked(value) for key, value in row.items()}


def list_options(body: Callable[..., Any]) -> Callable[..., Any]:
    """--limit, --format, --json and --unmask."""
    for option in (
        click.option("--unmask", is_flag=True, help="Show numbers in full; it is noted."),
        click.option("--json", "as_json", is_flag=True, help="Print JSON; short for --format json."),
        click.option("--format", type=click.Choice(FORMATS), default="table", show_default=True),
        click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True,
                     help="The newest so many."),
    ):  # fmt: skip
        body = option(body)
    return body


def show_calls(found: list[dict[str, Any]], format: str, as_json: bool, unmask: bool) -> None:
    """On stdout."""
    from clinicpbx.reports.formats.csv import lines_of

    shown = [hidden(row, unmask) for row in found]
    if format == "csv" and not as_json:
        click.echo(lines_of([Column(name, UNITS.get(name, "")) for name in COLUMNS], shown), nl=False)
    else:
        show("Calls", COLUMNS, shown, as_json or format == "json")
