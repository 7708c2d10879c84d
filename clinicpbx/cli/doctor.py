"""Looks at everything, and says what is wrong and what to do about it."""

from typing import Any

import rich_click as click

from clinicpbx.cli._instance import pass_instance
from clinicpbx.cli.output import say, show
from clinicpbx.paths import Instance


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_instance
def command(instance: Instance, as_json: bool) -> None:
    """Look at Asterisk, every process, the databases, the disk and the records; exit code 1 where anything is wrong.

    What is unknown cannot be told from here; it is no fault.

    \b
    Examples:
      clinicpbx doctor
      clinicpbx doctor --json
    """
    from clinicpbx.cli.checks import CHECKS
    from clinicpbx.cli.checks._check import House

    house = House(instance)
    rows: list[dict[str, Any]] = [
        {"check": check.title, "state": found.state, "finding": found.says, "do": found.do}
        for check in CHECKS.values()
        for found in check.findings(house)
    ]
    show("Doctor", ["check", "state", "finding", "do"], rows, as_json)
    if wrong := sum(row["state"] == "wrong" for row in rows):
        say(f"{wrong} of {len(rows)} findings are wrong.")
        raise SystemExit(1)
