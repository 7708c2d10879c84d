"""An audit log in a real database, and people who tamper with it as root can."""

import asyncio
import sqlite3
from contextlib import closing

from clinicpbx.adapters.db.audit import append
from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.core.audit.entry import Entry
from clinicpbx.paths import Instance
from tests.support.record_database import make_database


def make_log(instance: Instance, rows: int) -> None:
    """A database with the newest schema where there is none, and *rows* more rows."""
    url = f"sqlite:///{instance.database}"

    async def write() -> None:
        if not instance.database.exists():
            await make_database(url)
        engine = make_engine(url, writes=True)
        for n in range(rows):
            async with engine.begin() as connection:
                await append(connection, Entry("ana", "voicemail.export", f"desk/m{n}", {"n": n}))
        await engine.dispose()

    asyncio.run(write())


def tamper(instance: Instance, *statements: str) -> None:
    """Runs *statements* with the triggers taken away."""
    with closing(sqlite3.connect(instance.database)) as database, database:
        for name in ("no_update", "no_delete", "only_append"):
            database.execute(f"DROP TRIGGER IF EXISTS audit_{name}")
        for statement in statements:
            database.execute(statement)
