"""What people were told: the outbox, a test of each way, another try."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import rich_click as click
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.cli._database import ask_database
from clinicpbx.cli._instance import named, pass_instance
from clinicpbx.cli.output import say, show, show_json
from clinicpbx.core.notify.targets import NotifyRules
from clinicpbx.errors import ClinicPBXError, NotReachable
from clinicpbx.paths import Instance

STATES = ["waiting", "sent", "failed", "dropped"]
COLUMNS = ["id", "at", "kind", "about", "target", "state", "tries", "next", "answer"]


def _rules(instance: Instance) -> NotifyRules:
    from clinicpbx.daemon.rulebooks import Rulebooks

    return Rulebooks(instance).load(datetime.now(UTC).date()).notify


@click.group("notify")
def command() -> None:
    """Whom the rules (`notify:`) tell of what happens, and what became of it.

    \b
    Examples:
      clinicpbx notify list --state failed
      clinicpbx notify test manager
      clinicpbx notify retry --all
    """


@command.command("list")
@click.option("--state", "states", type=click.Choice(STATES), multiple=True, help="Only these; default: all.")
@click.option("--limit", type=click.IntRange(1, 10000), default=100, show_default=True, help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_instance
def list_notices(instance: Instance, states: tuple[str, ...], limit: int, as_json: bool) -> None:
    """One row a target, the newest notice first. `failed`: given up after a day; `answer`: the neighbour's words.

    \b
    Examples:
      clinicpbx notify list
      clinicpbx notify list --state waiting --state failed --json
    """
    from clinicpbx.adapters.db import deliveries

    async def question(engine: AsyncEngine) -> list[dict[str, Any]]:
        async with engine.connect() as connection:
            return await deliveries.rows(connection, states or STATES, limit)

    found = [
        {**row, "next": row["due"] if row["state"] == deliveries.WAITING else None}
        for row in ask_database(instance, question)
    ]
    show("Notices", [*COLUMNS, "detail"] if as_json else COLUMNS, found, as_json)


@command.command()
@click.argument("target", shell_complete=named(lambda instance: _rules(instance).targets))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_instance
def test(instance: Instance, target: str, as_json: bool) -> None:
    """Send TARGET a test now, past the outbox, and say what its neighbour answered; exit code 69 if it did not take it.

    \b
    Examples:
      clinicpbx notify test manager
      clinicpbx notify test ops --json
    """
    from clinicpbx.adapters.db.outbox import new_id
    from clinicpbx.core.notify.letter import Notice
    from clinicpbx.daemon.courier import Courier
    from clinicpbx.settings import read_settings

    rules = _rules(instance)
    if target not in rules.targets:
        known = ", ".join(rules.targets) or "none"
        raise ClinicPBXError(f"no target {target!r}", do=f"There are {known}; the rules name them under notify")
    told = Notice(new_id(), "test", "test", datetime.now(UTC))
    answer = asyncio.run(Courier(instance, read_settings(instance)).deliver(rules, rules.targets[target], told))
    if as_json:
        show_json({"target": target, "id": told.id, "taken": answer.taken, "answer": answer.said})
    if not answer.taken:
        raise NotReachable(answer.said, where=target)
    say(f"{target}: {answer.said}")


@command.command()
@click.argument("deliveries", nargs=-1, metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help="All that failed.")
@pass_instance
def retry(instance: Instance, deliveries: tuple[str, ...], everything: bool) -> None:
    """Try failed notices from the beginning: the notifier sends them within seconds.

    \b
    Examples:
      clinicpbx notify retry --all
      clinicpbx notify retry 0b9f2e5d1c4a48f7a3b6e8d7c9f01234
    """
    from clinicpbx.adapters.db.deliveries import try_again

    if bool(deliveries) == everything:
        raise click.UsageError("name the deliveries, or --all")

    async def question(engine: AsyncEngine) -> int:
        async with engine.begin() as connection:
            return await try_again(connection, deliveries, datetime.now(UTC))

    count = ask_database(instance, question)
    if count < len(deliveries):
        raise ClinicPBXError(f"{len(deliveries) - count} of these have not failed", do="See `clinicpbx notify list`")
    say(f"{count} to be tried again.")
