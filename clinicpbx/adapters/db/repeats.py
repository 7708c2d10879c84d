"""When a patient called again: the next call of the same number for the same reason, kept with each interaction."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from clinicpbx.adapters.db.tables import interaction

OTHER = interaction.alias("other")
FOLLOWED = ("call", "kind", "number", "site", "category", "answered", "started", "again")


def _alike(other: FromClause) -> ColumnElement[bool]:
    """Calls of patients whose number is known, alike in it and in their reason; only so far is *again* kept."""
    one = interaction.c
    same = (other.c[name] == one[name] for name in ("number", "category", "kind"))
    return and_(one.kind == "inbound", one.number != "", *same)


async def before(connection: AsyncConnection, calls: Collection[str]) -> set[str]:
    """The calls that *calls* followed: those whose *again* is the beginning of one of *calls*, if it is right."""
    earlier = interaction.alias("earlier")
    last = select(func.max(OTHER.c.started)).where(_alike(OTHER), OTHER.c.started < interaction.c.started)
    pairs = select(earlier.c.call).join_from(interaction, earlier, _alike(earlier))
    found = pairs.where(interaction.c.call.in_(calls), earlier.c.started == last.scalar_subquery())
    return set((await connection.execute(found)).scalars())


async def following(connection: AsyncConnection, chosen: ColumnElement[bool]) -> list[Mapping[str, Any]]:
    """Of those of *chosen* that can be followed: what is counted, and *next*, when the number called again."""
    own = [interaction.c[name] for name in FOLLOWED]
    then = select(func.min(OTHER.c.started)).where(_alike(OTHER), OTHER.c.started > interaction.c.started)
    known = select(*own, then.scalar_subquery().label("next")).where(
        chosen, interaction.c.kind == "inbound", interaction.c.number != ""
    )
    return [dict(row) for row in (await connection.execute(known)).mappings()]


async def keep(connection: AsyncConnection, found: Iterable[tuple[str, datetime | None]]) -> None:
    """Stores when the number of each call called again."""
    rows = [{"of": call, "then": then} for call, then in found]
    statement = update(interaction).where(interaction.c.call == bindparam("of")).values(again=bindparam("then"))
    if rows:
        await connection.execute(statement, rows)
