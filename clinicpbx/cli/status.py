"""What the daemon says of itself: rules, connection, heartbeat, calls, what waits to be sealed."""

from collections.abc import Iterator, Mapping
from typing import Any

import rich_click as click

from clinicpbx.cli._instance import pass_instance
from clinicpbx.cli.checks import CHECKS
from clinicpbx.cli.checks._check import House
from clinicpbx.cli.output import say, show, show_json
from clinicpbx.daemon.control_client import ask_daemon
from clinicpbx.daemon.login import role_groups
from clinicpbx.daemon.vault_client import ask_vault
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance
from clinicpbx.settings import read_settings

OPEN = "open"


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_instance
def command(instance: Instance, as_json: bool) -> None:
    """What the daemon says of itself; exit code 69 without it, 1 where something must be done.

    \b
    Examples:
      clinicpbx status
      clinicpbx status --json
    """
    by_group = bool(role_groups(read_settings(instance)))
    house = House(instance)
    house.told = ask_daemon(instance, {"do": "status"})
    told = {"roles": "by group" if by_group else "everybody is admin"} | house.told
    told["vault"] = _vault(instance)
    if as_json:
        show_json(told)
    else:
        rows = [{"what": what, "value": value} for what, value in told.items() if what != "unsealed"]
        show("Daemon", ["what", "value"], rows, as_json=False)
    tell_unsealed(told)
    if not by_group:
        say("None of the groups that give roles exists: whoever can read the instance is admin (docs/audit.md).")
    for line in (worries := list(_worries(house))):
        say(line)
    if told["unsealed"] or worries or not told["healthy"] or told["vault"] != OPEN:
        raise SystemExit(1)


def _worries(house: House) -> Iterator[str]:
    """What a person must see to; `clinicpbx doctor` looks at more."""
    for name in ("notices", "break_glass", "selftests", "records", "disk", "certificate"):
        yield from (str(found) for found in CHECKS[name].findings(house) if found.state == "wrong")


def _vault(instance: Instance) -> str:
    """`open`, or why messages cannot be heard now."""
    try:
        return str(ask_vault(instance, "status")["problem"]) or OPEN
    except ClinicPBXError as error:
        return str(error)


def tell_unsealed(told: Mapping[str, Any]) -> None:
    """Says on stderr what waits in memory, of *told* by the daemon's verb `status`."""
    for row in told["unsealed"]:
        say(f"{row['recordings']} recordings wait to be sealed, in memory only: {row['why']}")
