"""Overrides of the rules: closed early, evacuation, records down; on, off, list."""

from datetime import UTC, datetime

import rich_click as click

from clinicpbx.cli._instance import named, pass_instance, rules_in_force
from clinicpbx.cli.output import say, show
from clinicpbx.daemon.login import login
from clinicpbx.errors import ClinicPBXError, NotReachable
from clinicpbx.paths import Instance
from clinicpbx.rules.compile import Rules
from clinicpbx.settings import read_settings

COLUMNS = ["override", "title", "on", "until", "who", "why", "next_planned"]


def _names(instance: Instance) -> list[str]:
    return list(rules_in_force(instance).document.overrides)


@click.group("override")
def command() -> None:
    """What holds for a while instead of the usual rules; it always has an end, and needs no daemon to be switched.

    \b
    Examples:
      clinicpbx override list
      clinicpbx override on night --until 18:00 --why "staff meeting"
      clinicpbx override off night
    """


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_instance
def list_overrides(instance: Instance, as_json: bool) -> None:
    """One row an override of the rules in force: whether it is on, until when, who switched it, and what is planned.

    \b
    Examples:
      clinicpbx override list --json
    """
    from clinicpbx.daemon.overrides import switched_on

    rules, now = rules_in_force(instance), datetime.now(UTC)
    zone, on = rules.document.local, switched_on(instance, now)
    rows = []
    for name, rule in rules.book.overrides.items():
        held, coming = on.get(name), sorted(start for start, end in rule.during if end > now)
        row = {"override": name, "title": rule.title, "on": bool(held) or rule.planned(now)}
        if held:
            row |= {"until": held.until.astimezone(zone), "who": held.who, "why": held.why}
        rows.append(row | {"next_planned": coming[0].astimezone(zone) if coming else None})
    show("Overrides", COLUMNS, rows, as_json)


@command.command()
@click.argument("override", shell_complete=named(_names))
@click.option("--until", required=True, help="Its end: 2h, 18:00, or '2026-12-24 07:00' (local time of the clinic).")
@click.option("--why", default="", help="What for; kept with it.")
@pass_instance
def on(instance: Instance, override: str, until: str, why: str) -> None:
    """Switch OVERRIDE on for calls that begin from now on, until its end.

    \b
    Examples:
      clinicpbx override on night --until 18:00 --why "staff meeting"
      clinicpbx override on evacuation --until 2h
    """
    from clinicpbx.daemon.overrides import SwitchedOn, end_of, keep, switched_on
    from clinicpbx.rules.places import perhaps
    from clinicpbx.rules.words import written

    rules, now = rules_in_force(instance), datetime.now(UTC)
    written_one = rules.document.overrides.get(override)
    if written_one is None:
        known = ", ".join(rules.document.overrides) or "none yet"
        near = perhaps(override, rules.document.overrides)
        raise ClinicPBXError(f"no override {override!r}{near}", do=f"There are {known}")
    end = end_of(until, now, rules.document.local)
    if end - now > written_one.longest:
        raise ClinicPBXError(
            f"{override} may be on for {written(written_one.longest)} at most", do="Name an earlier end"
        )
    who = login(instance, read_settings(instance)).name
    keep(instance, {**switched_on(instance, now), override: SwitchedOn(override, now, end, who, why)})
    _tell(instance, rules)
    say(f"{override} is on until {end.astimezone(rules.document.local):%Y-%m-%d %H:%M}: {written_one.title}")


@command.command()
@click.argument("override", shell_complete=named(_names))
@pass_instance
def off(instance: Instance, override: str) -> None:
    """Switch OVERRIDE off; a planned time still holds.

    \b
    Examples:
      clinicpbx override off night
    """
    from clinicpbx.daemon.overrides import keep, switched_on

    held = switched_on(instance, datetime.now(UTC))
    if held.pop(override, None) is None:
        raise ClinicPBXError(f"{override} is not switched on", do="See clinicpbx override list")
    keep(instance, held)
    _tell(instance, rules_in_force(instance))
    say(f"{override} is off.")


def _tell(instance: Instance, rules: Rules) -> None:
    """The daemon and Asterisk's dialplan, each for itself: one holds where the other does not run."""
    from clinicpbx.adapters.asterisk.console import rx
    from clinicpbx.daemon.control_client import tell_daemon
    from clinicpbx.daemon.overrides import switched_on, variables

    if not tell_daemon(instance, {"do": "overrides.reload"}):
        say("the daemon does not run: it will read it at its start")
    on = switched_on(instance, datetime.now(UTC))
    try:
        for name, value in variables(list(rules.document.overrides), on).items():
            rx(instance, read_settings(instance), f"dialplan set global {name} {value}")
    except NotReachable:
        say("Asterisk does not run: the daemon will tell it")
