"""`calls search`: calls by number, queue, agent, outcome, site or line."""

import re
import sys
from typing import Any

import rich_click as click
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.call_search import Wanted, find_calls_by
from clinicpbx.adapters.db.numbers import e164
from clinicpbx.cli._call_rows import list_options, show_calls
from clinicpbx.cli._database import ask_database
from clinicpbx.cli._instance import book_in_force, named
from clinicpbx.cli._patience import patience
from clinicpbx.cli._period import Mistakes, read_period
from clinicpbx.paths import Instance

OUTCOMES = (
    "answered", "abandoned", "voicemail", "callback", "informed", "failed", "interrupted", "internal", "outbound",
)  # fmt: skip
SHOWN = 4
"""So many digits of a number may stand on the command line, which everybody on the machine can read."""
FULL = 10
"""Digits of a whole number without its country."""
queues = named(lambda instance: book_in_force(instance).queues)
agents = named(lambda instance: [agent.phone for agent in book_in_force(instance).agents.values()])
lines = named(lambda instance: book_in_force(instance).entries)


@click.command()
@click.option("--number", help="Its last digits, at most four; - asks for it, in full or its last digits.")
@click.option("--since", help="Calls that began since; default: 30d, but all where --number is given in full.")
@click.option("--until", help="Calls that began before; default: now.")
@click.option("--queue", shell_complete=queues, help="Calls that waited in this queue.")
@click.option("--agent", shell_complete=agents, help="Calls that rang or were taken at this phone.")
@click.option("--outcome", type=click.Choice(OUTCOMES), help="How they ended.")
@click.option("--site", help="Calls to a number of this site.")
@click.option("--did", shell_complete=lines, help="Calls to this number of ours.")
@list_options
@click.pass_obj
def search(
    instance: Instance, /, number: str | None, since: str | None, until: str | None, limit: int, format: str,
    as_json: bool, unmask: bool, **wanted: str | None,
) -> None:  # fmt: skip
    """Calls by what is known of them, the newest first; everything that is said must hold. Numbers are masked.

    \b
    Examples:
      clinicpbx calls search --number - --since 2026-01-01
      clinicpbx calls search --number 47 --queue nurse --outcome abandoned
      clinicpbx calls search --agent 101 --since last-week --until last-week --format csv
    """
    mistakes = Mistakes()
    by_number = _by_number(mistakes, number)
    period = read_period(instance, mistakes, since or "30d", until, options=("--since", "--until"))
    mistakes.refuse()
    at_all = since is None and "number" in by_number
    stretch = {"since": None if at_all else period.since, "until": period.until}
    asked = Wanted(**stretch, **by_number, **{name: value or "" for name, value in wanted.items()})  # type: ignore[arg-type]

    async def question(engine: AsyncEngine) -> list[dict[str, Any]]:
        return await find_calls_by(engine, asked, limit)

    with patience("looking"):
        found = ask_database(instance, question)
    show_calls(found, format, as_json, unmask)


def _by_number(mistakes: Mistakes, number: str | None) -> dict[str, str]:
    """What of Wanted the typed *number* is."""
    if number is None:
        return {}
    asked = number == "-"
    text = (click.prompt("Number", err=True) if sys.stdin.isatty() else sys.stdin.readline()) if asked else number
    digits = re.sub(r"[\s().…*/-]", "", text)
    if not re.fullmatch(r"\+?[0-9]{2,15}", digits):
        mistakes.note("--number: that is no number, nor the last digits of one (two at least)")
    elif not asked and len(digits) > SHOWN:
        mistakes.note(
            f"--number: more than {SHOWN} digits would be seen by everybody on this machine; write --number - and "
            "type it, or give the last digits"
        )
    elif (digits.startswith("+") or len(digits) >= FULL) and (full := e164(digits)):
        return {"number": full}
    else:
        return {"ending": digits.removeprefix("+")}
    return {}
