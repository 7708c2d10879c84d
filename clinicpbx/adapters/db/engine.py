"""Connections to the main database: SQLite in WAL mode, or PostgreSQL."""

from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from clinicpbx.errors import ClinicPBXError

DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
SPOKEN = "Use sqlite:///PATH or postgresql://HOST/NAME"
BUSY_MS = 5000


def parse_url(text: str) -> URL:
    """*text* with the driver that we use; ClinicPBXError for a database we do not speak."""
    try:
        url = make_url(text)
    except ArgumentError:
        raise ClinicPBXError("is no database URL", where="CLINICPBX_DATABASE_URL", do=SPOKEN) from None
    driver = DRIVERS.get(url.get_backend_name())
    if driver is None:
        raise ClinicPBXError(
            f"unknown database {url.get_backend_name()!r}",
            where="CLINICPBX_DATABASE_URL",
            do=SPOKEN,
        )
    return url.set(drivername=driver)


def make_engine(text: str, *, writes: bool = False, migrates: bool = False) -> AsyncEngine:
    """An engine for the database at URL *text*; *writes* takes SQLite's write lock at the start of each
    transaction, since a reader that begins to write later fails at once instead of waiting. *migrates* leaves
    foreign keys alone: SQLite changes a table by making it anew, and dropping the old one would cascade."""
    url = parse_url(text)
    if url.get_backend_name() != "sqlite":
        return _interpreted(
            create_async_engine(url, pool_pre_ping=True, pool_size=2, connect_args={"connect_timeout": 5})
        )
    engine = create_async_engine(url)

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        keys = "OFF" if migrates else "ON"
        for pragma in (
            f"busy_timeout = {BUSY_MS}",
            "journal_mode = WAL",
            f"foreign_keys = {keys}",
            "synchronous = FULL",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes or migrates else "BEGIN")

    return engine


def _interpreted(engine: AsyncEngine) -> AsyncEngine:
    """*engine*, in whose connections PostgreSQL compiles no queries: reports spell out each change of the clock, and to
    compile that took two minutes where to run it took a second."""

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("SET jit = off")
        cursor.close()
        connection.commit()

    return engine
