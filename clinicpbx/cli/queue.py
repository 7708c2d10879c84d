"""Queues as they are now: who waits, who is free."""

import rich_click as click

from clinicpbx.cli._instance import ask_names, pass_instance
from clinicpbx.cli.output import say, show
from clinicpbx.daemon.control_client import ask_daemon
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance

COLUMNS = ["queue", "waiting", "callbacks", "ringing", "longest_wait", "staffed", "logged_in"]
COLUMNS += ["free", "offered", "talking", "wrap_up", "resting", "busy", "paused", "unreachable", "logged_out"]
CALLERS = ["call", "kind", "waited", "priority", "needs", "rings", "passed"]
MEMBERS = ["agent", "phone", "state", "reason", "since", "call"]
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
    found = [row for row in ask_daemon(instance, {"do": "queues"}) if row["queue"] == queue]
    if not found:
        raise ClinicPBXError(f"no queue {queue!r}", do="See `clinicpbx queue list`")
    agents = [row for row in ask_daemon(instance, {"do": "agents"}) if queue in row["queues"]]
    show(queue, MEMBERS, agents, as_json)
    numbers = found[0]
    say(f"{queue}: {numbers['waiting']} waiting, {numbers['ringing']} ringing, longest {numbers['longest_wait']} s")


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
