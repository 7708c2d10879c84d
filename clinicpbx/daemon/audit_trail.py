"""Writes entries of the audit log for commands: into the main database, or into a file while it is away."""

import asyncio
import json
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.audit import append, append_all, pending_known
from clinicpbx.adapters.db.engine import make_engine, parse_url
from clinicpbx.core.audit.entry import Entry
from clinicpbx.daemon.audit_files import alone
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings, database_url

PENDING, MOVING = "pending.jsonl", "pending.moving"
PATIENCE = 8.0  # seconds
AWAY = (SQLAlchemyError, OSError)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An entry that is not in the chain yet; *id* is drawn, and goes into its detail as `pending`."""

    entry: Entry
    at: datetime
    id: str = field(default_factory=lambda: secrets.token_hex(8))


def record(instance: Instance, settings: Settings, entry: Entry) -> bool:
    """Writes *entry*, durably, before it returns. False: the database is away, the entry waits in pending.jsonl.

    Errors: OSError where it could not be written at all; then what it tells of must not happen.
    """
    at, url = datetime.now(UTC), database_url(instance, settings)
    try:
        if _opens(parse_url(url)):
            asyncio.run(asyncio.wait_for(_append(url, entry, at), PATIENCE))
            return True
    except AWAY:
        pass
    wait(instance, Waiting(entry, at))
    return False


def _opens(url: URL) -> bool:
    """Whether a connection is worth trying: it would make a SQLite file that is missing, and where aiosqlite cannot
    open one, its thread outlives the loop and complains on stderr."""
    if url.get_backend_name() != "sqlite":
        return True
    try:
        with closing(sqlite3.connect(f"{Path(url.database or '').absolute().as_uri()}?mode=rw", uri=True)) as database:
            database.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
    except sqlite3.Error:
        return False
    return True


async def _append(url: str, entry: Entry, at: datetime) -> None:
    engine = make_engine(url, writes=True)
    try:
        async with engine.begin() as connection:
            await append(connection, entry, at)
    finally:
        await engine.dispose()


def wait(instance: Instance, waiting: Waiting) -> None:
    """Keeps *waiting* in pending.jsonl, durably."""
    entry = waiting.entry
    row = {"id": waiting.id, "at": waiting.at.isoformat(), "actor": entry.actor, "action": entry.action}
    line = json.dumps({**row, "object": entry.object, "detail": dict(entry.detail)}).encode()
    with alone(instance, PENDING) as file:
        content = file.read()
        # after a torn line a new one begins
        file.write((b"\n" if content and not content.endswith(b"\n") else b"") + line + b"\n")


def noting(instance: Instance) -> Callable[[Entry], None]:
    """Keeps each entry in pending.jsonl, as it comes: whoever asks waits for no database."""
    return lambda entry: wait(instance, Waiting(entry, datetime.now(UTC)))


def waiting(instance: Instance) -> list[Waiting]:
    """The entries that wait, oldest first."""
    found = []
    for name in (MOVING, PENDING):
        with suppress(FileNotFoundError), (instance.audit / name).open("rb") as file:
            found += [one for one in _read(file) if one is not None]
    return found


def _read(file: IO[bytes]) -> Iterator[Waiting | None]:
    """Each line as an entry; None for one that is none: torn while it was written, or written by somebody else."""
    for line in file:
        try:
            row: dict[str, Any] = json.loads(line)
            entry = Entry(row["actor"], row["action"], row["object"], row["detail"])
            yield Waiting(entry, datetime.fromisoformat(row["at"]), row["id"])
        except (ValueError, KeyError, TypeError):
            yield None


async def bring_in(instance: Instance, engine: AsyncEngine) -> int:
    """Moves the entries that wait into the chain, each once however often this is broken off; their number.

    Errors: what the database raises; then they go on waiting.
    """
    moving = instance.audit / MOVING
    if not moving.exists():
        if not (instance.audit / PENDING).exists():
            return 0
        # writers need not wait for the database: they begin a new file
        with alone(instance, PENDING):
            (instance.audit / PENDING).rename(moving)
    entries = await _chain(engine, moving)
    moving.unlink()
    return entries


async def _chain(engine: AsyncEngine, path: Path) -> int:
    with path.open("rb") as file:
        lines = list(_read(file))
    found = [one for one in lines if one is not None]
    async with engine.begin() as connection:
        known = await pending_known(connection, [one.id for one in found])
        entries = [(_marked(one), one.at) for one in found if one.id not in known]
        if unreadable := lines.count(None):
            entries.append((Entry("system", "audit.unreadable", PENDING, {"lines": unreadable}), datetime.now(UTC)))
        await append_all(connection, entries)
    return len(entries)


def _marked(one: Waiting) -> Entry:
    return Entry(one.entry.actor, one.entry.action, one.entry.object, {**one.entry.detail, "pending": one.id})
