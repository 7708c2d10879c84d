"""Ten weeks of a small clinic, alike but for one Wednesday, and an instance that has them on record."""

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import update

from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.adapters.db.records import write_records
from clinicpbx.adapters.db.tally_tables import tally_state
from clinicpbx.core.records.call_record import Interaction, Offer, QueueEntry
from clinicpbx.paths import Instance
from clinicpbx.private import Private
from tests.support.record_database import make_database

HARBOR = Path(__file__).parents[2] / "examples" / "harbor"
ZONE = ZoneInfo("America/New_York")
FIRST, WEEKS = date(2026, 9, 14), 10
BUSY = date(2026, 11, 18)
"""A Wednesday with three times as many calls; of the last week."""
NUMBERS = tuple(f"+1212555{n:04}" for n in range(100, 120))


def week_calls() -> Iterator[Interaction]:
    """Ten a weekday, every fifth abandoned, alternately in nurse and refills, in quarters from 8:00 on."""
    for n in range(WEEKS * 7):
        day = FIRST + timedelta(days=n)
        often = 0 if day.weekday() > 4 else 30 if day == BUSY else 10 + n % 3
        for which in range(often):
            yield _call(day, which)


def _call(day: date, which: int) -> Interaction:
    begin = datetime(day.year, day.month, day.day, 8, tzinfo=ZONE) + timedelta(minutes=17 * which)
    begin = begin.astimezone(UTC)
    outcome = "abandoned" if which % 5 == 4 else "answered"
    waited = timedelta(seconds=12 + which % 4 * 7)
    agent = "101" if outcome == "answered" else ""
    queue = ("nurse", "refills")[which % 2]
    stay = QueueEntry(queue, begin, begin + waited, outcome, agent, 1)
    one = Interaction(
        f"clinic-{day:%m%d}.{which}", "inbound", outcome, begin, begin + timedelta(minutes=4),
        Private(NUMBERS[which % len(NUMBERS)]), did="+12075550100", site="main", queues=(stay,),
        offers=(Offer(queue, agent or "102", begin, "answered" if agent else "abandoned"),),
    )  # fmt: skip
    talked = {"answered": begin + waited, "talk": timedelta(seconds=60)} if agent else {}
    return replace(one, agent=agent, **talked)


def make_clinic(home: Path) -> Instance:
    """The harbor example in force, with the weeks on record."""
    instance = Instance(home)
    instance.keys.mkdir(parents=True)
    shutil.copytree(HARBOR, instance.rules)
    shutil.copytree(HARBOR, instance.versions / "000001" / "rules")
    instance.current.symlink_to("000001")
    (instance.versions / "lock").touch()
    asyncio.run(fill(f"sqlite:///{instance.database}"))
    return instance


async def fill(url: str) -> None:
    """The newest schema at *url*, whose days are those of ZONE, and every call."""
    await make_database(url)
    engine, calls = make_engine(url, writes=True), list(week_calls())
    async with engine.begin() as connection:
        await connection.execute(update(tally_state).values(zone=ZONE.key))
        await write_records(connection, {call.call for call in calls}, calls)
    await engine.dispose()
