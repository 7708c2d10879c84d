"""Rows that wait to be moved into the main database."""

from collections.abc import Iterator

from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.ingest import Cursor, read_cursor
from clinicpbx.adapters.spool.reader import Spool, spools
from clinicpbx.cli._database import ask_database
from clinicpbx.cli.checks import CHECKS
from clinicpbx.cli.checks._check import Check, Finding, House
from clinicpbx.errors import NotReachable

MOST_WAITING = 1000


def look(house: House) -> Iterator[Finding]:
    instance = house.instance
    found = spools(instance.cdr_spool, instance.cel_spool, instance.journal)

    async def cursors(engine: AsyncEngine) -> dict[str, Cursor]:
        return {spool.kind: await read_cursor(engine, spool.kind) for spool in found}

    try:
        read = ask_database(instance, cursors)
    except NotReachable:
        read = {}
    waiting = {spool.kind: _waiting(spool, read.get(spool.kind)) for spool in found}
    for spool in found:
        if not spool.path.exists() and spool.kind != "fact":  # the journal comes with the daemon
            yield Finding("wrong", f"there is no {spool.path}", "clinicpbx prepare, before Asterisk starts")
        elif waiting[spool.kind] > MOST_WAITING:
            says = f"{waiting[spool.kind]} rows wait in {spool.path.name}; none is lost"
            yield Finding("wrong", says, "see listener, main database")
    if max(waiting.values()) <= MOST_WAITING:
        yield Finding("well", f"{sum(waiting.values())} rows wait")


def _waiting(spool: Spool, cursor: Cursor | None) -> int:
    """How many rows come after *cursor*; all of a file that is another than it was read from."""
    file = spool.after(cursor.position if cursor else 0, 0)
    read = cursor is not None and cursor.valid_for(file.identity, file.last, file.mark)
    return file.last - (cursor.position if cursor and read else 0)


CHECKS.register("spools")(Check("Spools", look))
