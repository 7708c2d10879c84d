"""Who waits, how long, who is free: live in the terminal."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import rich_click as click

from clinicpbx.cli._instance import pass_instance
from clinicpbx.cli.output import show_json
from clinicpbx.daemon.control_client import ask_daemon
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance


@click.command("top")
@click.option("--json", "as_json", is_flag=True, help="Print what it is now, once, as JSON.")
@pass_instance
def command(instance: Instance, as_json: bool) -> None:
    """Queues, callers and agents, anew every second; q ends it. Needs the running daemon and a terminal.

    \b
    Examples:
      clinicpbx top
      clinicpbx top --json
    """

    def ask() -> Mapping[str, Sequence[Mapping[str, Any]]]:
        answer: Mapping[str, Sequence[Mapping[str, Any]]] = ask_daemon(instance, {"do": "floor"})
        return answer

    if as_json:
        show_json(ask())
        return
    if not sys.stdout.isatty():
        raise ClinicPBXError("top needs a terminal", do="Use --json, or `clinicpbx queue list`")
    try:
        from clinicpbx.cli._wallboard import Wallboard
    except ImportError:
        do = "pip install 'clinicpbx[top]', or use `clinicpbx queue list`"
        raise ClinicPBXError("top needs the package textual", do=do) from None
    ask()
    Wallboard(ask).run()
