"""The main database's schema: show its version, bring it to the newest."""

import rich_click as click
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.cli._database import ask_database
from clinicpbx.cli._instance import pass_instance
from clinicpbx.cli.output import say, show
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance


@click.group("db")
def command() -> None:
    """The main database: where call records are kept.

    \b
    Examples:
      clinicpbx db status
      clinicpbx db upgrade
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
