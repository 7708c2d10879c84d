"""The inbox as the daemon's phones and the listener reach it, with a real SQLite database."""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.deliveries import claim, route
from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.adapters.db.inbox_intake import keep_items
from clinicpbx.adapters.db.inbox_lists import Wanted, list_items, story
from clinicpbx.adapters.db.outbox import announce, notice
from clinicpbx.adapters.db.records import NO_RULES, write_records
from clinicpbx.core.commands import WorkMessage
from clinicpbx.core.events import ItemWorked
from clinicpbx.core.inbox.attempt import item_of
from clinicpbx.core.notify.letter import text
from clinicpbx.core.records.assemble import Group, assemble_all
from clinicpbx.core.records.call_record import Interaction
from clinicpbx.core.records.rows import Fact
from clinicpbx.daemon import inbox_desk
from clinicpbx.daemon.inbox_desk import InboxDesk
from clinicpbx.daemon.inbox_runtime import InboxRuntime
from clinicpbx.paths import Instance
from clinicpbx.private import Private
from clinicpbx.settings import Settings
from tests.support.record_database import make_database

pytestmark = pytest.mark.unit
T0 = datetime(2026, 11, 24, 15, tzinfo=UTC)
NUMBER = "+12125550147"
INTERNAL = {"outcome": "internal"}
HARBOR = Path(__file__).parents[2] / "examples" / "harbor"


@dataclass
class House:
    instance: Instance
    engine: AsyncEngine
    desk: InboxDesk

    async def work(self, change: str, by: str = "ana", message: str = "m1", outcome: str = "") -> ItemWorked:
        return await self.desk.work(WorkMessage("desk", message, change, by, outcome))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    instance = Instance(tmp_path)
    url = f"sqlite:///{instance.database}"
    await make_database(url)
    engine = make_engine(url, writes=True)
    record = Interaction("c.1", "inbound", "voicemail", T0, T0, Private(NUMBER), mailbox="desk", message="m1")
    async with engine.begin() as connection:
        await write_records(connection, ["c.1"], [record])
        await keep_items(connection, ["c.1"], [record], NO_RULES)
    ticks = count()
    clock = lambda: T0 + timedelta(seconds=next(ticks))  # noqa: E731
    yield House(instance, engine, InboxDesk(instance, Settings(database_url=""), lambda: NO_RULES, clock))
    await engine.dispose()


async def test_one_phone_claims_and_the_other_is_refused(house: House) -> None:
    assert [(await house.work("claim", by)).answer for by in ("ana", "ben")] == ["claimed", "refused"]
    assert [one.owner for one in await list_items(house.engine, Wanted())] == ["ana"]


async def test_whom_to_call_is_said_and_the_attempt_is_kept(house: House) -> None:
    told = await house.work("call")
    assert (told.answer, told.number and told.number.value) == ("called", NUMBER)
    (item,) = await list_items(house.engine, Wanted())
    assert (item.owner, [one.kind for one in item.contacts]) == ("ana", ["voicemail", "tried"])
    assert (told.attempt, item_of(told.attempt)) == (item.contacts[1].call, item.id)


async def record_of(house: House, *facts: tuple[str, dict[str, Any]], call: str) -> None:
    """What the daemon noted of the *call*, which is over, comes to the listener."""
    rows = [Fact(call, T0 + timedelta(minutes=n), kind, body) for n, (kind, body) in enumerate(facts)]
    records = assemble_all(Group([], [], [*rows, Fact(call, T0 + timedelta(minutes=9), "ended", INTERNAL)]))
    async with house.engine.begin() as connection:
        await write_records(connection, [call], records)
        await keep_items(connection, [call], records, NO_RULES)


