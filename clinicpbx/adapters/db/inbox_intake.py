"""Records become items of the inbox, in the transaction that writes the records."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from clinicpbx.adapters.db.inbox_rows import contact_values, item_values, read_items
from clinicpbx.adapters.db.inbox_tables import OPEN, contact, item, item_event
from clinicpbx.adapters.db.item_tally import recounted
from clinicpbx.adapters.db.numbers import as_keyed, e164
from clinicpbx.adapters.db.once import insert as insert_or
from clinicpbx.adapters.db.tables import interaction
from clinicpbx.core.inbox.contact import Contact, contacts_of
from clinicpbx.core.inbox.item import Item
from clinicpbx.core.inbox.merge import Merge, merged
from clinicpbx.core.records.call_record import Interaction
from clinicpbx.core.rulebook import Rulebook


async def keep_items(
    connection: AsyncConnection, ids: Collection[str], records: Sequence[Interaction], book: Rulebook
) -> None:
    """Brings the inbox up to *records*, the only ones of the groups whose ids are *ids*; twice is as once.

    The listener alone writes contacts of calls; what people change at the same time, it waits for.
    """
    contacts = [one for record in records for one in _contacts_of(record, book)]
    gone = set(ids) - {one.call for one in contacts}
    numbers = {number for one in contacts for number in one.numbers}
    calls = [*gone, *(one.call for one in contacts)]
    holding = select(contact.c.item).where(contact.c.call.in_(calls))
    from_there = select(contact.c.item).join(interaction, interaction.c.call == contact.c.call)
    theirs = or_(item.c.number.in_(numbers), item.c.id.in_(from_there.where(interaction.c.number.in_(numbers))))
    wanted = or_(item.c.id.in_(holding), theirs & OPEN)
    before = await read_items(connection, select(item).where(wanted).order_by(item.c.id).with_for_update())
    if not before and not any(one.need for one in contacts):
        return
    merge = merged(book, before, await _talked(connection, numbers), contacts)
    if before:
        at = max((record.ended for record in records), default=before[0].touched)
        for call in sorted(gone):
            merge.withdraw(call, at)
    known = {one.id: one for one in before}
    async with recounted(connection, known) as concerned:
        concerned.update(await _write(connection, known, merge))


def _contacts_of(record: Interaction, book: Rulebook) -> list[Contact]:
    caller = _number(record)
    return contacts_of(record, caller, book, as_keyed(record.given.value, caller, book.number))


def _number(record: Interaction) -> str:
    return e164(record.caller.value if record.kind == "inbound" else record.dialled.value)


async def _talked(connection: AsyncConnection, numbers: Collection[str]) -> dict[str, datetime]:
    """When the patients of *numbers* were last answered."""
    last = (
        select(interaction.c.number, func.max(interaction.c.ended).label("at"))
        .where(interaction.c.number.in_(numbers), interaction.c.kind == "inbound", interaction.c.outcome == "answered")
        .group_by(interaction.c.number)
    )
    found = (await connection.execute(last)).all() if numbers else ()
    return {row.number: row.at for row in found}


async def _write(connection: AsyncConnection, before: Mapping[int, Item], merge: Merge) -> Collection[int]:
    """The ids of the items, as they are stored."""
    stored = {id: id for id in before} | await _make(connection, [new for id, new in merge.items.items() if id <= 0])
    for id, old in before.items():
        new = merge.items[id]
        if replace(new, contacts=()) != replace(old, contacts=()):
            await connection.execute(update(item).where(item.c.id == id).values(item_values(new)))
    had = {one.call: (old.id, one) for old in before.values() for one in old.contacts}
    have = {one.call: (stored[new.id], one) for new in merge.items.values() for one in new.contacts}
    gone = had.keys() - have.keys()
    if gone:
        await connection.execute(delete(contact).where(contact.c.call.in_(gone)))
    fresh = [contact_values(one, of) for of, one in have.values() if had.get(one.call) != (of, one)]
    if fresh:
        statement: Any = insert_or(connection, contact)
        put = {column.name: statement.excluded[column.name] for column in contact.c if column.name != "call"}
        await connection.execute(statement.on_conflict_do_update(index_elements=["call"], set_=put), fresh)
    rows = [
        {"item": stored[each.item], "at": each.at, "kind": each.kind, "actor": "", "text": each.text}
        for each in merge.happened
    ]
    if rows:
        await connection.execute(insert(item_event), rows)
    return stored.values()


async def _make(connection: AsyncConnection, new: Sequence[Item]) -> dict[int, int]:
    """Stores *new* items; the ids that they got, by those they had."""
    if not new:
        return {}
    made = insert(item).returning(item.c.id, sort_by_parameter_order=True)
    ids = (await connection.execute(made, [item_values(one) for one in new])).scalars()
    return {one.id: id for one, id in zip(new, ids, strict=True)}
