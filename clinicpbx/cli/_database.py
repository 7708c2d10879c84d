"""The main database for commands: opened for one question, its faults said in words."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.engine import make_engine, parse_url
from clinicpbx.cli._instance import there
from clinicpbx.errors import NotReachable
from clinicpbx.paths import Instance
from clinicpbx.settings import database_url, read_settings

T = TypeVar("T")
LATER = "Try again in some minutes: as in `clinicpbx db tally --rebuild`, and after upgrades, all is counted anew"


def ask_database(
    instance: Instance,
    question: Callable[[AsyncEngine], Awaitable[T]],
    *,
    migrates: bool = False,
    writes: bool = False,
) -> T:
    """The answer to *question*; NotReachable where there is no database or it refuses."""
    there(instance)
    url = database_url(instance, read_settings(instance))
    parsed = parse_url(url)
    shown = parsed.render_as_string(hide_password=True)
    # connecting would make an empty file, and a wrong --home would look like a clinic without calls
    if parsed.get_backend_name() == "sqlite" and not migrates and not Path(parsed.database or "").exists():
        raise NotReachable(
            "there are no records yet", where=shown, do="They begin with the listener: clinicpbx run listener"
        )

    async def ask() -> T:
        engine = make_engine(url, migrates=migrates, writes=writes)
        try:
            return await question(engine)
        finally:
            await engine.dispose()

    try:
        return asyncio.run(ask())
    except (SQLAlchemyError, OSError) as fault:
        if getattr(getattr(fault, "orig", None), "sqlite_errorcode", 0) == sqlite3.SQLITE_BUSY:
            raise NotReachable("another is writing for long", where=shown, do=LATER) from None
        # the fault's own text may quote a row
        raise NotReachable(f"the database does not answer ({type(fault).__name__})", where=shown) from None
