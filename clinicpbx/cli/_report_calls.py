"""`report calls`: the calls behind a figure."""

from typing import Any

import rich_click as click
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.call_search import Wanted, find_calls_by
from clinicpbx.cli._call_rows import list_options, show_calls
from clinicpbx.cli._database import ask_database
from clinicpbx.cli._patience import patience
from clinicpbx.cli._period import Mistakes, period_options, read_period
from clinicpbx.cli._report_names import reports
from clinicpbx.paths import Instance


@click.command("calls")
@click.argument("name", shell_complete=reports)
@click.argument("keys", nargs=-1, metavar="COLUMN=VALUE…")
@period_options("7d")
@list_options
@click.pass_obj
def calls(
    instance: Instance, /, name: str, keys: tuple[str, ...], since: str, until: str | None, limit: int, format: str,
    as_json: bool, unmask: bool, **counting: Any,
) -> None:  # fmt: skip
    """The calls that a row of the report NAME counts, the newest first: the row is named by its first columns.

    \b
    Examples:
      clinicpbx report calls service_level queue=nurse --from last-week
      clinicpbx report calls abandoned_calls hour=08:00 --from yesterday --format csv
      clinicpbx report calls demand weekday=Monday quarter=08:15 --from last-month
    """
    mistakes = Mistakes()
    row = _row(mistakes, name, keys)
    period = read_period(instance, mistakes, since, until, **counting)
    mistakes.refuse()
    from clinicpbx.reports import REPORTS

    condition = REPORTS[name].calls
    assert condition is not None  # or it is a mistake
    try:
        behind = condition(period, row)
    except (ValueError, IndexError, KeyError):
        raise click.UsageError(f"{' '.join(keys)}: no row of {name} is named so") from None

    async def question(engine: AsyncEngine) -> list[dict[str, Any]]:
        return await find_calls_by(engine, Wanted(), limit, behind)

    with patience("looking"):
        found = ask_database(instance, question)
    show_calls(found, format, as_json, unmask)


def _row(mistakes: Mistakes, name: str, keys: tuple[str, ...]) -> dict[str, str]:
    """What the row is named by."""
    from clinicpbx.reports import REPORTS

    found = dict(key.split("=", 1) for key in keys if "=" in key)
    for key in keys:
        if "=" not in key:
            mistakes.note(f"{key!r} names no row: write it as queue=nurse")
    report = REPORTS.get(name)
    if report is None:
        mistakes.note(f"no report {name!r}: {', '.join(REPORTS)}")
    elif report.calls is None:
        mistakes.note(f"no calls stand behind the figures of {name}")
    else:
        known = {*report.by, *(column.name for column in report.columns)}
        for column in found.keys() - known:
            mistakes.note(f"{name} has no {column!r}: {', '.join([*report.by, *(c.name for c in report.columns[1:])])}")
        if not found:
            mistakes.note(f"name the row: {report.columns[0].name}=…")
    return found
