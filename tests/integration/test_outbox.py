"""The outbox in real databases: what happened is told once, to whom the rules name, by one notifier at a time."""

import asyncio
import json
from collections import Counter
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db import deliveries
from clinicpbx.adapters.db.deliveries import DROPPED, FAILED, LEASE, SENT, WAITING, Claim, claim, route, settle
from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.adapters.db.inbox import find_breaches
from clinicpbx.adapters.db.inbox_tables import item
from clinicpbx.adapters.db.ingest import Batch, read_cursor, restarted
from clinicpbx.adapters.db.intake import take_in
from clinicpbx.adapters.db.outbox import announce, delivery, notice
from clinicpbx.core.inbox.category import Category
from clinicpbx.core.rulebook import Rulebook

pytestmark = pytest.mark.integration
NOW = datetime(2026, 11, 24, 20, 5, tzinfo=UTC)
LATER = NOW + LEASE


def told(kind: str, named: Collection[str] = ()) -> list[str]:
    wanted = {"breached": ["manager", "ops"], "page_unanswered": ["manager"]}.get(kind, [])
    return sorted({*wanted, *({"owner"} & set(named))})


async def rows(engine: AsyncEngine, table: Any) -> list[dict[str, Any]]:
    async with engine.connect() as connection:
        return [dict(row) for row in (await connection.execute(select(table))).mappings()]


async def announced(engine: AsyncEngine, *abouts: str, kind: str = "breached") -> None:
    async with engine.begin() as connection:
        for about in abouts:
            await announce(connection, kind, about, {}, at=NOW)
        await route(connection, told, NOW)


async def claimed(engine: AsyncEngine, target: str = "manager", at: datetime = NOW) -> Claim | None:
    async with engine.begin() as connection:
        return await claim(connection, target, at)


async def settled(engine: AsyncEngine, ours: Claim, state: str, due: datetime = NOW, answer: str = "") -> None:
    async with engine.begin() as connection:
        await settle(connection, ours, state, due, answer)


async def test_what_is_announced_again_is_told_once(engine: AsyncEngine) -> None:
    for _ in range(3):
        await announced(engine, "4711", "4712")
    assert Counter(row["target"] for row in await rows(engine, delivery)) == {"manager": 2, "ops": 2}
    assert len({row["id"] for row in await rows(engine, delivery)}) == 4


