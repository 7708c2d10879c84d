"""Call-backs: who is to be called, and who was not reached."""

import rich_click as click

from clinicpbx.cli._instance import ask_names, pass_instance
from clinicpbx.cli.output import say, show
from clinicpbx.daemon.control_client import ask_daemon
from clinicpbx.paths import Instance

CALLBACKS = ask_names("callbacks", "callback")
COLUMNS = ["callback", "queue", "state", "when", "asked", "language", "number", "tried", "phone", "outcome"]


@click.group("callback")
def command() -> None:
    """Patients who are called back. Needs the running daemon (exit code 69 without it).

    \b
    Examples:
      clinicpbx callback list
      clinicpbx callback number clinic-1795492433.26.5
      clinicpbx callback close clinic-1795492433.26.5 --outcome "called from the office"
    """


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_instance
def list_callbacks(instance: Instance, as_json: bool) -> None:
    """One row an open call-back, the oldest first; `unreached` ones need a person.

    \b
    Examples:
      clinicpbx callback list
      clinicpbx callback list --json
    """
    show("Call-backs", COLUMNS, ask_daemon(instance, {"do": "callbacks"}), as_json)


@command.command()
@click.argument("callback", shell_complete=CALLBACKS)
@pass_instance
def number(instance: Instance, callback: str) -> None:
    """The patient's number, for whoever has to see to it.

    \b
    Examples:
      clinicpbx callback number clinic-1795492433.26.5
    """
    click.echo(ask_daemon(instance, {"do": "callback.number", "callback": callback}))


@command.command()
@click.argument("callback", shell_complete=CALLBACKS)
@click.option("--outcome", required=True, help="What came of it, for the record.")
@pass_instance
def close(instance: Instance, callback: str, outcome: str) -> None:
    """Nobody has to call back any more.

    \b
    Examples:
      clinicpbx callback close clinic-1795492433.26.5 --outcome "called from the office"
    """
    ask_daemon(instance, {"do": "callback.close", "callback": callback, "outcome": outcome})
    say(f"{callback} is closed: {outcome}.")
