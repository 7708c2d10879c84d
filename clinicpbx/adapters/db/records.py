"""Turns raw rows into interactions: a pure function of the rows, stored again whenever they change."""

import json
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Table, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from clinicpbx.adapters.db.bulk import put, replacing
from clinicpbx.adapters.db.inbox_intake import keep_items
from clinicpbx.adapters.db.numbers import e164, printable
from clinicpbx.adapters.db.tables import (
    cdr,
    cel,
    fact,
    interaction,
    leg,
    link,
    lost_channel,
    offer,
    pending,
    queue_entry,
)
from clinicpbx.adapters.db.tallies import Recount, state
from clinicpbx.core.records.assemble import Group, assemble_all
from clinicpbx.core.records.call_record import Interaction
from clinicpbx.core.records.grouping import groups
from clinicpbx.core.records.rows import CDR_COLUMNS, CEL_COLUMNS, FACT_COLUMNS, cdr_cells, cel_cells, fact_cells
from clinicpbx.core.rulebook import Rulebook

GROUPS = 500
READ: tuple[tuple[Table, tuple[str, ...], str, Callable[..., Any]], ...] = (
    (cel, CEL_COLUMNS, "linkedid", cel_cells),
    (cdr, CDR_COLUMNS, "linkedid", cdr_cells),
    (fact, FACT_COLUMNS, "call", fact_cells),
)
NO_RULES = Rulebook("", {})
Assemble = Callable[[Group], list[Interaction]]


class Assembled(NamedTuple):
    """How many groups waited, the faults met, and when the calls ended that had no record before."""

    waiting: int
    faults: list[Exception]
    ended: list[datetime]


async def assemble_pending(
    engine: AsyncEngine, *, limit: int = GROUPS, how: Assemble = assemble_all, book: Rulebook = NO_RULES
) -> Assembled:
    """Assembles at most *limit* waiting groups in one transaction.

    *book*: by which contacts become items of the inbox.
    A group whose assembly raises keeps its rows and stays marked; it is tried again when a row of it comes.
    """
    async with engine.begin() as connection:
        waiting = select(pending.c.id).where(pending.c.failed.is_(False)).order_by(pending.c.id).limit(limit)
        ids = list((await connection.execute(waiting)).scalars())
        if not ids:
            return Assembled(0, [], [])
        found = await members(connection, ids)
        rows = await _rows(connection, sorted({one for group in found for one in group}))
        faults, failed, sound, records = list[Exception](), list[str](), set[str](), list[Interaction]()
        for group in found:
            try:
                records += how(_group(group, rows))
                sound |= group
            except Exception as fault:
                faults.append(fault)
                failed += group
        known = await write_records(connection, sound, records)
        await keep_items(connection, sound, records, book)
        await connection.execute(delete(pending).where(pending.c.id.in_(ids)).where(pending.c.id.not_in(failed)))
        if failed:
            await connection.execute(update(pending).where(pending.c.id.in_(failed)).values(failed=True))
    return Assembled(len(ids), faults, [record.ended for record in records if record.call not in known])


async def members(connection: AsyncConnection, ids: Sequence[str]) -> list[frozenset[str]]:
    """The groups of channels that *ids* are in, each once."""
    known, fresh, pairs = set(ids), set(ids), set[tuple[str, str]]()
    while fresh:
        near = select(link.c.a, link.c.b).where(or_(link.c.a.in_(fresh), link.c.b.in_(fresh)))
        pairs |= {(a, b) for a, b in await connection.execute(near)}
        fresh = {one for pair in pairs for one in pair} - known
        known |= fresh
    return sorted(set(groups(known, pairs).values()), key=min)


async def _rows(connection: AsyncConnection, ids: Sequence[str]) -> dict[str, dict[str, list[Any]]]:
    """The rows of *ids* by kind and id, each with its place in the order of writing."""
    found: dict[str, dict[str, list[Any]]] = {}
    for table, columns, key, read in READ:
        kind: dict[str, list[Any]] = {}
        wanted = select(table.c.rowid, *(table.c[name] for name in columns)).where(table.c[key].in_(ids))
        of = columns.index(key) + 1
        for row in (await connection.execute(wanted)).all():
            kind.setdefault(row[of], []).append((row[0], read(*row[1:], read=_json)))
        found[table.name] = kind
    lost = select(lost_channel.c.uniqueid).where(lost_channel.c.uniqueid.in_(ids))
    found["lost"] = {one: [(0, one)] for one in (await connection.execute(lost)).scalars()}
    return found


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except ValueError:  # what it refuses and json reads, such as half of a surrogate pair
        return json.loads(text)


