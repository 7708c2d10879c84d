"""Whatever becomes of items of the inbox, in whatever order and by whomever: their tally is what the rows give."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import and_, delete, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.calls import rows
from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.adapters.db.inbox import change_item
from clinicpbx.adapters.db.inbox_intake import keep_items
from clinicpbx.adapters.db.inbox_tables import contact, item
from clinicpbx.adapters.db.records import write_records
from clinicpbx.adapters.db.tallies import state
from clinicpbx.adapters.db.tally_proof import ITEMS, clear, differences, rebuild
from clinicpbx.adapters.db.tally_tables import item_tally, tally_state
from clinicpbx.core.inbox.attempt import ANSWERED, BUSY, Attempt
from clinicpbx.core.inbox.category import Category, with_general
from clinicpbx.core.inbox.changes import Actor, Call, Change, Claim, Close, Note, Release, Reopen
from clinicpbx.core.records.call_record import NOBODY, Interaction, QueueEntry
from clinicpbx.core.rulebook import Rulebook
from clinicpbx.errors import ClinicPBXError
from clinicpbx.private import Private
from clinicpbx.reports import REPORTS
from clinicpbx.reports._report import Period
from tests.support.record_database import make_database

pytestmark = pytest.mark.integration
NEW_YORK = ZoneInfo("America/New_York")
# the end of a month, of a week and of summer time in New York are near
FIRST = datetime(2026, 10, 31, 20, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
CATEGORIES = with_general(
    {
        "refill": Category("refill", "Refill", timedelta(hours=2), queue="nurses", mailboxes=("refills",)),
        "bill": Category("bill", "Bill", timedelta(minutes=20), queues=("billing",)),
    }
)
BOOK = Rulebook("1", {}, categories=CATEGORIES)
NUMBERS = ["", *(f"+121255501{n}" for n in range(40, 52))]
PEOPLE = [Actor("ana"), Actor("sue", supervisor=True)]
CHANGES: list[Change] = [Claim(), Release(), Note("later"), Call(), *(Close("done"),) * 4, Reopen()]


class Inbox:
    """An inbox to which anything may happen, drawn by *seed*."""

    def __init__(self, engine: AsyncEngine, seed: int) -> None:
        self.engine, self.draw, self.now = engine, random.Random(seed), FIRST

    def instant(self) -> datetime:
        return self.now - timedelta(milliseconds=self.draw.randrange(3_600_000), microseconds=self.draw.randrange(1000))

    def record(self, ids: Sequence[int]) -> Interaction:
        pick, ended = self.draw.choice, self.instant()
        number, id = Private(pick(NUMBERS)), f"c.{pick(range(40))}"
        if pick(range(4)) == 0:
            made = [Attempt(f"item-{one}-20261124T000000000000", ended, pick([ANSWERED, BUSY])) for one in ids[:1]]
            one = Interaction(id, "outbound", "outbound", ended - QUARTER, ended, NOBODY, dialled=number)
            return replace(one, attempts=tuple(made if pick([True, False]) else ()))
        outcome: Any = pick(["abandoned", "abandoned", "voicemail", "callback", "callback", "interrupted", "answered"])
        found = Interaction(id, "inbound", outcome, ended - QUARTER, ended, number)
        found = replace(found, category=pick(["", "", "", "refill", "bill"]))
        if outcome == "callback":
            done = pick([True, False])
            found = replace(found, callback="done" if done else "promised", called_back=ended if done else None)
        if outcome == "voicemail":
            found = replace(found, mailbox=pick(["refills", "desk"]), message="m1", page_outcome=pick(["", "seen"]))
            found = replace(found, paged="ada" if found.page_outcome else "")
        stays = [QueueEntry(pick(["front", "billing"]), ended - QUARTER, ended, "overflow")]
        return replace(found, queues=tuple(stays if pick([True, False]) else ()))

    async def ids(self) -> list[int]:
        async with self.engine.connect() as connection:
            found = list((await connection.execute(select(item.c.id).order_by(item.c.id))).scalars())
        self.draw.shuffle(found)
        return found

    async def calls_come(self) -> None:
        """New ones, those that come again otherwise, and some that turn out to be part of others."""
        ids = await self.ids()
        records = {one.call: one for one in (self.record(ids) for _ in range(self.draw.randrange(1, 4)))}
        group = {*records, *(f"c.{self.draw.randrange(40)}" for _ in range(self.draw.choice([0, 0, 1])))}
        async with self.engine.begin() as connection:
            await write_records(connection, group, list(records.values()))
            await keep_items(connection, group, list(records.values()), BOOK)

    async def somebody_changes_one(self) -> None:
        for id in (await self.ids())[:1]:
            change, by = self.draw.choice(CHANGES), self.draw.choice(PEOPLE)
            with suppress(ClinicPBXError):
                await change_item(self.engine, id, change, by, self.instant(), BOOK)

    async def step(self) -> None:
        self.now += timedelta(minutes=self.draw.randrange(40))
        await self.draw.choice([self.calls_come, self.somebody_changes_one, self.somebody_changes_one])()


async def different(engine: AsyncEngine) -> list[dict[str, Any]]:
    return [one async for one in differences(engine)]


async def kept(engine: AsyncEngine) -> list[tuple[Any, ...]]:
    async with engine.connect() as connection:
        return sorted(map(tuple, await connection.execute(select(item_tally))))


def items(rows: list[tuple[Any, ...]]) -> int:
    return sum(row[4] for row in rows if row[0] == "day")


@pytest.mark.parametrize("seed", range(3))
async def test_the_tally_follows_the_items(engine: AsyncEngine, seed: int) -> None:
    await rebuild(engine, NEW_YORK)
    inbox = Inbox(engine, seed)
    for _ in range(80):
        await inbox.step()
        assert await different(engine) == []
    before = await kept(engine)
    assert len({row[2:4] for row in before if row[0] == "day"}) > 2, "several reasons and queues"
    await rebuild(engine, NEW_YORK)
    assert await kept(engine) == before
    await compare_reports(engine, inbox)


async def compare_reports(engine: AsyncEngine, inbox: Inbox) -> None:
    report, last, some = REPORTS["messages"], inbox.now + timedelta(days=1), 0
    until = FIRST + int((last - FIRST) / QUARTER) * QUARTER
    for since in (FIRST - timedelta(days=1), FIRST + 5 * QUARTER, FIRST + timedelta(days=1)):
        for by in report.by:
            asked = Period(since, until, by=by, zone=NEW_YORK.key, now=inbox.now)
            found = [
                [report.row(row, one) for row in await rows(engine, report.select(one))]
                for one in (asked, replace(asked, tallied=False))
            ]
            assert found[0] == found[1], (by, since)
            some += len(found[0])
    assert some > 10, "there is something to compare"


async def test_a_closed_item_counts_and_one_that_is_opened_again_does_not(engine: AsyncEngine) -> None:
    await rebuild(engine, NEW_YORK)
    inbox = Inbox(engine, 0)
    record = Interaction("c.1", "inbound", "abandoned", FIRST - QUARTER, FIRST, Private(NUMBERS[1]), category="refill")
    async with engine.begin() as connection:
        await write_records(connection, {"c.1"}, [record])
        await keep_items(connection, {"c.1"}, [record], BOOK)
    (id,), ana = await inbox.ids(), PEOPLE[0]
    assert await kept(engine) == []
    await change_item(engine, id, Call(), ana, FIRST + timedelta(seconds=90), BOOK)
    assert await kept(engine) == []
    await change_item(engine, id, Close("reached"), ana, FIRST + timedelta(hours=2, milliseconds=1), BOOK)
    counted = [row for row in await kept(engine) if row[0] == "day"]
    assert [row[2:] for row in counted] == [("refill", "nurses", 1, 1, 90_000, 0, 1, 7_200_001)]
    await change_item(engine, id, Reopen(), ana, FIRST + timedelta(hours=3), BOOK)
    assert await kept(engine) == []
    await change_item(engine, id, Close("done"), ana, FIRST + timedelta(hours=4), BOOK)
    counted = [row for row in await kept(engine) if row[0] == "day"]
    assert [row[2:] for row in counted] == [("refill", "nurses", 1, 1, 90_000, 1, 0, 4 * 3_600_000)]


async def test_figures_of_items_stay_when_their_rows_are_gone(engine: AsyncEngine) -> None:
    await rebuild(engine, NEW_YORK)
    inbox = Inbox(engine, 4)
    for _ in range(40):
        await inbox.step()
    before, limit = await kept(engine), FIRST + timedelta(hours=4)
    assert any(row[0] == "quarter" and row[1] * 900 < limit.timestamp() for row in before)
    async with engine.begin() as connection:
        await connection.execute(update(tally_state).values(closed=limit))
        old = and_(item.c.opened < limit, item.c.closed.is_not(None))
        await connection.execute(delete(contact).where(contact.c.item.in_(select(item.c.id).where(old))))
        await connection.execute(delete(item).where(old))
    assert await different(engine) == []
    await rebuild(engine, NEW_YORK)
    assert await kept(engine) == before
    async with engine.connect() as connection:
        (still_open, *_) = (await connection.execute(select(item.c.id).where(item.c.opened < limit))).scalars()
    await change_item(engine, still_open, Close("done"), PEOPLE[1], inbox.now, BOOK)
    assert items(await kept(engine)) == items(before) + 1
    for _ in range(20):
        await inbox.step()
        assert await different(engine) == []


async def test_a_wrong_figure_of_items_is_named(engine: AsyncEngine) -> None:
    await rebuild(engine, NEW_YORK)
    inbox = Inbox(engine, 1)
    for _ in range(40):
        await inbox.step()
    async with engine.begin() as connection:
        await connection.execute(update(item_tally).where(item_tally.c.grain == "day").values(late=77))
    found = await different(engine)
    assert found
    assert {(one["tally"], one["grain"], one["figure"], one["kept"]) for one in found} == {
        ("item_tally", "day", "late", 77)
    }
    await rebuild(engine, NEW_YORK)
    assert await different(engine) == []


async def test_people_close_items_while_calls_come_and_all_is_counted_anew(engine: AsyncEngine) -> None:
    """Several at the same time, each of them waiting for others, and none for ever."""
    await rebuild(engine, ZoneInfo("UTC"))
    inboxes = [Inbox(engine, seed) for seed in range(4)]
    for _ in range(20):
        await inboxes[0].step()

    async def work(inbox: Inbox) -> None:
        inbox.now += timedelta(hours=10)
        for _ in range(25):
            await inbox.somebody_changes_one()

    async def listen(inbox: Inbox) -> None:
        for _ in range(25):
            inbox.now += QUARTER
            await inbox.calls_come()

    async def count() -> None:
        for zone in ("America/New_York", "UTC", "America/New_York"):
            await rebuild(engine, ZoneInfo(zone))

    everything = asyncio.gather(*(work(inbox) for inbox in inboxes[:3]), listen(inboxes[3]), count())
    await asyncio.wait_for(everything, 120)
    assert await different(engine) == []
    assert await kept(engine)


async def test_who_closes_an_item_does_not_wait_while_calls_are_counted(postgres: str) -> None:
    await make_database(postgres)
    engine = make_engine(postgres, writes=True)
    inbox = Inbox(engine, 2)
    await inbox.calls_come()
    async with engine.begin() as connection:
        await state(connection, writes=True)
        for id in await inbox.ids():
            await asyncio.wait_for(change_item(engine, id, Close("done"), PEOPLE[1], FIRST, BOOK), 20)
    assert await kept(engine)
    assert await different(engine) == []
    await engine.dispose()


async def test_who_closes_an_item_while_items_are_counted_waits_and_counts_by_the_new_zone(postgres: str) -> None:
    await make_database(postgres)
    engine = make_engine(postgres, writes=True)
    inbox = Inbox(engine, 3)
    await inbox.calls_come()
    id, *_ = await inbox.ids()
    async with engine.begin() as connection:
        await connection.execute(update(tally_state).values(zone="Asia/Kathmandu"))
        await clear(connection, ITEMS, None)
        closing = asyncio.create_task(change_item(engine, id, Close("done"), PEOPLE[1], FIRST, BOOK))
        done, _ = await asyncio.wait({closing}, timeout=1)
        assert not done
    await asyncio.wait_for(closing, 20)
    assert items(await kept(engine)) == 1
    assert [row for row in await different(engine) if row["tally"] == "item_tally"] == []
    await engine.dispose()
