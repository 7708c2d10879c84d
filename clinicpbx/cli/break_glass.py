"""Break the glass: the right to hear and see what patients said, for a while, for a reason that is noted."""

from datetime import UTC, datetime, timedelta

import rich_click as click

from clinicpbx.cli._instance import pass_instance
from clinicpbx.cli._length import Length
from clinicpbx.cli.output import say, show
from clinicpbx.daemon.break_glass import LONGEST
from clinicpbx.paths import Instance
from clinicpbx.rules.words import written


@click.group("break-glass", invoke_without_command=True)
@click.option("--reason", default="", help="Why, for whoever reviews it; no patient's name.")
@click.option("--for", "length", type=Length(LONGEST), default="30m", show_default=True, help="How long; at most 12h.")
@click.pass_context
def command(context: click.Context, reason: str, length: timedelta) -> None:
    """The right to hear, export and unmask for your own login, at once, also while the database is away.

    The vault process signs it: nobody can write it for themselves.

    It is noted with its reason, and so is everything done by it: `clinicpbx audit list --break-glass`.

    \b
    Examples:
      clinicpbx break-glass --reason "night nurse ill, messages of the ward must be heard" --for 1h
      clinicpbx break-glass list
    """
    if context.invoked_subcommand is None:
        if not reason.strip():
            raise click.UsageError("say why, with --reason")
        _break(context.obj, reason.strip(), length)


def _break(instance: Instance, reason: str, length: timedelta) -> None:
    from clinicpbx.cli._instance import there
    from clinicpbx.cli._vault import vault
    from clinicpbx.cli._zone import local_zone

    there(instance)
    told = vault(instance, "break-glass", reason=reason, length=written(length))
    until = datetime.fromisoformat(told["until"]).astimezone(local_zone())
    say(f"{told['login']} may hear, export and unmask until {until:%Y-%m-%d %H:%M %Z}. All of it is noted.")


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_instance
def list_broken(instance: Instance, as_json: bool) -> None:
    """Who broke the glass and may still; those of before: `clinicpbx audit list --break-glass`.

    \b
    Examples:
      clinicpbx break-glass list
      clinicpbx break-glass list --json
    """
    from clinicpbx.daemon.break_glass import broken_here, glass_fault

    rows = [
        {"login": one.login, "since": one.since, "until": one.until, "reason": one.reason}
        for one in broken_here(instance, datetime.now(UTC))
    ]
    show("Broken glass", ["login", "since", "until", "reason"], rows, as_json)
    if fault := glass_fault(instance):
        say(fault)
