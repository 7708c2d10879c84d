"""Retention: which messages are due by the rules' `keep`, and their destruction."""

import rich_click as click

from clinicpbx.cli._instance import pass_instance
from clinicpbx.cli._vault import vault
from clinicpbx.cli.output import say, show
from clinicpbx.paths import Instance

STATUS = ["mailbox", "keep_days", "messages", "due", "on_hold", "unknown_age", "last_run"]
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group("retention")
def command() -> None:
    """How long messages are kept. The vault process destroys what is due once a day; a hold wins.

    \b
    Examples:
      clinicpbx retention status
      clinicpbx retention run --dry-run
    """


@command.command("run")
@click.option("--dry-run", is_flag=True, help="Only say what is due.")
@as_json
@pass_instance
def run(instance: Instance, dry_run: bool, as_json: bool) -> None:
    """Destroy every message that is due now: one line each, and a row each in the audit log.

    \b
    Examples:
      clinicpbx retention run --dry-run
      clinicpbx retention run --json
    """
    rows = vault(instance, "retention run", dry_run=dry_run)
    show("Due" if dry_run else "Destroyed", ["mailbox", "message", "received"], rows, as_json)
    say(f"{len(rows)} messages {'are due' if dry_run else 'were destroyed'}.")


@command.command("status")
@as_json
@pass_instance
def status(instance: Instance, as_json: bool) -> None:
    """One row a mailbox: how long it keeps, what is due, on hold, or of unknown age; when it was last done.

    \b
    Example:
      clinicpbx retention status
    """
    show("Retention", STATUS, vault(instance, "retention status"), as_json)
