"""The main database answers and has the schema that this program needs."""

from collections.abc import Iterator

from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db import migrate
from clinicpbx.cli._database import ask_database
from clinicpbx.cli.checks import CHECKS
from clinicpbx.cli.checks._check import Check, Finding, House
from clinicpbx.errors import NotReachable


async def schema(engine: AsyncEngine) -> tuple[str, int]:
    found = await migrate.version(engine)
    return found, len(await migrate.differences(engine)) if found == migrate.newest() else 0


def look(house: House) -> Iterator[Finding]:
    try:
        found, differences = ask_database(house.instance, schema)
    except NotReachable as error:
        yield Finding("wrong", error.what, error.do or "start it; until then the spools keep the rows")
        return
    if found != migrate.newest():
        yield Finding("wrong", f"its schema is {found or 'empty'}, not {migrate.newest()}", "clinicpbx db upgrade")
    elif differences:
        yield Finding("wrong", f"its tables differ from schema {found} in {differences} places", "clinicpbx db status")
    else:
        yield Finding("well", f"it answers, schema {found}")


CHECKS.register("database")(Check("Main database", look))
