"""Rows that Asterisk could not write, and rows that made no record."""

from collections.abc import Iterator, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.tables import pending
from clinicpbx.cli._database import ask_database
from clinicpbx.cli.checks import CHECKS
from clinicpbx.cli.checks._check import Check, Finding, House
from clinicpbx.errors import NotReachable


async def failed(engine: AsyncEngine) -> Sequence[str]:
    async with engine.connect() as connection:
        return (
            (await connection.execute(select(pending.c.id).where(pending.c.failed).order_by(pending.c.id)))
            .scalars()
            .all()
        )


def look(house: House) -> Iterator[Finding]:
    lost = house.told.get("lost_rows", 0)
    if lost:
        says = f"Asterisk could not write {lost} rows of call records in the last day"
        yield Finding(
            "wrong", says, "is the disk of spool/ full? The daemon's facts may tell: clinicpbx calls why CALL"
        )
    try:
        ids = ask_database(house.instance, failed)
    except NotReachable as error:
        yield Finding("unknown", error.what)
        return
    if ids:
        says = f"the rows of {len(ids)} calls make no record, such as {', '.join(ids[:3])}; they are kept"
        yield Finding(
            "wrong", says, "a bug: report it with journalctl -u clinicpbx-listener; a new release tries again"
        )
    elif not lost:
        yield Finding("well", "every call whose rows were read has its record")


CHECKS.register("records")(Check("Call records", look))