def _group(ids: frozenset[str], rows: dict[str, dict[str, list[Any]]]) -> Group:
    def of(kind: str) -> list[Any]:
        placed = [row for one in ids for row in rows[kind].get(one, ())]
        return [row for _, row in sorted(placed, key=itemgetter(0))]

    return Group(of("cdr"), of("cel"), of("fact"), of("lost"))


async def write_records(connection: AsyncConnection, ids: Collection[str], records: Sequence[Interaction]) -> set[str]:
    """Makes *records* the only ones of the groups whose ids are *ids*; the tallies follow. Which were there before."""
    calls = {record.call for record in records}
    recount = Recount(*await state(connection, writes=True))
    await recount.take_back(connection, calls | set(ids))
    if stale := set(ids) - calls:
        await connection.execute(delete(interaction).where(interaction.c.call.in_(stale)))
    own = {record.call: _values(record) for record in records}
    await _replace(connection, interaction, own.values())
    entries, offers, legs = ({one.call: made(one) for one in records} for made in (_entries, _offers, _legs))
    for table, parts in ((queue_entry, entries), (offer, offers), (leg, legs)):
        if recount.known:
            await connection.execute(delete(table).where(table.c.call.in_(calls)))
        await _replace(connection, table, [row for rows in parts.values() for row in rows])
    await recount.count(connection, {call: (own[call], entries[call], offers[call]) for call in own})
    return recount.known


async def _replace(connection: AsyncConnection, table: Table, rows: Collection[dict[str, Any]]) -> None:
    if rows:
        columns = list(next(iter(rows)))
        await put(connection, table, columns, map(itemgetter(*columns), rows), replacing(table, columns))


def _milliseconds(length: timedelta) -> int:
    return round(length.total_seconds() * 1000)


def _values(record: Interaction) -> dict[str, Any]:
    raw = record.caller.value
    outside = raw if record.kind == "inbound" else record.dialled.value
    moves = [{"at": t.at.isoformat(), "kind": t.kind, "by": t.by, "to": printable(t.to)} for t in record.transfers]
    return {
        "call": record.call,
        "kind": record.kind,
        "outcome": record.outcome,
        "started": record.started,
        "ended": record.ended,
        "number": e164(outside) if record.kind in ("inbound", "outbound") else "",
        "number_raw": printable(raw),
        "dialled": printable(record.dialled.value),
        "did": printable(record.did),
        "flow": record.flow,
        "version": record.version,
        "language": record.language,
        "menu_path": json.dumps(record.menu_path),
        "transfers": json.dumps(moves),
        "agent": record.agent,
        "answered": record.answered,
        "talk_ms": _milliseconds(record.talk),
        "mailbox": record.mailbox,
        "message": record.message,
        "hangup": record.hangup,
        "cause": record.cause,
        "fallback": record.fallback,
        "category": record.category,
        "site": record.site,
        "disposition": record.disposition,
        "wait_ms": _milliseconds(record.waited),
        "hold_ms": _milliseconds(record.hold),
        "wrap_ms": _milliseconds(record.wrap),
        "callback": record.callback,
        "tries": record.tries,
        "called_back": record.called_back,
        "paged": record.paged,
        "page_outcome": record.page_outcome,
        "origin": record.origin,
    }


def _entries(record: Interaction) -> list[dict[str, Any]]:
    return [
        {
            "call": record.call,
            "n": n,
            "queue": entry.queue,
            "entered": entry.entered,
            "left": entry.left,
            "waited_ms": _milliseconds(entry.waited),
            "outcome": entry.outcome,
            "agent": entry.agent,
            "offers": entry.offers,
            "talk_ms": _milliseconds(entry.talk),
            "hold_ms": _milliseconds(entry.hold),
            "wrap_ms": _milliseconds(entry.wrap),
        }
        for n, entry in enumerate(record.queues)
    ]


def _offers(record: Interaction) -> list[dict[str, Any]]:
    return [
        {"call": record.call, "n": n, "queue": o.queue, "agent": o.agent, "at": o.at, "outcome": o.outcome}
        for n, o in enumerate(record.offers)
    ]


def _legs(record: Interaction) -> list[dict[str, Any]]:
    return [
        {
            "call": record.call,
            "n": n,
            "channel": printable(one.channel),
            "role": one.role,
            "party": one.party,
            "queue": one.queue,
            "started": one.started,
            "answered": one.answered,
            "ended": one.ended,
            "talk_ms": _milliseconds(one.talk),
            "hold_ms": _milliseconds(one.hold),
            "cause": one.cause,
        }
        for n, one in enumerate(record.legs)
    ]
