"""Half a year of a queue's calls, as its records have them."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.tables import interaction, queue_entry

ZONE = ZoneInfo("America/New_York")
A_DAY = (60, 45, 45, 40, 40, 12, 0)
"""Calls on a Monday and on the days after it."""
PEAK = {8: 4, 9: 3, 10: 2, 11: 2, 13: 3, 14: 2, 15: 2, 16: 1}
"""How likely each hour is."""


def calls(last: date, weeks: int, random: Random) -> Iterator[tuple[datetime, float, float, str]]:
    """When each came, how long it waited and took, in seconds, and its outcome; until the day before *last*."""
    for n in range(weeks * 7, 0, -1):
        day = last - timedelta(days=n)
        for _ in range(A_DAY[day.weekday()]):
            hour = random.choices(list(PEAK), list(PEAK.values()))[0]
            at = datetime.combine(day, time(hour, random.randrange(60), random.randrange(60)), ZONE)
            gone = random.random() < 0.05
            yield at, random.expovariate(1 / 20), 0.0 if gone else 150.0, "abandoned" if gone else "answered"


async def write_calls(engine: AsyncEngine, queue: str, last: date, weeks: int = 26) -> None:
    """One interaction and one stay in *queue* a call."""
    random, calls_of, entries = Random(3), [], []
    for n, (at, waited, talked, outcome) in enumerate(calls(last, weeks, random)):
        call, began, left = f"clinic-{n}.1", at.astimezone(UTC), at.astimezone(UTC) + timedelta(seconds=waited)
        lengths = {"talk_ms": int(talked * 1000), "wrap_ms": 30_000 if talked else 0}
        both = {"call": call, "outcome": outcome}
        ended = left + timedelta(seconds=talked)
        fixed = {"kind": "inbound", "cause": 16, "fallback": False, "talk_ms": lengths["talk_ms"]}
        calls_of.append({**both, **fixed, "started": began, "ended": ended})
        waits = {"entered": began, "left": left, "waited_ms": int(waited * 1000), "offers": 1}
        entries.append({**both, **lengths, **waits, "n": 0, "queue": queue})
    async with engine.begin() as connection:
        await connection.execute(insert(interaction), calls_of)
        await connection.execute(insert(queue_entry), entries)
