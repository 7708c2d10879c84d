"""Agents of the queues: list, login, logout, pause, unpause, skills, PINs."""

import rich_click as click

from clinicpbx.cli._instance import ask_names, pass_instance, rules_in_force
from clinicpbx.cli._vault import secret_line, vault
from clinicpbx.cli.output import say, show
from clinicpbx.daemon.control_client import ask_daemon
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance

AGENTS = ask_names("agents", "agent")
COLUMNS = ["agent", "phone", "desk", "state", "reason", "since", "queue", "call", "queues"]


@click.group("agent")
def command() -> None:
    """Agents of the queues. Needs the running daemon (exit code 69 without it).

    \b
    Examples:
      clinicpbx agent list
      clinicpbx agent login ana --phone 305
      clinicpbx agent pause ana --reason lunch
    """


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_instance
def list_agents(instance: Instance, as_json: bool) -> None:
    """One row an agent: phone (desk: hot, where it is not their own), state and since when, its queue and call.

    \b
    Examples:
      clinicpbx agent list
      clinicpbx agent list --json
    """
    show("Agents", COLUMNS, ask_daemon(instance, {"do": "agents"}), as_json)


@command.command()
@click.argument("agent", shell_complete=AGENTS)
@click.option("--phone", default="", help="The phone to work at until the log-out; default: where the agent is.")
@pass_instance
def login(instance: Instance, agent: str, phone: str) -> None:
    """Log AGENT in to the queues; ends a pause.

    \b
    Examples:
      clinicpbx agent login ana
      clinicpbx agent login ana --phone 305
    """
    ask_daemon(instance, {"do": "agent.login", "agent": agent, "phone": phone})
    say(f"{agent} is logged in{f' at {phone}' if phone else ''}.")


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
@click.argument("agent", shell_complete=AGENTS)
@pass_instance
def pin(instance: Instance, agent: str) -> None:
    """Set the PIN by which AGENT logs in at any phone; asked for at a terminal, else one line of stdin.

    \b
    Examples:
      clinicpbx agent pin ana < pin.txt
    """
    known = rules_in_force(instance).book.agents.get(agent)
    if known is None or not known.number:
        raise ClinicPBXError(f"no agent {agent!r} has a number", do="Give them one in the rules: number")
    digits = secret_line("New PIN", twice=True).strip()
    if digits == known.number:
        raise ClinicPBXError("the agent's own number is no PIN", do="Choose another")
    vault(instance, "agent pin", agent=agent, pin=digits)
    say(f"The PIN of {agent} is set.")


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