async def test_what_did_not_happen_is_not_told(engine: AsyncEngine) -> None:
    async def break_off() -> None:
        async with engine.begin() as connection:
            await announce(connection, "breached", "4711", {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await break_off()
    assert await rows(engine, notice) == []


async def test_two_that_announce_the_same_at_once_tell_it_once(engine: AsyncEngine) -> None:
    await asyncio.gather(*(announced(engine, "4711") for _ in range(8)))
    assert len(await rows(engine, notice)) == 1
    assert len(await rows(engine, delivery)) == 2


@pytest.mark.parametrize(("kind", "about"), [("unheard-of", "1"), ("breached", "+12075550100"), ("breached", "Ana L")])
async def test_what_is_no_kind_or_no_id_is_a_bug(engine: AsyncEngine, kind: str, about: str) -> None:
    async with engine.connect() as connection:
        with pytest.raises(ValueError, match="kind of notice"):
            await announce(connection, kind, about, {})


@pytest.mark.parametrize("to", [["owner", "nobody", 7], "owner", None, {"owner": 1}])
async def test_who_is_meant_by_name_is_told_as_well(engine: AsyncEngine, to: object) -> None:
    async with engine.begin() as connection:
        await announce(connection, "page_unanswered", "1", {"to": to}, at=NOW)
        await route(connection, told, NOW)
    found = sorted(row["target"] for row in await rows(engine, delivery))
    assert found == (["manager", "owner"] if isinstance(to, list) else ["manager"])


async def test_a_kind_that_nobody_wants_is_done_with(engine: AsyncEngine) -> None:
    await announced(engine, "1", kind="break_glass")
    async with engine.begin() as connection:
        assert await route(connection, told, NOW) == 0
        assert await deliveries.oldest(connection) is None
    assert await rows(engine, delivery) == []


async def test_facts_of_the_journal_are_told_exactly_once(engine: AsyncEngine) -> None:
    """Also where the spool is read anew; the notice is there as soon as the fact is."""

    def fact(what: str, body: str = "", **more: Any) -> tuple[str, ...]:
        return ("clinic-1.5", NOW.isoformat(), what, body or json.dumps(more))

    spooled = [
        (1, fact("arrived", kind="breached")),
        (2, fact("notify", kind="page_unanswered")),
        (3, fact("notify", kind="callback_unreached", about="clinic-1.5.7", detail="555")),
        (4, fact("notify", kind="nonsense")),
        (5, fact("notify", "torn")),
    ]
    for _ in range(2):
        await take_in(engine, [Batch(restarted("fact", "file"), spooled, "mark")])
    assert (await read_cursor(engine, "fact")).position == 5
    found = [(row["kind"], row["about"], row["at"]) for row in await rows(engine, notice)]
    assert sorted(found) == [("callback_unreached", "clinic-1.5.7", NOW), ("page_unanswered", "clinic-1.5", NOW)]


async def test_a_breach_of_the_inbox_is_told_each_time_to_whom_its_category_names(engine: AsyncEngine) -> None:
    fields = {"category": "general", "opened": NOW, "due": NOW, "touched": NOW}
    book = Rulebook("1", {}, categories={"general": Category("general", "General", escalate=("owner",))})
    async with engine.begin() as connection:
        await connection.execute(item.insert().values(id=17, **fields))
    for _ in range(2):
        assert await find_breaches(engine, LATER, book, announce) == 1
        assert await find_breaches(engine, LATER, book, announce) == 0
        async with engine.begin() as connection:
            await connection.execute(item.update().values(escalated=None))  # as when it is opened again
    async with engine.begin() as connection:
        await route(connection, told, LATER)
        found = await deliveries.rows(connection, [WAITING], 99)
    assert Counter(row["about"] for row in found) == {"17": 3, "17#2": 3}
    assert Counter(row["target"] for row in found) == {"manager": 2, "ops": 2, "owner": 2}


async def test_what_is_claimed_is_told_without_its_detail(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await announce(connection, "page_unanswered", "clinic-1.2", {"who": "Ana Lopez"}, at=NOW)
        await route(connection, told, NOW)
    ours = await claimed(engine)
    assert ours is not None
    assert "Ana" not in repr(ours)
    assert (ours.notice.kind, ours.notice.about, ours.notice.at, ours.tries) == (
        "page_unanswered",
        "clinic-1.2",
        NOW,
        1,
    )
    assert json.loads((await rows(engine, notice))[0]["detail"]) == {"who": "Ana Lopez"}


async def test_no_two_notifiers_have_the_same_delivery(engine: AsyncEngine, url: str) -> None:
    await announced(engine, *map(str, range(40)))

    async def work() -> list[str]:
        own = make_engine(url, writes=True)
        found = []
        while ours := await claimed(own):
            found.append(ours.notice.id)
        await own.dispose()
        return found

    found = [name for each in await asyncio.gather(*(work() for _ in range(6))) for name in each]
    assert len(found) == len(set(found)) == 40


async def test_a_claimant_that_died_holds_nothing_longer_than_its_lease(engine: AsyncEngine) -> None:
    await announced(engine, "1")
    first = await claimed(engine)
    assert first
    assert await claimed(engine, at=LATER - timedelta(seconds=1)) is None
    second = await claimed(engine, at=LATER)
    assert second
    assert (second.notice.id, second.tries) == (first.notice.id, 2)


async def test_a_claimant_that_comes_back_late_changes_only_what_it_knows(engine: AsyncEngine) -> None:
    await announced(engine, "1")
    late, second = await claimed(engine), await claimed(engine, at=LATER)
    assert late
    assert second
    await settled(engine, late, FAILED, answer="late")
    (row,) = [row for row in await rows(engine, delivery) if row["target"] == "manager"]
    assert (row["state"], row["answer"]) == (WAITING, "")
    await settled(engine, late, SENT, answer="it came after all")
    await settled(engine, second, WAITING, answer="second")
    (row,) = [row for row in await rows(engine, delivery) if row["target"] == "manager"]
    assert (row["state"], row["answer"]) == (SENT, "it came after all")
    assert await claimed(engine, at=LATER + 3 * LEASE) is None


async def test_what_waits_for_another_time_or_target_is_not_claimed(engine: AsyncEngine) -> None:
    await announced(engine, "1", "2")
    for _ in range(2):
        ours = await claimed(engine)
        assert ours
        await settled(engine, ours, WAITING, NOW + timedelta(minutes=1))
    async with engine.connect() as connection:
        assert list(await deliveries.due_targets(connection, NOW)) == ["ops"]
    assert await claimed(engine) is None
    assert await claimed(engine, "nobody") is None
    assert await claimed(engine, at=NOW + timedelta(minutes=1))


async def test_what_failed_is_tried_again_when_a_person_wants_it(engine: AsyncEngine) -> None:
    await announced(engine, "1", "2", "3")
    ids = []
    for state in (FAILED, FAILED, DROPPED):
        ours = await claimed(engine)
        assert ours
        ids.append(ours.notice.id)
        await settled(engine, ours, state)
    async with engine.begin() as connection:
        assert (await deliveries.counts(connection)) == {WAITING: 3, SENT: 0, FAILED: 2, DROPPED: 1}
        assert await deliveries.try_again(connection, ids[1:], LATER) == 1
        assert await deliveries.try_again(connection, [], LATER) == 1
        assert (await deliveries.counts(connection))[FAILED] == 0
    again = await claimed(engine, at=LATER)
    assert again
    assert (again.tries, again.since) == (1, LATER)


async def test_what_is_old_is_forgotten_but_nothing_that_waits(engine: AsyncEngine) -> None:
    await announced(engine, "1", "2", kind="page_unanswered")
    ours = await claimed(engine)
    assert ours
    await settled(engine, ours, SENT)
    async with engine.begin() as connection:
        await announce(connection, "breached", "3", {}, at=NOW)  # that no notifier has seen
        await deliveries.forget(connection, NOW + deliveries.KEPT)
        assert len((await connection.execute(select(notice))).all()) == 3
        await deliveries.forget(connection, NOW + deliveries.KEPT + timedelta(seconds=1))
        assert await deliveries.oldest(connection) == NOW
    assert len(await rows(engine, notice)) == 2
    assert [row["state"] for row in await rows(engine, delivery)] == [WAITING]


async def test_the_list_is_the_newest_first_and_bounded(engine: AsyncEngine) -> None:
    await announced(engine, "1")
    async with engine.begin() as connection:
        await announce(connection, "breached", "2", {}, at=LATER)
        await route(connection, told, LATER)
        await connection.execute(update(delivery).where(delivery.c.target == "ops").values(state=SENT))
        found = await deliveries.rows(connection, [WAITING, SENT], 3)
        assert [(row["about"], row["target"]) for row in found] == [("2", "manager"), ("2", "ops"), ("1", "manager")]
        assert [row["about"] for row in await deliveries.rows(connection, [SENT], 9)] == ["2", "1"]
