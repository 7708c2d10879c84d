"""The main database: its schema's version, brought to the newest; its tallies, proved and made anew."""

from typing import Any
from zoneinfo import ZoneInfo

import rich_click as click
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.cli._database import ask_database
from clinicpbx.cli._instance import book_in_force, pass_instance
from clinicpbx.cli.output import say, show
from clinicpbx.core.records import slots
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance

SHOWN = 20


@click.group("db")
def command() -> None:
    """The main database: where call records are kept.

    \b
    Examples:
      clinicpbx db status
      clinicpbx db upgrade
      clinicpbx db tally --check
    """


@command.command()
@pass_instance
def upgrade(instance: Instance) -> None:
    """Bring the schema to the version this program needs; safe to repeat, and to break off.

    \b
    Examples:
      clinicpbx db upgrade
    """
    from clinicpbx.adapters.db import migrate

    async def question(engine: AsyncEngine) -> tuple[str, str]:
        before = await migrate.version(engine)
        await migrate.upgrade(engine)
        return before, await migrate.version(engine)

    before, after = ask_database(instance, question, migrates=True)
    say(f"schema {before or 'empty'} → {after}" if before != after else f"schema {after}, nothing to do")


@command.command()
@click.argument("version")
@click.option("--yes", is_flag=True, help="Do it: what the older schema has no place for is lost.")
@pass_instance
def downgrade(instance: Instance, version: str, yes: bool) -> None:
    """Take the schema back to VERSION.

    \b
    Examples:
      clinicpbx db downgrade 0001 --yes
    """
    from clinicpbx.adapters.db import migrate

    if not yes:
        raise ClinicPBXError("a downgrade loses what the older schema has no place for", do="Back up, then add --yes")

    async def question(engine: AsyncEngine) -> None:
        await migrate.downgrade(engine, version)

    ask_database(instance, question, migrates=True)
    say(f"schema {version}")


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_instance
def status(instance: Instance, as_json: bool) -> None:
    """The schema's version, the one needed, and differences between them.

    \b
    Examples:
      clinicpbx db status --json
    """
    from clinicpbx.adapters.db import migrate

    async def question(engine: AsyncEngine) -> dict[str, object]:
        found = await migrate.version(engine)
        different = len(await migrate.differences(engine)) if found else None
        return {"version": found, "needed": migrate.newest(), "differences": different}

    show("Database", ["version", "needed", "differences"], [ask_database(instance, question)], as_json)


async def _differences(engine: AsyncEngine) -> list[dict[str, Any]]:
    from clinicpbx.adapters.db.tally_proof import differences

    found = []
    async for one in differences(engine):
        found.append(one)
        if len(found) > SHOWN:
            break
    return found


def _count_anew(instance: Instance) -> int:
    """By the days of the clinic; without rules, by those that are counted."""
    from clinicpbx.adapters.db.tallies import zone_of
    from clinicpbx.adapters.db.tally_proof import rebuild

    book = book_in_force(instance)

    async def question(engine: AsyncEngine) -> int:
        return await rebuild(engine, book.notify.zone if book.version else ZoneInfo(await zone_of(engine) or "UTC"))

    return ask_database(instance, question, writes=True)


@command.command()
@click.option("--check", is_flag=True, help="Compare them with the records; what is done without an option, too.")
@click.option("--rebuild", is_flag=True, help="Count all records anew; the listener waits meanwhile.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_instance
def tally(instance: Instance, check: bool, rebuild: bool, as_json: bool) -> None:
    """The tallies that reports read: prove that they are what the records give, or make them anew.

    Ends with 1 where a figure differs, and prints the first that do.

    \b
    Examples:
      clinicpbx db tally --check
      clinicpbx db tally --rebuild
    """
    if check and rebuild:
        raise click.UsageError("--check or --rebuild, not both")
    if rebuild:
        months = _count_anew(instance)
        say(f"counted anew, {months} months")
        return
    found = ask_database(instance, _differences)
    rows = [{**one, "slot": slots.told(one["grain"], one["slot"]) if one["grain"] else ""} for one in found[:SHOWN]]
    columns = ["tally", "grain", "slot", "of", "figure", "kept", "counted"]
    if rows or as_json:
        show("Differences", columns, rows, as_json)
    if found:
        more = "at least " if len(found) > SHOWN else ""
        raise ClinicPBXError(
            f"{more}{len(rows)} of the figures differ from what the records give", do="clinicpbx db tally --rebuild"
        )
    say("the tallies are what the records give")