async def test_what_came_of_the_attempt_is_on_the_item_once_its_call_is_on_record(house: House) -> None:
    told = await house.work("call")
    begun = {"item": 1, "attempt": told.attempt}
    came = ("arrived", {"entry": "201"}), ("item", {**begun, "result": "busy"})
    await record_of(house, ("item", begun), call=told.attempt)
    await record_of(house, ("item", begun), *came, call=told.attempt)
    again = await house.work("call")
    await record_of(house, ("item", {"item": 1, "attempt": again.attempt, "result": "no answer"}), call="heard.1")
    (item,) = await list_items(house.engine, Wanted())
    assert sorted((one.kind, one.state) for one in item.contacts[1:]) == [("called", "busy"), ("called", "no answer")]
    assert (item.open, item.number.value) == (True, NUMBER)
    _, history = await story(house.engine, item.id)
    lines = [line["text"] for line in history if line["kind"] == "contact"]
    assert sorted(lines) == ["called busy", "called desk not picked up", "called no answer"]


async def test_whom_an_attempt_is_for_is_told_until_it_is_over_or_its_item_closed(house: House) -> None:
    first, second = [(await house.work("call")).attempt for _ in range(2)]
    told = await house.desk.whom(first)
    assert (told.answer, told.number and told.number.value) == ("called", NUMBER)
    await record_of(house, ("item", {"item": 1, "attempt": first, "result": "busy"}), call=first)
    assert (await house.desk.whom(first)).answer == "refused", "nobody is called twice by one attempt"
    await house.work("close", outcome="done")
    assert [(await house.desk.whom(one)).answer for one in (second, "item-9-20261124T150000000000")] == ["refused"] * 2


async def test_the_number_that_was_keyed_is_on_the_item_and_both_lead_to_it(house: House) -> None:
    async def called(call: str, number: str, given: str = "") -> None:
        end = T0 + timedelta(minutes=int(call))
        record = Interaction(call, "inbound", "abandoned", T0, end, Private(number), given=Private(given))
        async with house.engine.begin() as connection:
            await write_records(connection, [call], [record])
            await keep_items(connection, [call], [record], NO_RULES)

    await called("1", NUMBER, "5550199")  # of the same area
    assert (await house.work("call")).number == Private("+12125550199")
    await called("2", "+12125550199")
    await called("3", NUMBER)
    (item,) = await list_items(house.engine, Wanted())
    assert (item.number.value, item.numbers) == ("+12125550199", {NUMBER, "+12125550199"})
    assert sorted(one.call for one in item.contacts if one.incoming) == ["1", "2", "3", "c.1"]
    await called("4", NUMBER, "(207) 555-0123")
    await called("4", NUMBER, "(207) 555-0123")
    (item,) = await list_items(house.engine, Wanted())
    assert item.number.value == "+12075550123"


async def test_an_item_without_a_number_cannot_be_called(house: House) -> None:
    record = Interaction("c.2", "inbound", "voicemail", T0, T0, Private(""), mailbox="desk", message="m2")
    async with house.engine.begin() as connection:
        await write_records(connection, ["c.2"], [record])
        await keep_items(connection, ["c.2"], [record], NO_RULES)
    assert (await house.work("call", message="m2")).answer == "refused"


async def test_it_is_closed_with_one_of_its_outcomes(house: House) -> None:
    told = await house.work("outcomes")
    assert (told.answer, told.outcomes) == ("outcomes", ("reached", "not-reached", "done", "no-action"))
    assert (await house.work("close", outcome="whatever")).answer == "refused"
    assert (await house.work("close", outcome=told.outcomes[0])).answer == "closed"
    assert await list_items(house.engine, Wanted()) == []


async def test_a_message_that_the_listener_has_not_seen_yet_is_none(house: House) -> None:
    assert (await house.work("claim", message="m9")).answer == "none"


