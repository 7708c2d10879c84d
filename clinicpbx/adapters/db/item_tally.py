"""Closed items of the inbox in their tally: what they counted as before a change is taken back, what now is added."""

from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from clinicpbx.adapters.db.expressions import elapsed
from clinicpbx.adapters.db.inbox_tables import OPEN, contact, item
from clinicpbx.adapters.db.tallies import add_counts, state
from clinicpbx.adapters.db.tally_tables import item_tally
from clinicpbx.core.inbox.contact import OUT
from clinicpbx.core.records.sums import Sums
from clinicpbx.core.records.tally import Row, request

_ATTEMPT = select(func.min(contact.c.at)).where(contact.c.item == item.c.id, contact.c.kind.in_(OUT))
FIRST_MS = elapsed(item.c.opened, _ATTEMPT.where(contact.c.at >= item.c.opened).scalar_subquery()).label("first_ms")
CLOSED_MS = elapsed(item.c.opened, item.c.closed).label("closed_ms")
COUNTED = (*(item.c[name] for name in ("category", "queue", "opened", "due", "closed")), FIRST_MS, CLOSED_MS)


async def closed_items(connection: AsyncConnection, chosen: ColumnElement[bool]) -> list[Row]:
    """What is counted of the items that *chosen* names and that are closed."""
    wanted = select(*COUNTED).where(chosen, ~OPEN).order_by(item.c.id)
    return [dict(row) for row in (await connection.execute(wanted)).mappings()]


def count_items(sums: Sums, items: Iterable[Row], times: int = 1) -> None:
    """Adds what closed *items* count as to *sums*; *times* is -1 to take it back."""
    for row in items:
        sums.add(row["opened"], request(row), times)


@asynccontextmanager
async def recounted(connection: AsyncConnection, ids: Collection[int]) -> AsyncIterator[set[int]]:
    """Around every change of items and their contacts: the tally follows. *ids*: of the items, whose rows are locked;
    those of new ones are added to the set that it yields.

    Locks come in one order, items before rows of the tally, and these by their keys.
    """
    concerned = set(ids)
    before = await closed_items(connection, item.c.id.in_(concerned))
    yield concerned
    after = await closed_items(connection, item.c.id.in_(concerned))
    if after == before:
        return
    if connection.dialect.name == "postgresql":  # before the zone is read: who counts anew may be changing it
        await connection.execute(text(f"LOCK TABLE {item_tally.name} IN ROW EXCLUSIVE MODE"))
    zone, _ = await state(connection)
    sums = Sums()
    count_items(sums, before, -1)
    count_items(sums, after)
    for name, counts in sums.rows(zone).items():
        await add_counts(connection, name, dict(sorted(counts.items())))
