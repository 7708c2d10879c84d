"""What the daemon says of itself: rules, connection, heartbeat, calls, what waits to be sealed."""

from collections.abc import Iterator, Mapping
from typing import Any

import rich_click as click

from clinicpbx.cli._instance import pass_instance
from clinicpbx.cli.output import say, show, show_json
from clinicpbx.daemon.control_client import ask_daemon
from clinicpbx.paths import Instance

RENEW_BELOW = 30  # days


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
    told = ask_daemon(instance, {"do": "status"})
    if as_json:
        show_json(told)
    else:
        rows = [{"what": what, "value": value} for what, value in told.items() if what != "unsealed"]
        show("Daemon", ["what", "value"], rows, as_json=False)
    tell_unsealed(told)
    for line in (worries := list(_worries(told))):
        say(line)
    if told["unsealed"] or worries or not told["healthy"]:
        raise SystemExit(1)


def _worries(told: Mapping[str, Any]) -> Iterator[str]:
    """What a person must see to."""
    if failing := told["selftest_failing"]:
        yield f"test calls to {', '.join(failing)} fail: clinicpbx selftest list"
    if lost := told["lost_rows"]:
        yield f"Asterisk could not write {lost} rows of call records in the last day: is the disk of spool/ full?"
    days = told["certificate_days_left"]
    if days is None:
        yield "the TLS certificate cannot be read: secure phones cannot register"
    elif days < RENEW_BELOW:
        yield f"the TLS certificate expires in {days} days: put a new one into asterisk/tls and reload Asterisk"


def tell_unsealed(told: Mapping[str, Any]) -> None:
    """Says on stderr what waits in memory, of *told* by the daemon's verb `status`."""
    for row in told["unsealed"]:
        say(f"{row['recordings']} recordings wait to be sealed, in memory only: {row['why']}")
