"""On call: who is, pages and their timelines, covers, PINs, shifts handed over."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import rich_click as click

from clinicpbx.cli._oncall_facts import reachability, timeline
from clinicpbx.cli._oncall_people import COMMANDS
from clinicpbx.cli.output import show
from clinicpbx.core.oncall.duty import Cover, on_duty
from clinicpbx.core.schedule.oncall import Rota, Shift
from clinicpbx.errors import ClinicPBXError, NotReachable
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
    """Who is on call, by the rotas of the rules; who is paged, and what came of it.

    \b
    Examples:
      clinicpbx oncall who
      clinicpbx oncall who --rota physicians --at "2026-12-24 23:00"
      clinicpbx oncall calendar --days 14
      clinicpbx oncall pages
      clinicpbx oncall cover physicians --who egan --until 07:00
      clinicpbx oncall timeline clinic-1795492433.26.5 --csv
    """


for each in (*COMMANDS, timeline, reachability):
    command.add_command(each)


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
    rows, standing = [], _standing(instance, now)
    for name, one in _rotas(rules, rota).items():
        shift = next((each for each in one.shifts(now, now + timedelta(days=15)) if each.holds(now)), None)
        if any(cover.rota == name and cover.holds(now) for cover in standing):
            shift = on_duty(name, one, standing, now)
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


def _standing(instance: Instance, at: datetime) -> list[Cover]:
    """Covers, and the shifts that nobody confirmed, as far as the daemon runs and tells."""
    from clinicpbx.daemon.control_client import ask_daemon
    from clinicpbx.daemon.covers import covers

    try:
        told = ask_daemon(instance, {"do": "oncall.standing"})
    except NotReachable:
        return [one.cover for one in covers(instance, at)]
    return [Cover(**{**row, **{key: datetime.fromisoformat(row[key]) for key in ("start", "end")}}) for row in told]


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
