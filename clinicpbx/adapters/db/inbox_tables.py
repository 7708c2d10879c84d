"""The inbox's tables: items, their contacts, their history."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text

from clinicpbx.adapters.db.tables import UtcTime, metadata


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False, server_default="")


item = Table(
    "item",
    metadata,
    Column("id", Integer, primary_key=True),
    *map(_text, ("number", "category", "language", "queue", "owner", "outcome")),
    Column("priority", Integer, nullable=False, server_default="0"),
    Column("opened", UtcTime, nullable=False),
    Column("due", UtcTime, nullable=False),
    Column("touched", UtcTime, nullable=False),
    Column("closed", UtcTime),
    Column("escalated", UtcTime),
)
OPEN = item.c.closed.is_(None)


def _of_open(*columns: str) -> None:
    """An index over open items alone, by due time within *columns*: what closed items there are costs no list."""
    order = (item.c[column] for column in (*columns, "due"))
    Index(f"ix_item_open_{'_'.join((*columns, 'due'))}", *order, sqlite_where=OPEN, postgresql_where=OPEN)


Index(None, item.c.number)
Index(None, item.c.closed)
Index(None, item.c.opened)
_of_open()
_of_open("owner")
_of_open("queue")
_of_open("category")

# one row a call, and one for each attempt that somebody noted, until its call is on record
contact = Table(
    "contact",
    metadata,
    Column("call", Text, primary_key=True),
    Column("item", Integer, ForeignKey(item.c.id, ondelete="CASCADE"), nullable=False),
    _text("kind"),
    Column("at", UtcTime, nullable=False),
    *map(_text, ("category", "language", "queue", "mailbox", "message", "state")),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("settled", Boolean, nullable=False),
)
Index(None, contact.c.item)
Index(None, contact.c.message)

item_event = Table(
    "item_event",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("item", Integer, ForeignKey(item.c.id, ondelete="CASCADE"), nullable=False),
    Column("at", UtcTime, nullable=False),
    *map(_text, ("kind", "actor", "text")),
)
Index(None, item_event.c.item)
