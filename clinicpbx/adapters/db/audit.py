"""The audit log's table: appended to in the transaction of the change it tells of, never changed."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Integer, Table, Text, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from clinicpbx.adapters.db.outbox import announce
from clinicpbx.adapters.db.tables import metadata
from clinicpbx.core.audit.entry import Entry
from clinicpbx.core.audit.row import FIRST, Row, row_after

LOCK = 0x61756469
"""Names the log among PostgreSQL's advisory locks of this database."""

audit = Table(
    "audit",
    metadata,
    # SQLite gives no other type its rowid
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    *(
        Column(name, Text, nullable=False)
        for name in ("at", "actor", "action", "object", "detail", "prev_hash", "hash")
    ),
)


TOLD = {"break-glass": "break_glass"}
"""Actions that people are told of, by the kind of the notice."""


async def append(connection: AsyncConnection, entry: Entry, at: datetime | None = None) -> int:
    """Writes *entry* in the transaction of *connection*; its seq. *at* (aware): when it was, else now.

    Other writers wait for the end of that transaction, so append last, and keep it short. In SQLite it must have begun
    with the write lock (`make_engine(..., writes=True)`), or it fails where another writes too.
    """
    return await append_all(connection, [(entry, at or datetime.now(UTC))])


async def append_all(connection: AsyncConnection, entries: Iterable[tuple[Entry, datetime]]) -> int:
    """Writes *entries* in their order, like append; the seq of the last row there is."""
    if connection.dialect.name == "postgresql":
        await connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
    last = select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)
    head = (await connection.execute(last)).one_or_none()
    seq, hash = (head.seq, head.hash) if head else (0, FIRST)
    rows: list[Row] = []
    for entry, at in entries:
        rows.append(row_after(seq, hash, entry, at))
        seq, hash = rows[-1].seq, rows[-1].hash
        if kind := TOLD.get(entry.action):
            await announce(connection, kind, f"audit-{seq}", {}, at=at)
    if rows:
        await connection.execute(insert(audit), [asdict(row) for row in rows])
    return int(seq)


async def pending_known(connection: AsyncConnection, ids: Iterable[str]) -> set[str]:
    """Those of *ids* that are the detail `pending` of a row."""
    found = set()
    for one in ids:
        mark = select(audit.c.seq).where(audit.c.detail.contains(f'"pending":"{one}"', autoescape=True)).limit(1)
        if (await connection.execute(mark)).one_or_none() is not None:
            found.add(one)
    return found


async def rows_after(connection: AsyncConnection, seq: int | None, limit: int) -> Sequence[Sequence[Any]]:
    """At most *limit* rows after row *seq* (None: from the first there is), each as in the table."""
    wanted = select(audit).order_by(audit.c.seq).limit(limit)
    return (await connection.execute(wanted if seq is None else wanted.where(audit.c.seq > seq))).all()


async def leaves(connection: AsyncConnection, size: int) -> list[bytes]:
    """The hashes of the first *size* rows, as stored."""
    found = await connection.execute(select(audit.c.hash).where(audit.c.seq <= size).order_by(audit.c.seq))
    return [bytes.fromhex(hash) for hash in found.scalars()]


@dataclass(frozen=True, slots=True)
class Search:
    """Which rows: all that is said of them must hold; "" says nothing. *since*: aware."""

    since: datetime | None = None
    actor: str = ""
    action: str = ""
    object: str = ""
    break_glass: bool = False
    limit: int = 50


async def find(connection: AsyncConnection, search: Search) -> list[Row]:
    """The newest rows that are as *search* says, newest first."""
    wanted = select(audit).order_by(audit.c.seq.desc()).limit(search.limit)
    if search.since is not None:
        wanted = wanted.where(audit.c.at >= search.since.astimezone(UTC).isoformat(timespec="microseconds")[:26])
    for column, value in ((audit.c.actor, search.actor), (audit.c.action, search.action)):
        wanted = wanted.where(column == value) if value else wanted
    if search.object:
        wanted = wanted.where(audit.c.object.startswith(search.object, autoescape=True))
    if search.break_glass:
        by = audit.c.detail.contains('"break_glass":true')
        wanted = wanted.where(or_(audit.c.action == "break-glass", by))
    return [Row(*row) for row in await connection.execute(wanted)]


async def one(connection: AsyncConnection, seq: int) -> Row | None:
    """Row *seq*, where there is one."""
    found = (await connection.execute(select(audit).where(audit.c.seq == seq))).one_or_none()
    return Row(*found) if found else None
