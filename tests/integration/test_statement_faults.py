"""The listener is killed before each statement it sends, one after the other: nothing is lost, nothing is doubled."""

import asyncio
import os
import signal
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event, func, select

from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.adapters.db.tables import cdr, cel, cursor, fact, interaction, offer, queue_entry
from clinicpbx.adapters.spool.reader import spools
from clinicpbx.core.records.assemble import assemble_all
from clinicpbx.daemon.records_runtime import RecordsRuntime
from clinicpbx.paths import Instance
from tests.support.record_database import make_database, make_instance, write_call
from tests.support.record_tables import tables

pytestmark = pytest.mark.integration
CALLS = dict(tables(Path(__file__).parents[1] / "scenario" / "records"))
CUT, WHOLE = CALLS["answered from queue"], CALLS["blind transfer"]
LEAST = 25
"""A step with rows in each spool sends more statements than this."""


async def step(instance: Instance, url: str, last: int) -> None:
    """A whole step and sweep of a listener that has just started; killed before statement or commit number *last*."""
    engine = make_engine(url, writes=True)
    sent = 0

    def count(*_: object) -> None:
        nonlocal sent
        sent += 1
        if sent == last:
            os.kill(os.getpid(), signal.SIGKILL)

    async def nobody() -> set[str]:
        return set()

    event.listen(engine.sync_engine, "before_cursor_execute", count)
    event.listen(engine.sync_engine, "commit", count)
    found = spools(instance.cdr_spool, instance.cel_spool, instance.journal)
    await RecordsRuntime(engine, found, nobody, clock=lambda: datetime.now(UTC)).sweep()
    await engine.dispose()


def killed(instance: Instance, url: str, last: int) -> bool:
    """Whether a listener of its own process was killed by then, or had no statement left."""
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(step(instance, url, last))
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def test_killed_before_any_statement_it_goes_on_where_it_was(url: str, tmp_path: Path) -> None:
    instance = make_instance(tmp_path)
    asyncio.run(make_database(url))
    last, calls = 0, 0
    cut_off = type(CUT)(cel=CUT.cel[:8])  # its end is never written
    while True:
        last, calls = last + 1, calls + 1
        for call in (CUT, WHOLE):
            write_call(instance, call, f"n{calls}")
        write_call(instance, cut_off, f"cut{calls}")
        if not killed(instance, url, last):
            break
        assert not killed(instance, url, 10_000), "the next listener goes on"
    assert last > LEAST

    async def counts() -> tuple[Counter[str], list[int]]:
        engine = make_engine(url)
        async with engine.connect() as connection:
            ends = Counter((await connection.execute(select(interaction.c.outcome))).scalars())
            sizes = [
                (await connection.execute(select(func.count()).select_from(table))).scalar_one()
                for table in (cel, cdr, fact, queue_entry, offer, cursor)
            ]
        await engine.dispose()
        return ends, sizes

    ends, sizes = asyncio.run(counts())
    records = [record for call in (CUT, WHOLE) for record in assemble_all(call.group())]
    assert ends == Counter({**Counter(r.outcome for r in records * calls), "interrupted": calls})
    spooled = [
        sum(len(getattr(call, kind)) for call in (CUT, WHOLE, cut_off)) * calls for kind in ("cel", "cdr", "fact")
    ]
    parts = [sum(len(getattr(record, kind)) for record in records) * calls for kind in ("queues", "offers")]
    assert sizes == [*spooled, *parts, 3]
