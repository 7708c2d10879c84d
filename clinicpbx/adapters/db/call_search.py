"""Finds calls by what people know of them, the newest first."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.calls import rows, waits
from clinicpbx.adapters.db.tables import interaction, offer, queue_entry

CALL = interaction.c


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which calls: all that is said of them must hold; "" and None say nothing.

    *number*: in E.164; *ending*: its last digits, or the extension that called. *agent*: who took it first, or was
    rung for it.
    """

    since: datetime | None = None
    until: datetime | None = None
    number: str = ""
    ending: str = ""
    queue: str = ""
    agent: str = ""
    outcome: str = ""
    site: str = ""
    did: str = ""


async def find_calls_by(
    engine: AsyncEngine, wanted: Wanted, limit: int, *more: ColumnElement[bool]
) -> list[dict[str, Any]]:
    """At most *limit* interactions, the newest first, with `queue` (the first), `waited` and `talk` (s)."""
    query = select(interaction).where(*_conditions(wanted), *more)
    found = await rows(engine, query.order_by(CALL.started.desc(), CALL.call).limit(limit))
    queued = await waits(engine, [row["call"] for row in found])
    for row in found:
        row["queue"], waited = queued.get(row["call"], ("", None))
        row["waited"] = None if waited is None else waited / 1000
        row["talk"] = row["talk_ms"] / 1000
        row["number"] = row["number"] or row["number_raw"]
    return found


def _conditions(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    stay = queue_entry.c
    if wanted.since is not None:
        yield CALL.started >= wanted.since
    if wanted.until is not None:
        yield CALL.started < wanted.until
    for name in ("number", "outcome", "site", "did"):
        if value := getattr(wanted, name):
            yield CALL[name] == value
    if wanted.ending:
        yield or_(CALL.number.endswith(wanted.ending, autoescape=True), CALL.number_raw == wanted.ending)
    if wanted.queue:
        yield _has(wanted, stay.queue, wanted.queue, stay.entered)
    if wanted.agent:
        yield or_(CALL.agent == wanted.agent, _has(wanted, offer.c.agent, wanted.agent, offer.c.at))


def _has(wanted: Wanted, column: Column[str], value: str, at: Column[datetime]) -> ColumnElement[bool]:
    """Calls with a part whose *column* is *value*; a part is *at* a time after its call began.

    A number has few calls, each of which is looked at; else the parts since then are found first.
    """
    call = column.table.c.call
    if wanted.number or wanted.since is None:
        # with nothing added, an index would find every call of a queue for each call of the number
        return exists().where(call == CALL.call, column.concat("") == value)
    return CALL.call.in_(select(call).where(column == value, at >= wanted.since))
