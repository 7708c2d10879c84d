"""The audit log's table: appended to in the transaction of the change it tells of, never changed."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime

from sqlalchemy import BigInteger, Column, Integer, Table, Text, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

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
    if rows:
        await connection.execute(insert(audit), [asdict(row) for row in rows])
    return int(seq)
