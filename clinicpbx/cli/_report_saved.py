"""`report saved`: the reports that come by themselves, and where they lie."""

import re
from datetime import UTC, datetime
from typing import Any

import rich_click as click

from clinicpbx.cli._instance import book_in_force, named, pass_instance
from clinicpbx.cli.output import show
from clinicpbx.core.records.saved import SavedReport
from clinicpbx.core.rulebook import Rulebook
from clinicpbx.paths import Instance

COLUMNS = ["name", "report", "by", "period", "at", "format", "to", "next", "file"]
names = named(lambda instance: [saved.name for saved in book_in_force(instance).reports])


@click.command("saved")
@click.argument("name", required=False, default="", shell_complete=names)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_instance
def saved(instance: Instance, name: str, as_json: bool) -> None:
    """The reports that the rules ask for (`reports:`), when the next one is due, and the file of the last.

    NAME: one of them, or what a notice calls it, such as week-2026-11-23. The notifier makes them.

    \b
    Examples:
      clinicpbx report saved
      clinicpbx report saved week-2026-11-23
    """
    book, now = book_in_force(instance), datetime.now(UTC)
    rows = [_row(instance, book, each, name, now) for each in book.reports if _is_of(name, each)]
    show("Reports that come by themselves", COLUMNS, rows, as_json)


def _is_of(name: str, saved: SavedReport) -> bool:
    """Whether *name* is that of *saved* or of one of its editions; "" is any."""
    return not name or re.fullmatch(rf"{saved.name}(-\d{{4}}-\d\d-\d\d)?", name, re.ASCII) is not None


def _row(instance: Instance, book: Rulebook, saved: SavedReport, name: str, now: datetime) -> dict[str, Any]:
    zone, wanted = book.notify.zone, name if name != saved.name and name else f"{saved.name}-????-??-??"
    files = sorted(instance.reports.glob(f"{wanted}.{saved.format}"))
    return {
        "name": saved.name,
        "report": saved.report,
        "by": saved.by,
        "period": saved.period,
        "at": f"{saved.day} {saved.clock:%H:%M}",
        "format": saved.format,
        "to": saved.to,
        "next": saved.due_next(now, zone),
        "file": str(files[-1]) if files else "",
    }
