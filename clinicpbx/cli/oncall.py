"""On-call rotas: who is on call now, at a time, or in the coming days."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import rich_click as click

from clinicpbx.cli.output import show
from clinicpbx.core.schedule.oncall import Rota, Shift
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance
from clinicpbx.rules.compile import Rules

file = click.option("--file", type=click.Path(path_type=Path), help="Rules; default: those in force.")
only = click.option("--rota", default="", help="Only this rota.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _rules(instance: Instance, file: Path | None) -> Rules:
    from clinicpbx.rules.compile import read_rules

    in_force = instance.current / "rules" / instance.clinic.name
    return read_rules(file or in_force, datetime.now(UTC).date(), in_force=file is None, prove=False)


def _rotas(rules: Rules, only: str) -> dict[str, Rota]:
    known = rules.book.rotas
    if only and only not in known:
        raise ClinicPBXError(f"no rota {only!r}", do=f"There are {', '.join(known) or 'none yet'}")
    return {name: rota for name, rota in known.items() if only in ("", name)}


@click.group("oncall")
def command() -> None:
    """Who is on call, by the rotas of the rules.

    \b
    Examples:
      clinicpbx oncall who
      clinicpbx oncall who --rota physicians --at "2026-12-24 23:00"
      clinicpbx oncall calendar --days 14
    """


@command.command()
@only
@click.option("--at", default="", help="Local time of the first site, such as '2026-12-24 23:00'; default: now.")
@file
@as_json
@click.pass_obj
def who(instance: Instance, rota: str, at: str, file: Path | None, as_json: bool) -> None:
    """One row a rota: who is on call, until when, the backup, and how they are reached.

    \b
    Examples:
      clinicpbx oncall who --at "2026-12-24 23:00" --json
    """
    from clinicpbx.rules.explain import instant

    rules = _rules(instance, file)
    now = instant(rules, at) if at else datetime.now(UTC)
    rows = []
    for name, one in _rotas(rules, rota).items():
        shift = next((each for each in one.shifts(now, now + timedelta(days=15)) if each.holds(now)), None)
        rows.append({"rota": name, **(_row(rules, one, shift) if shift else {"who": "nobody"})})
    show("On call", ["rota", "who", "reached_at", "until", "backup", "backup_at"], rows, as_json)


@command.command()
@only
@click.option("--days", default=14, show_default=True, type=click.IntRange(1, 400), help="How many days.")
@file
@as_json
@click.pass_obj
def calendar(instance: Instance, rota: str, days: int, file: Path | None, as_json: bool) -> None:
    """The shifts of the coming days, in order.

    \b
    Examples:
      clinicpbx oncall calendar --rota physicians --days 7
    """
    rules, now = _rules(instance, file), datetime.now(UTC)
    rows = []
    for name, one in _rotas(rules, rota).items():
        for shift in one.shifts(now, now + timedelta(days=days)):
            begin = shift.start.astimezone(one.zone)
            rows.append({"rota": name, "from": f"{begin:%a %Y-%m-%d %H:%M}", **_row(rules, one, shift)})
    show("Shifts", ["rota", "from", "until", "who", "backup"], rows, as_json)


def _row(rules: Rules, rota: Rota, shift: Shift) -> dict[str, Any]:
    people, rung = rules.document.providers, rules.book.providers
    end = shift.end.astimezone(rota.zone)
    row = {
        "who": people[shift.who].name,
        "until": f"{end:%a %Y-%m-%d %H:%M}",
        "reached_at": rung[shift.who].away,
    }
    if shift.backup:
        row |= {"backup": people[shift.backup].name, "backup_at": rung[shift.backup].away}
    return row
