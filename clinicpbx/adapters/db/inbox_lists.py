"""Reads the inbox for people: lists page by page, and the whole story of one item."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from clinicpbx.adapters.db.inbox_rows import by_id, read_items
from clinicpbx.adapters.db.inbox_tables import OPEN, contact, item, item_event
from clinicpbx.core.inbox.item import Item


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which items: open ones, or *closed* ones. *before*: due before; *since*: opened since, open or closed.

    *owner*, *queue*, *category*: "" is any. *after*: the id of the last item of the page before; 0: the first page.
    """

    owner: str = ""
    queue: str = ""
    category: str = ""
    closed: bool = False
    before: datetime | None = None
    since: datetime | None = None
    after: int = 0
    limit: int = 50


async def list_items(engine: AsyncEngine, wanted: Wanted) -> list[Item]:
    """Open ones by due time, then the higher priority; closed ones the last closed first; *since* the newest first."""
    async with engine.connect() as connection:
        found = await read_items(connection, _page(wanted))
    return found


async def story(engine: AsyncEngine, id: int) -> tuple[Item | None, Sequence[dict[str, Any]]]:
    """Item *id* with its contacts, and its history in order: at, kind, actor, text."""
    lines = select(*(item_event.c[name] for name in ("at", "kind", "actor", "text")))
    lines = lines.where(item_event.c.item == id).order_by(item_event.c.at, item_event.c.id)
    async with engine.connect() as connection:
        found = await read_items(connection, by_id(id))
        history = [dict(row) for row in (await connection.execute(lines)).mappings()]
    return (found[0] if found else None), history


async def ids_of_today(
    connection: AsyncConnection, now: datetime, since: datetime, until: datetime
) -> dict[str, list[int]]:
    """Ids of what is open, overdue, and due from *now* to *until*, by due time; and of what *came* since."""
    waits = select(item.c.id, item.c.due).where(OPEN).order_by(item.c.due, item.c.priority.desc(), item.c.id)
    found = [(row.id, row.due) for row in await connection.execute(waits)]
    came = select(item.c.id).where(item.c.opened >= since).order_by(item.c.id)
    return {
        "open": [id for id, _ in found],
        "overdue": [id for id, due in found if due < now],
        "due_today": [id for id, due in found if now <= due < until],
        "came": list((await connection.execute(came)).scalars()),
    }


async def item_of_message(engine: AsyncEngine, message: str) -> Item | None:
    """The item that the message with that id belongs to."""
    holding = select(contact.c.item).where(contact.c.message == message)
    async with engine.connect() as connection:
        found = await read_items(connection, select(item).where(item.c.id.in_(holding)).limit(1))
    return found[0] if found else None


async def item_of_attempt(engine: AsyncEngine, attempt: str) -> Item | None:
    """The item that the *attempt*, whose call is not on record yet, was noted for."""
    holding = select(contact.c.item).where(contact.c.call == attempt, contact.c.kind == "tried")
    async with engine.connect() as connection:
        found = await read_items(connection, select(item).where(item.c.id.in_(holding)))
    return found[0] if found else None


def _page(wanted: Wanted) -> Select[Any]:
    equal = {"owner": wanted.owner, "queue": wanted.queue, "category": wanted.category}
    page = select(item).where(*(item.c[name] == value for name, value in equal.items() if value))
    if wanted.before is not None:
        page = page.where(item.c.due < wanted.before)
    page = page.limit(wanted.limit)
    if wanted.since is not None:
        return page.where(item.c.opened >= wanted.since).order_by(item.c.opened.desc(), item.c.id.desc())
    if wanted.closed:
        page = page.where(item.c.closed.is_not(None), *_after_closed(wanted.after))
        return page.order_by(item.c.closed.desc(), item.c.id.desc())
    return page.where(OPEN, *_after(wanted.after)).order_by(item.c.due, item.c.priority.desc(), item.c.id)


def _of(id: int, column: str) -> Any:
    return select(item.c[column]).where(item.c.id == id).scalar_subquery()


def _after(id: int) -> list[ColumnElement[bool]]:
    """What comes after item *id*; the first condition lets the index begin there."""
    if not id:
        return []
    due, priority = _of(id, "due"), _of(id, "priority")
    later = or_(item.c.priority < priority, and_(item.c.priority == priority, item.c.id > id))
    return [item.c.due >= due, or_(item.c.due > due, later)]


def _after_closed(id: int) -> list[ColumnElement[bool]]:
    if not id:
        return []
    closed = _of(id, "closed")
    return [item.c.closed <= closed, or_(item.c.closed < closed, item.c.id < id)]
