"""Whatever calls there were: a report says the same from the tallies as from the calls themselves."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.calls import rows
from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.adapters.db.inbox import change_item
from clinicpbx.adapters.db.inbox_intake import keep_items
from clinicpbx.adapters.db.inbox_lists import Wanted, list_items
from clinicpbx.adapters.db.records import NO_RULES
from clinicpbx.adapters.db.tally_proof import rebuild
from clinicpbx.core.acd.target import QueueTarget
from clinicpbx.core.inbox.changes import Actor, Call, Close
from clinicpbx.core.records.call_record import Interaction, Offer, QueueEntry, Transfer
from clinicpbx.core.records.tally import DAYS, EDGES
from clinicpbx.errors import ClinicPBXError
from clinicpbx.private import Private
from clinicpbx.reports import REPORTS
from clinicpbx.reports._report import Period
from tests.support.postgres import cluster
from tests.support.record_database import make_database
from tests.support.report_day import write_records_of

pytestmark = pytest.mark.integration
ZONE = "America/New_York"
# seven weeks; on 1 November the clocks go back
FIRST, LAST = datetime(2026, 10, 10, tzinfo=UTC), datetime(2026, 11, 28, tzinfo=UTC)
CALLS = 500
QUARTER = timedelta(minutes=15)


def drawn(draw: random.Random, id: str) -> Interaction:
    """A call of any kind, with anything that may happen in one; waits lie on the edges as often as beside them."""

    def wait() -> timedelta:
        return timedelta(seconds=draw.choice([*EDGES, 0, 0.001, 5.001, 29.999, 700]))

    def lengths() -> dict[str, timedelta]:
        talk = timedelta(milliseconds=draw.randrange(600_000))
        return {"talk": talk, "hold": talk * draw.choice([0, 0, 0.25])}

    begun = FIRST + timedelta(milliseconds=draw.randrange(int((LAST - FIRST).total_seconds() * 1000)))
    queues, entered = list[QueueEntry](), begun
    for _ in range(draw.choice([0, 1, 1, 1, 2])):
        left, outcome = entered + wait(), draw.choice(["answered", "answered", "abandoned", "overflow", "interrupted"])
        stay = QueueEntry(draw.choice(["front", "nurses"]), entered, left, outcome, offers=1)
        if outcome == "answered":
            stay = replace(stay, agent=draw.choice(["201", "202"]), wrap=timedelta(seconds=draw.choice([0, 15])))
            stay = replace(stay, **lengths())
        queues.append(stay)
        entered = left
    rung = draw.choices(["answered", "elsewhere", "noanswer", "busy", "overflow"], k=draw.randrange(3))
    callback = draw.choice(["", "", "", "promised", "done", "unreached"])
    taken = draw.random() < 0.6
    return Interaction(
        id,
        draw.choice(["inbound"] * 6 + ["outbound", "internal", "selftest"]),  # type: ignore[arg-type]
        draw.choice(["answered", "abandoned", "voicemail", "callback", "interrupted"]),  # type: ignore[arg-type]
        begun,
        entered + timedelta(seconds=30),
        Private(draw.choice(["", *(f"+121255501{n:02}" for n in range(40))])),
        did=draw.choice(["+12075550100", "+12075550101"]),
        menu_path=tuple(draw.choices(["main:1", "main:2", "more:9"], k=draw.randrange(4))),
        queues=tuple(queues),
        offers=tuple(Offer("front", draw.choice(["201", "202"]), begun, outcome) for outcome in rung),
        transfers=tuple(Transfer(begun, "blind", "201", "202") for _ in range(draw.choice([0, 0, 1, 2]))),
        agent=draw.choice(["201", "202", "203"]) if taken else "",
        answered=entered if taken else None,
        category=draw.choice(["", "bill", "rx"]),
        callback=callback,
        tries=draw.randrange(3) if callback else 0,
        called_back=entered + timedelta(minutes=draw.randrange(99)) if callback == "done" else None,
        site=draw.choice(["main", "annex"]),
        **(lengths() if taken else {}),
    )


async def fill(url: str) -> None:
    """Calls in turns, some of them written again and otherwise; items of the inbox, some of them closed."""
    draw = random.Random(26)
    await make_database(url)
    engine = make_engine(url, writes=True)
    await rebuild(engine, ZoneInfo(ZONE))
    for _ in range(10):
        ids = draw.sample(range(CALLS), CALLS // 5)
        calls = {one.call: one for one in (drawn(draw, f"call.{n}") for n in ids)}
        await write_records_of(engine, list(calls.values()))
        async with engine.begin() as connection:
            await keep_items(connection, calls, list(calls.values()), NO_RULES)
    for one in await list_items(engine, Wanted(limit=100)):
        at = one.opened + timedelta(milliseconds=draw.randrange(30_000_000))
        for change in draw.choice(([], [Call()], [Close("done")], [Call(), Close("reached")])):
            with suppress(ClinicPBXError):  # there is no number to call
                await change_item(engine, one.id, change, Actor("ana"), at, NO_RULES)
    await engine.dispose()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "sqlite":
        folder: Path = tmp_path_factory.mktemp("tallied")
        asyncio.run(fill(f"sqlite:///{folder}/main.db"))
        yield f"sqlite:///{folder}/main.db"
        return
    with cluster() as made:
        asyncio.run(fill(made.url))
        yield made.url


@pytest.fixture
async def engine(filled: str) -> AsyncIterator[AsyncEngine]:
    made = make_engine(filled)
    yield made
    await made.dispose()


def periods() -> list[Period]:
    """All of it, whole days, months, and from any quarter of an hour to any other; any edge as threshold."""
    draw = random.Random(11)
    midnights = [datetime(2026, 10, 31, 4, tzinfo=UTC), datetime(2026, 11, 2, 5, tzinfo=UTC)]
    found = [(FIRST, LAST), (midnights[0], midnights[1])]
    quarters = int((LAST - FIRST) / QUARTER)
    for _ in range(6):
        since, until = sorted(draw.sample(range(quarters + 1), 2))
        found.append((FIRST + since * QUARTER, FIRST + until * QUARTER))
    return [
        Period(since, until, draw.choice(EDGES), "", ZONE, draw.choice(EDGES), draw.choice(DAYS), LAST)
        for since, until in found
    ]


async def figures(engine: AsyncEngine, name: str, period: Period) -> list[dict[str, Any]]:
    report = REPORTS[name]
    return [report.row(row, period) for row in await rows(engine, report.select(period))]


@pytest.mark.parametrize("name", REPORTS)
async def test_tallies_say_what_the_calls_say(engine: AsyncEngine, name: str) -> None:
    some = False
    for period in periods():
        for by in REPORTS[name].by or ("",):
            asked = replace(period, by=by)
            from_rows = await figures(engine, name, replace(asked, tallied=False))
            assert await figures(engine, name, asked) == from_rows, (by, period)
            some = some or bool(from_rows)
    assert some or name in ("on_call", "pauses"), "there is something to compare"


@pytest.mark.parametrize(("seconds", "read"), [((30, 120), "queue_tally"), ((30, 25), "queue_entry")])
async def test_each_queue_by_its_own_target(engine: AsyncEngine, seconds: tuple[float, float], read: str) -> None:
    """From the tallies where they can tell, and from the calls themselves where they cannot."""
    front, nurses = (QueueTarget(80, timedelta(seconds=each)) for each in seconds)
    for period in periods():
        for by in REPORTS["service_level"].by:
            asked = replace(period, by=by, targets={"front": front, "nurses": nurses})
            assert read in str(REPORTS["service_level"].select(asked).compile(engine.sync_engine))
            found = await figures(engine, "service_level", asked)
            assert found == await figures(engine, "service_level", replace(asked, tallied=False)), (by, period)
    own = replace(periods()[0], targets={"front": front, "nurses": nurses})
    in_time = [row["answered_in_time"] for row in await figures(engine, "service_level", own)]
    for n, target in enumerate((front, nurses)):
        alone = await figures(engine, "service_level", replace(own, threshold=target.seconds, targets={}))
        assert in_time[n] == alone[n]["answered_in_time"]
    assert in_time != [row["answered_in_time"] for row in alone], "their targets differ"


async def test_what_the_tallies_cannot_say_is_read_from_the_calls(engine: AsyncEngine) -> None:
    odd = Period(FIRST + timedelta(minutes=7), LAST, threshold=17, short=3.5, zone=ZONE)
    for name in ("service_level", "abandoned_calls"):
        found = await figures(engine, name, odd)
        assert found
        assert found == await figures(engine, name, replace(odd, tallied=False))
