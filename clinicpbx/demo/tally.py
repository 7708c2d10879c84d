"""What the morning came to, counted in the records alone."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, func, select

from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.adapters.db.reconcile import reconcile
from clinicpbx.adapters.db.tables import interaction, offer
from clinicpbx.demo.morning import Patient
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings, database_url


@dataclass(frozen=True, slots=True)
class Tally:
    """*callers_lost*: patients without exactly one record, or whose record says something else than their morning."""

    calls: int
    answered: int
    abandoned: int
    voicemails: int
    callers_lost: int
    records: int
    unreconciled: int


@dataclass(frozen=True, slots=True)
class Count:
    """The tally, who was lost and why, and the record of each patient (name to call)."""

    tally: Tally
    lost: tuple[str, ...]
    calls: Mapping[str, str]

    @property
    def complete(self) -> bool:
        """Nobody was lost and nothing is missing."""
        return not (self.lost or self.tally.unreconciled)


async def count_records(
    instance: Instance,
    settings: Settings,
    patients: Sequence[Patient],
    calls: int,
    since: datetime,
    within: float = 15.0,
) -> Count:
    """Once every record is there, or after *within* seconds."""
    engine = make_engine(database_url(instance, settings))
    rung = select(offer.c.call, func.count().label("offers")).group_by(offer.c.call).subquery()
    columns = (interaction, func.coalesce(rung.c.offers, 0).label("offers"))
    wanted = select(*columns).outerjoin(rung, rung.c.call == interaction.c.call).where(interaction.c.started >= since)
    numbers = {patient.number for patient in patients}
    deadline = asyncio.get_running_loop().time() + within
    try:
        while True:
            async with engine.connect() as connection:
                rows = [row for row in (await connection.execute(wanted)).all() if row.number in numbers]
            uneven = (await reconcile(engine, (), since, datetime.now(UTC))).unreconciled
            lost = lost_callers(patients, rows)
            if not (lost or uneven) or asyncio.get_running_loop().time() > deadline:
                ends = Counter(row.outcome for row in rows)
                counts = (ends["answered"], ends["abandoned"], ends["voicemail"], len(lost), len(rows), uneven)
                named = {row.number: row.call for row in rows}
                found = {patient.name: named[patient.number] for patient in patients if patient.number in named}
                return Count(Tally(calls, *counts), tuple(lost), found)
            await asyncio.sleep(0.5)
    finally:
        await engine.dispose()


def lost_callers(patients: Iterable[Patient], rows: Sequence[Row[Any]]) -> list[str]:
    """`NAME: what is wrong` for each patient whose record is missing, double, or not what the morning wanted."""
    found = ((patient, _wrong(patient, [row for row in rows if row.number == patient.number])) for patient in patients)
    return [f"{patient.name}: {wrong}" for patient, wrong in found if wrong]


def _wrong(patient: Patient, rows: Sequence[Row[Any]]) -> str:
    if len(rows) != 1:
        return f"{len(rows)} records"
    (row,) = rows
    if row.outcome != patient.ends:
        return f"{row.outcome}, not {patient.ends}"
    if row.language != patient.language:
        return f"language {row.language or 'unknown'}, not {patient.language}"
    if row.offers < patient.offers:
        return f"{row.offers} phones rang, not {patient.offers}"
    return "not transferred" if patient.transferred and row.transfers in ("", "[]") else ""
