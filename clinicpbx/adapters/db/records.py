"""Interactions as they are stored: written again whenever the rows of their group change."""

import json
from collections.abc import Collection, Sequence
from datetime import timedelta
from operator import itemgetter
from typing import Any

from sqlalchemy import Table, delete
from sqlalchemy.ext.asyncio import AsyncConnection

from clinicpbx.adapters.db.bulk import put, replacing
from clinicpbx.adapters.db.numbers import e164, printable
from clinicpbx.adapters.db.tables import interaction, leg, offer, queue_entry
from clinicpbx.adapters.db.tallies import Recount, state
from clinicpbx.core.records.call_record import Interaction
from clinicpbx.core.rulebook import Rulebook

NO_RULES = Rulebook("", {})


async def write_records(connection: AsyncConnection, ids: Collection[str], records: Sequence[Interaction]) -> set[str]:
    """Makes *records* the only ones of the groups whose ids are *ids*; the tallies follow. Which were there before."""
    calls = {record.call for record in records}
    recount = Recount(*await state(connection, writes=True))
    await recount.take_back(connection, calls | set(ids))
    if stale := recount.known - calls:
        await connection.execute(delete(interaction).where(interaction.c.call.in_(stale)))
    own = {record.call: _values(record) for record in records}
    await _replace(connection, interaction, own.values())
    entries, offers, legs = ({one.call: made(one) for one in records} for made in (_entries, _offers, _legs))
    for table, parts in ((queue_entry, entries), (offer, offers), (leg, legs)):
        if recount.known:
            await connection.execute(delete(table).where(table.c.call.in_(recount.known)))
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
