"""Queues as they are now: who waits, who is free."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import rich_click as click

from clinicpbx.cli._actor import login_name
from clinicpbx.cli._instance import ask_names, pass_instance, rules_in_force
from clinicpbx.cli._zone import local_zone
from clinicpbx.cli.output import say, show
from clinicpbx.daemon.control_client import ask_daemon
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance

COLUMNS = ["queue", "mode", "until", "by", "waiting", "callbacks", "ringing", "longest_wait", "staffed", "logged_in"]
COLUMNS += ["free", "offered", "talking", "wrap_up", "resting", "busy", "paused", "unreachable", "logged_out"]
CALLERS = ["call", "kind", "waited", "priority", "needs", "rings", "passed"]
MEMBERS = ["agent", "phone", "desk", "state", "reason", "since", "call"]
QUEUES = ask_names("queues", "queue")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group("queue")
def command() -> None:
    """Queues as they are now. Needs the running daemon (exit code 69 without it).

    \b
    Examples:
      clinicpbx queue list
      clinicpbx queue status frontdesk
      clinicpbx queue show frontdesk
      clinicpbx queue add frontdesk ana --penalty 1
      clinicpbx queue mode frontdesk full --until 14:00
    """


@command.command("list")
@as_json
@pass_instance
def list_queues(instance: Instance, as_json: bool) -> None:
    """One row a queue: callers waiting and ringing, the longest wait in seconds, and its agents by state.

    \b
    Examples:
      clinicpbx queue list
      clinicpbx queue list --json
    """
    show("Queues", COLUMNS, ask_daemon(instance, {"do": "queues"}), as_json)


@command.command()
@click.argument("queue", shell_complete=QUEUES)
@as_json
@pass_instance
def status(instance: Instance, queue: str, as_json: bool) -> None:
    """The agents of QUEUE: what each does, since when, with which call; its numbers on stderr.

    \b
    Examples:
      clinicpbx queue status frontdesk
      clinicpbx queue status frontdesk --json
    """
    numbers = _row(instance, queue)
    agents = [row for row in ask_daemon(instance, {"do": "agents"}) if queue in row["queues"]]
    show(queue, MEMBERS, agents, as_json)
    say(f"{queue}: {numbers['waiting']} waiting, {numbers['ringing']} ringing, longest {numbers['longest_wait']} s")
    _say_mode(numbers)


@command.command("show")
@click.argument("queue", shell_complete=QUEUES)
@as_json
@pass_instance
def show_callers(instance: Instance, queue: str, as_json: bool) -> None:
    """Who waits in QUEUE, in order: how long (s), with which priority, what is asked of an agent, which phones ring.

    \b
    Examples:
      clinicpbx queue show frontdesk
      clinicpbx queue show frontdesk --json
    """
    show(f"Waiting in {queue}", CALLERS, ask_daemon(instance, {"do": "callers", "queue": queue}), as_json)
    _say_mode(_row(instance, queue))


@command.command()
@click.argument("queue", shell_complete=QUEUES)
@click.argument("mode", type=click.Choice(["open", "full", "closed"]))
@click.option(
    "--until",
    default="00:00",
    help="Its end: 2h, 18:00, or '2026-12-24 07:00' (local time of the clinic); default: the end of the day.",
)
@pass_instance
def mode(instance: Instance, queue: str, mode: str, until: str) -> None:
    """QUEUE is full: who waits is served, new callers overflow; closed: nobody waits in it; or open: as the rules say.

    \b
    Examples:
      clinicpbx queue mode frontdesk full --until 14:00
      clinicpbx queue mode nurse closed --until 2h
      clinicpbx queue mode frontdesk open
    """
    from clinicpbx.daemon.overrides import end_of

    wish = {"do": "queue.mode", "queue": queue, "mode": mode, "who": login_name(instance)}
    if mode != "open":
        zone = rules_in_force(instance).document.local
        wish["until"] = end_of(until, datetime.now(UTC), zone).isoformat()
    ask_daemon(instance, wish)
    _say_mode(_row(instance, queue))


@command.command()
@click.argument("queue", shell_complete=QUEUES)
@click.argument("agent", shell_complete=ask_names("agents", "agent"))
@click.option("--penalty", type=click.IntRange(0, 100), default=0, show_default=True, help="Lower is asked first.")
@pass_instance
def add(instance: Instance, queue: str, agent: str, penalty: int) -> None:
    """Let AGENT serve QUEUE for now, whatever the rules say, until removed; licences are asked for all the same.

    \b
    Examples:
      clinicpbx queue add frontdesk dora
      clinicpbx queue add frontdesk dora --penalty 2
    """
    ask_daemon(instance, {"do": "queue.add", "queue": queue, "agent": agent, "penalty": penalty})
    say(f"{agent} serves {queue}.")


@command.command()
@click.argument("queue", shell_complete=QUEUES)
@click.argument("agent", shell_complete=ask_names("agents", "agent"))
@pass_instance
def remove(instance: Instance, queue: str, agent: str) -> None:
    """Let AGENT not serve QUEUE any more, until added or logged in to it again; a call of it goes on.

    \b
    Examples:
      clinicpbx queue remove frontdesk ana
    """
    ask_daemon(instance, {"do": "queue.remove", "queue": queue, "agent": agent})
    say(f"{agent} does not serve {queue}.")


def _row(instance: Instance, queue: str) -> Mapping[str, Any]:
    """The daemon's row of that queue."""
    found = [row for row in ask_daemon(instance, {"do": "queues"}) if row["queue"] == queue]
    if not found:
        raise ClinicPBXError(f"no queue {queue!r}", do="See `clinicpbx queue list`")
    return dict(found[0])


def _say_mode(row: Mapping[str, Any]) -> None:
    if row["mode"] == "open":
        say(f"{row['queue']} is open.")
    else:
        until = datetime.fromisoformat(row["until"]).astimezone(local_zone())
        say(f"{row['queue']} is {row['mode']} until {until:%Y-%m-%d %H:%M %Z}, by {row['by']}.")
