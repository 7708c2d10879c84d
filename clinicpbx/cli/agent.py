"""Agents of the queues: list, login, logout, pause, unpause, skills."""

import rich_click as click

from clinicpbx.cli._instance import ask_names, pass_instance
from clinicpbx.cli.output import say, show
from clinicpbx.daemon.control_client import ask_daemon
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance

AGENTS = ask_names("agents", "agent")
COLUMNS = ["agent", "phone", "state", "reason", "since", "queue", "call", "queues"]


@click.group("agent")
def command() -> None:
    """Agents of the queues. Needs the running daemon (exit code 69 without it).

    \b
    Examples:
      clinicpbx agent list
      clinicpbx agent login ana
      clinicpbx agent pause ana --reason lunch
    """


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_instance
def list_agents(instance: Instance, as_json: bool) -> None:
    """One row an agent: phone, state and since when, and the queue and call it is bound to.

    \b
    Examples:
      clinicpbx agent list
      clinicpbx agent list --json
    """
    show("Agents", COLUMNS, ask_daemon(instance, {"do": "agents"}), as_json)


@command.command()
@click.argument("agent", shell_complete=AGENTS)
@pass_instance
def login(instance: Instance, agent: str) -> None:
    """Log AGENT in to the queues; ends a pause.

    \b
    Examples:
      clinicpbx agent login ana
    """
    ask_daemon(instance, {"do": "agent.login", "agent": agent})
    say(f"{agent} is logged in.")


@command.command()
@click.argument("agent", shell_complete=AGENTS)
@pass_instance
def logout(instance: Instance, agent: str) -> None:
    """Log AGENT out of the queues; a call that rings or talks goes on.

    \b
    Examples:
      clinicpbx agent logout ana
    """
    ask_daemon(instance, {"do": "agent.logout", "agent": agent})
    say(f"{agent} is logged out.")


@command.command()
@click.argument("agent", shell_complete=AGENTS)
@click.option("--reason", default="", help="Why, for the live view (else: by hand).")
@pass_instance
def pause(instance: Instance, agent: str, reason: str) -> None:
    """Give AGENT no calls until unpaused; a call that rings or talks goes on.

    \b
    Examples:
      clinicpbx agent pause ana
      clinicpbx agent pause ana --reason lunch
    """
    ask_daemon(instance, {"do": "agent.pause", "agent": agent, "reason": reason})
    say(f"{agent} is paused.")


@command.command()
@click.argument("agent", shell_complete=AGENTS)
@pass_instance
def unpause(instance: Instance, agent: str) -> None:
    """Give AGENT calls again.

    \b
    Examples:
      clinicpbx agent unpause ana
    """
    ask_daemon(instance, {"do": "agent.unpause", "agent": agent})
    say(f"{agent} takes calls.")


@command.command()
@click.argument("agent", shell_complete=AGENTS, required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_instance
def skills(instance: Instance, agent: str | None, as_json: bool) -> None:
    """What agents, or AGENT alone, can do: skills and languages with their levels, licences, queues.

    \b
    Examples:
      clinicpbx agent skills
      clinicpbx agent skills ana --json
    """
    found = [row for row in ask_daemon(instance, {"do": "agents"}) if agent in (None, row["agent"])]
    if not found:
        raise ClinicPBXError(f"no agent {agent!r}", do="See `clinicpbx agent list`")
    rows = [
        {
            "agent": row["agent"],
            "skills": ", ".join(f"{name} {level}" for name, level in row["skills"].items()),
            "licences": ", ".join(row["licences"]),
            "queues": row["queues"],
        }
        for row in found
    ]
    show("Skills", ["agent", "skills", "licences", "queues"], rows, as_json)
