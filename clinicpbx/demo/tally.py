"""What the morning came to, counted in the records alone."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.adapters.db.reconcile import reconcile
from clinicpbx.adapters.db.tables import interaction
from clinicpbx.demo.morning import MORNING
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings, database_url


@dataclass(frozen=True, slots=True)
class Tally:
    """*callers_lost*: patients without exactly one record that ended as their morning should."""

    calls: int
    answered: int
    abandoned: int
    voicemails: int
    callers_lost: int
    records: int
    unreconciled: int


async def tally(instance: Instance, settings: Settings, calls: int, since: datetime, within: float = 15.0) -> Tally:
    """The counts once every record is there, or after *within* seconds."""
    engine = make_engine(database_url(instance, settings))
    wanted = {patient.number: patient.ends for patient in MORNING}
    try:
        async with asyncio.timeout(within):
            while True:
                async with engine.connect() as connection:
                    rows = (await connection.execute(select(interaction).where(interaction.c.started >= since))).all()
                counts = await reconcile(engine, (), since)
                ours = [row for row in rows if row.number in wanted]
                result = _count(ours, wanted, calls, counts.unreconciled)
                if not (result.callers_lost or result.unreconciled):
                    return result
                await asyncio.sleep(0.5)
    except TimeoutError:
        return result
    finally:
        await engine.dispose()


def _count(rows: Sequence[Row[Any]], wanted: Mapping[str, str], calls: int, unreconciled: int) -> Tally:
    ended = Counter(row.outcome for row in rows)
    found = Counter((row.number, row.outcome) for row in rows)
    lost = sum(found[patient] != 1 for patient in wanted.items())
    return Tally(calls, ended["answered"], ended["abandoned"], ended["voicemail"], lost, len(rows), unreconciled)
