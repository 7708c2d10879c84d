"""Items of the inbox as rows of a table."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from clinicpbx.adapters.db.numbers import masked
from clinicpbx.core.inbox.contact import Contact
from clinicpbx.core.inbox.item import Item

COLUMNS = ["item", "due", "late", "priority", "category", "owner", "number", "language", "team", "in", "out", "last"]
OF_CONTACT = ["at", "direction", "kind", "state", "tries", "queue", "mailbox", "message", "call"]


def item_row(item: Item, now: datetime, unmask: bool) -> dict[str, Any]:
    """One line of a list; *in* and *out* count contacts, and call-backs' rings as attempts of ours."""
    incoming = [contact for contact in item.contacts if contact.incoming]
    number = item.number.value
    return {
        "item": item.id,
        "due": item.due,
        "late": item.open and item.due < now,
        "priority": item.priority,
        "category": item.category,
        "owner": item.owner,
        "number": number if unmask else masked(number),
        "language": item.language,
        "team": item.queue,
        "in": len(incoming),
        "out": len(item.contacts) - len(incoming) + sum(contact.tries for contact in incoming),
        "last": item.contacts[-1].kind if item.contacts else "",
        "opened": item.opened,
        "closed": item.closed,
        "outcome": item.outcome,
    }


def contact_rows(contacts: Iterable[Contact]) -> list[dict[str, Any]]:
    """One line a contact, in and out, in their order."""
    return [
        {name: getattr(one, name) for name in OF_CONTACT if name != "direction"}
        | {"direction": "in" if one.incoming else "out"}
        for one in contacts
    ]
