"""What people do with items of the inbox: one transaction each, with its line of history and its audit row."""

from collections.abc import Awaitable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from clinicpbx.adapters.db.audit import append
from clinicpbx.adapters.db.inbox_rows import by_id, contact_values, item_values, read_items
from clinicpbx.adapters.db.inbox_tables import OPEN, contact, item, item_event
from clinicpbx.adapters.db.item_tally import recounted
from clinicpbx.core.audit.entry import Entry
from clinicpbx.core.inbox.attempt import attempt_of
from clinicpbx.core.inbox.changes import Actor, Call, Change, Claim, Close, Note, Refusal, changed
from clinicpbx.core.inbox.contact import Contact
from clinicpbx.core.inbox.item import Item
from clinicpbx.core.rulebook import Rulebook
from clinicpbx.errors import ClinicPBXError

MOST_BREACHES = 500
LIST = "clinicpbx inbox list"


class Announce(Protocol):
    """Tells of *kind* in the transaction of *connection*; *about* is an id."""

    def __call__(
        self, connection: AsyncConnection, kind: str, about: str, detail: Mapping[str, object]
    ) -> Awaitable[None]: ...


async def change_item(engine: AsyncEngine, id: int, change: Change, by: Actor, at: datetime, book: Rulebook) -> Item:
    """The item *id* after *change*; of several at the same time each sees what the one before made of it.

    *engine*: one that writes. Of a Call the last contact is the attempt.
    Errors: ClinicPBXError where there is no such item, or it may not be, saying why.
    """
    async with engine.begin() as connection:
        if isinstance(change, Claim):
            return await _claim(connection, id, by, at)
        before = await _item(connection, id)
        after = changed(before, change, by, at, book)
        if isinstance(after, Refusal):
            raise _refused(id, after)
        async with recounted(connection, [id]):
            if after != before:
                await connection.execute(update(item).where(item.c.id == id).values(item_values(after)))
            if isinstance(change, Call):
                tried = Contact(attempt_of(id, at), "tried", at, after.number, state=by.name, settled=True)
                await connection.execute(insert(contact), [contact_values(tried, id)])
                after = replace(after, contacts=(*after.contacts, tried))
            if isinstance(change, Close):
                await connection.execute(update(contact).where(contact.c.item == id).values(settled=True))
        await _tell(connection, id, change, by, at)
    return after


async def _claim(connection: AsyncConnection, id: int, by: Actor, at: datetime) -> Item:
    """The one statement that decides whose the item is."""
    free = update(item).where(item.c.id == id, item.c.owner == "", OPEN).values(owner=by.name)
    won = (await connection.execute(free)).rowcount == 1
    found = await _item(connection, id)
    if not won:
        refused = changed(found, Claim(), by, at, Rulebook("", {}))
        raise _refused(id, refused if isinstance(refused, Refusal) else Refusal("was changed just now"))
    await _tell(connection, id, Claim(), by, at)
    return found


async def _item(connection: AsyncConnection, id: int) -> Item:
    found = await read_items(connection, by_id(id).with_for_update())
    if not found:
        raise ClinicPBXError(f"no item {id} in the inbox", do=f"See `{LIST}`")
    return found[0]


def _refused(id: int, refusal: Refusal) -> ClinicPBXError:
    return ClinicPBXError(f"item {id} {refusal.why}", do=f"See `clinicpbx inbox show {id}`")


async def _tell(connection: AsyncConnection, id: int, change: Change, by: Actor, at: datetime) -> None:
    """The history has a note's words, the audit log has not."""
    kind = type(change).__name__.lower()
    outcome = change.outcome if isinstance(change, Close) else ""
    text = change.text.strip() if isinstance(change, Note) else outcome
    await connection.execute(
        insert(item_event), [{"item": id, "at": at, "kind": PAST[kind], "actor": by.name, "text": text}]
    )
    await append(connection, Entry(by.name, f"inbox.{kind}", str(id), {"outcome": outcome} if outcome else {}), at)


PAST = {
    "claim": "claimed",
    "release": "released",
    "note": "noted",
    "call": "called",
    "close": "closed",
    "reopen": "reopened",
}


async def find_breaches(engine: AsyncEngine, at: datetime, book: Rulebook, announce: Announce) -> int:
    """Marks what is overdue at *at* and was not marked before, and tells of each once; how many there were."""
    late = select(item.c.id).where(OPEN, item.c.due < at, item.c.escalated.is_(None)).limit(MOST_BREACHES)
    mark = update(item).where(item.c.id.in_(late.with_for_update(skip_locked=True))).values(escalated=at)
    async with engine.begin() as connection:
        found = (await connection.execute(mark.returning(item.c.id, item.c.category, item.c.owner))).all()
        for id, category, owner in found:
            known = book.categories.get(category)
            told = list(known.escalate) if known is not None else []
            row = {"item": id, "at": at, "kind": "breached", "actor": "", "text": ", ".join(told)}
            await connection.execute(insert(item_event), [row])
            before = select(func.count()).where(item_event.c.item == id, item_event.c.kind == "breached")
            times = (await connection.execute(before)).scalar_one()  # it was closed and opened again
            detail = {"item": id, "category": category, "owner": owner, "to": told}
            await announce(connection, "breached", f"{id}#{times}" if times > 1 else str(id), detail)
    return len(found)
