"""Reports: volume, service level, abandoned calls, agents."""

from datetime import UTC, datetime
from typing import Any

import rich_click as click
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.calls import rows
from clinicpbx.cli._database import ask_database
from clinicpbx.cli._moment import MOMENT
from clinicpbx.cli.output import say, show, show_json
from clinicpbx.paths import Instance


def _names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from clinicpbx.reports import REPORTS

    return [name for name in REPORTS if name.startswith(incomplete)]


@click.command("report")
@click.argument("name", required=False, shell_complete=_names)
@click.option("--from", "since", type=MOMENT, default="7d", show_default=True, help="Calls that began since.")
@click.option("--to", "until", type=MOMENT, default=None, help="Calls that began before; else now.")
@click.option("--threshold", type=click.FloatRange(0), default=20.0, show_default=True, help="Service level, seconds.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def command(
    instance: Instance, name: str | None, since: datetime, until: datetime | None, threshold: float, as_json: bool
) -> None:
    """Print the report NAME for a period; without NAME, list the reports. Its formula goes to stderr.

    \b
    Examples:
      clinicpbx report
      clinicpbx report service_level --from 2026-11-01 --to 2026-12-01
      clinicpbx report agent_activity --from 24h --json
    """
    from clinicpbx.reports import REPORTS

    if name is None:
        show("Reports", ["name", "title"], [{"name": n, "title": r.title} for n, r in REPORTS.items()], as_json)
        return
    if name not in REPORTS:
        raise click.BadParameter(f"no report {name!r}: {', '.join(REPORTS)}", param_hint="NAME")
    if until and until <= since:
        raise click.BadParameter("--to must be after --from", param_hint="--to")
    print_report(instance, name, since, until or datetime.now(UTC), threshold, as_json)
    if not as_json:
        say(REPORTS[name].formula)


def print_report(
    instance: Instance, name: str, since: datetime, until: datetime, threshold: float = 20.0, as_json: bool = False
) -> None:
    """The report *name* on stdout; *threshold* of the service level in seconds."""
    from clinicpbx.reports import REPORTS
    from clinicpbx.reports._report import Period

    period, chosen = Period(since, until, threshold), REPORTS[name]

    async def question(engine: AsyncEngine) -> list[dict[str, Any]]:
        return [chosen.row(row) for row in await rows(engine, chosen.select(period))]

    found = ask_database(instance, question)
    if as_json:
        columns = [{"name": c.name, "unit": c.unit, "meaning": c.meaning} for c in chosen.columns]
        words = {"report": name, "title": chosen.title, "formula": chosen.formula, "columns": columns}
        show_json({**words, "from": period.since, "to": period.until, "threshold": threshold, "rows": found})
        return
    named = {c.name: f"{c.name}_{c.unit}" if c.unit else c.name for c in chosen.columns}
    show(chosen.title, list(named.values()), [{named[k]: v for k, v in row.items()} for row in found], as_json)
