"""Calls as they were recorded: list, one call, why it went where it went."""

from datetime import datetime
from typing import Any

import rich_click as click
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.call_search import Wanted, find_calls_by
from clinicpbx.adapters.db.calls import parts
from clinicpbx.adapters.db.numbers import masked
from clinicpbx.cli._call_lines import BARS, bars, fields, opened
from clinicpbx.cli._call_rows import COLUMNS, hidden
from clinicpbx.cli._call_search import search
from clinicpbx.cli._database import ask_database
from clinicpbx.cli._moment import MOMENT
from clinicpbx.cli._why import find_call, why
from clinicpbx.cli.output import show, show_json
from clinicpbx.paths import Instance

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
unmask = click.option("--unmask", is_flag=True, help="Show numbers in full.")


@click.group("calls")
def command() -> None:
    """Calls as they were recorded, one record a call, across transfers. Numbers are masked unless --unmask.

    \b
    Examples:
      clinicpbx calls list --since 24h
      clinicpbx calls search --number - --since 2026-01-01
      clinicpbx calls show clinic-1795478910.1
      clinicpbx calls why 1795478910.1
    """


@command.command("list")
@click.option("--since", type=MOMENT, default="24h", show_default=True, help="Calls that began at or after this time.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="The newest so many.")
@as_json
@unmask
@click.pass_obj
def list_recorded(instance: Instance, since: datetime, limit: int, as_json: bool, unmask: bool) -> None:
    """The newest calls first: when, from whom, how they ended.

    \b
    Examples:
      clinicpbx calls list
      clinicpbx calls list --since 2026-11-24 --limit 500 --json
    """

    async def question(engine: AsyncEngine) -> list[dict[str, Any]]:
        return await find_calls_by(engine, Wanted(since), limit)

    rows = ask_database(instance, question)
    show("Calls", COLUMNS, [hidden(row, unmask) for row in rows], as_json)


@command.command("show")
@click.argument("call")
@as_json
@unmask
@click.pass_obj
def show_call(instance: Instance, call: str, as_json: bool, unmask: bool) -> None:
    """Everything on record about CALL: its id, or what is after the system's name or the dot.

    Below it who was on it, second by second: ~ waits, · rings, ━ is on the line. docs/call-record.md says what is what.

    \b
    Examples:
      clinicpbx calls show 1795478910.1
      clinicpbx calls show clinic-1795478910.1 --unmask --json
    """
    row = find_call(instance, call)

    async def question(engine: AsyncEngine) -> dict[str, list[dict[str, Any]]]:
        return await parts(engine, row["call"])

    record = opened(hidden(row, unmask))
    record["transfers"] = [{**move, "to": move["to"] if unmask else masked(move["to"])} for move in record["transfers"]]
    record |= {name: [_own(part) for part in found] for name, found in ask_database(instance, question).items()}
    if as_json:
        show_json(record)
        return
    show(f"Call {row['call']}", ["field", "value"], fields(record), as_json)
    click.echo()
    show("Who was on it", BARS, bars(record), as_json)


def _own(part: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in part.items() if key not in ("call", "n")}


command.add_command(search)
command.add_command(why)
