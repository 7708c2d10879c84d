"""The main database's schema: brought to a version, and compared with what this program needs."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db import audit, inbox_tables, outbox, spells, tally_tables  # noqa: F401  their tables are the schema's, too
from clinicpbx.adapters.db.tables import metadata
from clinicpbx.errors import ClinicPBXError
from clinicpbx.shipped import shipped


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(shipped("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def newest() -> str:
    """The version this program needs."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


async def upgrade(engine: AsyncEngine, to: str = "head") -> None:
    """Brings the schema to version *to*; what is there already stays."""
    async with engine.begin() as connection:
        await connection.run_sync(lambda sync: command.upgrade(_config(sync), to))


async def downgrade(engine: AsyncEngine, to: str) -> None:
    """Takes the schema back to version *to*; "base" is an empty database. ClinicPBXError where there is none such."""
    versions = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()} | {"base"}
    if to not in versions:
        raise ClinicPBXError(f"the schema has no version {to!r}", do=f"There are {', '.join(sorted(versions))}")
    async with engine.begin() as connection:
        await connection.run_sync(lambda sync: command.downgrade(_config(sync), to))


async def version(engine: AsyncEngine) -> str:
    """The schema's version, "" for an empty database."""
    async with engine.connect() as connection:
        return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision() or "")


async def differences(engine: AsyncEngine) -> list[str]:
    """How the schema differs from the tables this program uses; empty if it does not."""
    async with engine.connect() as connection:
        return await connection.run_sync(
            lambda sync: [str(d) for d in compare_metadata(MigrationContext.configure(sync), metadata)]
        )
