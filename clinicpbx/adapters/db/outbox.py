"""The outbox: what people are to be told, written in the transaction in which it happens."""

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint
from sqlalchemy.ext.asyncio import AsyncConnection

from clinicpbx.adapters.db.once import add
from clinicpbx.adapters.db.tables import UtcTime, metadata
from clinicpbx.core.notify.kinds import KINDS, is_id

# what happened; `routed` once its deliveries are written, which the rules then in force decide
notice = Table(
    "notice",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("detail", Text, nullable=False, server_default=""),
    Column("routed", Boolean, nullable=False, default=False),
    UniqueConstraint("kind", "about"),
)
Index(None, notice.c.routed)
Index(None, notice.c.at)

# one row a target. `due`: when it may be claimed; a claim moves it on, so that a claimant that dies holds it no longer
delivery = Table(
    "delivery",
    metadata,
    Column("id", Text, primary_key=True),
    Column("notice", Text, ForeignKey(notice.c.id, ondelete="CASCADE"), nullable=False),
    Column("target", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("due", UtcTime, nullable=False),
    Column("answer", Text, nullable=False, server_default=""),
    UniqueConstraint("notice", "target"),
)
Index(None, delivery.c.state, delivery.c.due)


async def announce(
    connection: AsyncConnection, kind: str, about: str, detail: Mapping[str, object], *, at: datetime | None = None
) -> None:
    """Whoever the rules name is told that *kind* happened to *about*, once, if the caller's transaction commits.

    *about* is an id. *detail* stays in the database: it is never sent; its `to`, a list of names, are targets that are
    told whatever they are told else. *at* is aware, by default now. Announced again,
    nothing happens. Errors: ValueError for an unknown kind, or what is no id.
    """
    if kind not in KINDS or not is_id(about):
        raise ValueError(f"no kind of notice {kind!r}, or what it is about is no id")
    row = {"id": new_id(), "kind": kind, "about": about, "at": at or datetime.now(UTC), "routed": False}
    await add(connection, notice, [{**row, "detail": json.dumps(dict(detail), default=str)}])


def new_id() -> str:
    """128 random bits."""
    return secrets.token_hex(16)