async def test_a_database_that_is_locked_missing_or_another_is_away(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(inbox_desk, "PATIENCE", 0.3)
    lock = sqlite3.connect(house.instance.database, isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    assert (await house.work("claim")).answer == "away"
    lock.execute("ROLLBACK")
    lock.close()
    assert [one.owner for one in await list_items(house.engine, Wanted())] == [""], "what was said is what is so"
    for url, answer in (("sqlite:///" + str(tmp_path / "none.db"), "none"), ("postgresql://x@127.0.0.1:9/x", "away")):
        desk = InboxDesk(house.instance, Settings(database_url=url), lambda: NO_RULES, lambda: T0)
        assert (await desk.work(WorkMessage("desk", "m1", "claim", "ana"))).answer == answer
    assert not (tmp_path / "none.db").exists()


async def test_breaches_are_looked_for_once_a_minute(house: House) -> None:
    told: list[str] = []

    async def announce(connection: Any, kind: str, about: str, detail: Any) -> None:
        told.append(kind)

    runtime = InboxRuntime(house.instance, house.engine, announce)
    late = T0 + timedelta(hours=9)
    assert [await runtime.look(late + timedelta(seconds=seconds)) for seconds in (0, 30, 61)] == [1, 0, 0]
    assert told == ["breached"]


async def test_an_announcement_that_fails_takes_the_mark_back(house: House) -> None:
    async def broken(connection: Any, kind: str, about: str, detail: Any) -> None:
        raise OSError("no outbox")

    late = T0 + timedelta(hours=9)
    with pytest.raises(OSError, match="no outbox"):
        await InboxRuntime(house.instance, house.engine, broken).look(late)
    assert await InboxRuntime(house.instance, house.engine).look(late) == 1


DAILY = """\
clinic: {name: A}
languages: {en: English}
sites: {main: {timezone: America/New_York}}
notify:
  targets: {ops: {webhook: "https://ops.example/"}, desk: {webhook: "https://desk.example/", events: []}}
  daily: {at: "08:00", to: desk}
"""


async def test_once_a_day_all_that_is_open_is_told_over_restarts_and_when_it_is_nothing(house: House) -> None:
    folder = house.instance.versions / "000001" / "rules"
    folder.mkdir(parents=True)
    (folder / "clinic.yaml").write_text(DAILY)
    house.instance.current.symlink_to("000001")
    eight = datetime(2026, 11, 25, 13, tzinfo=UTC)
    (item,) = await list_items(house.engine, Wanted())

    async def told(*at: datetime) -> list[dict[str, Any]]:
        for each in at:
            await InboxRuntime(house.instance, house.engine, announce).look(each)  # a listener started again
        async with house.engine.begin() as connection:
            found = await connection.execute(select(notice).where(notice.c.kind == "daily").order_by(notice.c.at))
            return [{"about": row.about, **json.loads(row.detail)} for row in found]

    assert await told(eight - timedelta(seconds=1)) == []
    runtime = InboxRuntime(house.instance, house.engine, announce)
    for minutes in range(0, 600, 7):
        await runtime.look(eight + timedelta(minutes=minutes))
    [today] = await told(eight + timedelta(minutes=1), eight + timedelta(hours=14))
    ids = [item.id]
    assert today == {"about": "2026-11-25", "to": ["desk"], "open": ids, "overdue": ids, "due_today": [], "came": ids}
    await house.work("claim")
    await house.work("close", outcome="done")
    *_, saturday = await told(eight + timedelta(days=3))
    assert (saturday["about"], saturday["open"], saturday["overdue"]) == ("2026-11-28", [], []), "silence says nothing"
    async with house.engine.begin() as connection:
        while await route(connection, runtime.book().notify.told, eight):
            continue
        claims = [await claim(connection, "desk", eight + timedelta(days=4)) for _ in range(3)]
    sent = sorted((one.notice for one in claims if one is not None), key=lambda one: one.about)
    assert [one.about for one in sent] == ["2026-11-25", "2026-11-28"]
    assert NUMBER[-4:] not in "".join(text(one, "A", UTC) for one in sent)
    assert sent[0].figures["open"] == ids


async def test_items_go_by_the_rules_in_force(house: House) -> None:
    runtime = InboxRuntime(house.instance, house.engine)
    assert runtime.book() is NO_RULES
    await asyncio.to_thread(shutil.copytree, HARBOR, house.instance.versions / "000001" / "rules")
    house.instance.current.symlink_to("000001")
    assert runtime.book().categories["refill"].outcomes == ("sent", "refused", "not-reached")
    house.instance.current.unlink()
    house.instance.current.symlink_to("000002")
    assert runtime.book().version == "000001", "broken rules take nothing away"
