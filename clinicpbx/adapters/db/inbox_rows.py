"""Items and contacts as rows, and back."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from clinicpbx.adapters.db.inbox_tables import contact, item
from clinicpbx.adapters.db.tables import interaction
from clinicpbx.core.inbox.contact import Contact
from clinicpbx.core.inbox.item import Item
from clinicpbx.private import Private

FIELDS = ("category", "language", "queue", "owner", "outcome", "priority", "opened", "due", "touched", "closed")
OF_CONTACT = ("call", "kind", "at", "category", "language", "queue", "mailbox", "message", "state", "tries", "settled")


async def read_items(connection: AsyncConnection, wanted: Select[Any]) -> list[Item]:
    """The items whose rows *wanted* selects, with their contacts in order."""
    rows = list((await connection.execute(wanted)).mappings())
    theirs = (
        select(contact, interaction.c.number)
        .join(interaction, interaction.c.call == contact.c.call, isouter=True)
        .where(contact.c.item.in_([row["id"] for row in rows]))
        .order_by(contact.c.at)
    )
    contacts: dict[int, list[Mapping[str, Any]]] = {}
    if rows:
        for found in (await connection.execute(theirs)).mappings():
            contacts.setdefault(found["item"], []).append(dict(found))
    return [_item(dict(row), contacts.get(row["id"], ())) for row in rows]


def _item(row: Mapping[str, Any], contacts: Sequence[Mapping[str, Any]]) -> Item:
    number = Private(row["number"])
    held = tuple(
        Contact(number=Private(one["number"] or ""), **{name: one[name] for name in OF_CONTACT}) for one in contacts
    )
    fields = {name: row[name] for name in (*FIELDS, "escalated")}
    return Item(id=row["id"], number=number, contacts=held, **fields)


def item_values(one: Item) -> dict[str, Any]:
    """The columns of its row, but for the id."""
    return {"number": one.number.value, **{name: getattr(one, name) for name in (*FIELDS, "escalated")}}


def contact_values(one: Contact, id: int) -> dict[str, Any]:
    """The row of a contact of item *id*."""
    return {"item": id, **{name: getattr(one, name) for name in OF_CONTACT}}


def by_id(id: int) -> Select[Any]:
    """The row of item *id*."""
    return select(item).where(item.c.id == id)
