"""The inbox in real databases: made with the records, exactly once; claimed by one; breached once."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.audit import audit
from clinicpbx.adapters.db.inbox import change_item, find_breaches
from clinicpbx.adapters.db.inbox_intake import keep_items
from clinicpbx.adapters.db.inbox_lists import Wanted, list_items, story
from clinicpbx.adapters.db.inbox_tables import contact, item, item_event
from clinicpbx.adapters.db.numbers import e164
from clinicpbx.adapters.db.records import NO_RULES, write_records
from clinicpbx.adapters.spool.reader import spools
from clinicpbx.core.inbox.changes import Actor, Call, Claim, Close, Note, Release, Reopen
from clinicpbx.core.inbox.contact import NEEDS, contact_of
from clinicpbx.core.inbox.item import Item
from clinicpbx.core.records.assemble import assemble_all
from clinicpbx.core.records.call_record import Interaction
from clinicpbx.daemon.records_runtime import RecordsRuntime
from clinicpbx.errors import ClinicPBXError
from clinicpbx.private import Private
from tests.support.record_database import make_instance, write_call
from tests.support.record_tables import tables

pytestmark = pytest.mark.integration
CALLS = dict(tables(Path(__file__).parents[1] / "scenario" / "records"))
T0 = datetime(2026, 11, 24, 15, tzinfo=UTC)
NUMBER = "+12125550147"
ANA, BEN = Actor("ana"), Actor("ben")
CLAIMER = """
import asyncio, sys
from datetime import UTC, datetime
from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.adapters.db.inbox import change_item
from clinicpbx.adapters.db.numbers import e164
from clinicpbx.adapters.db.records import NO_RULES
from clinicpbx.core.inbox.changes import Actor, Claim
from clinicpbx.errors import ClinicPBXError

async def claim(url, id, name):
    engine = make_engine(url, writes=True)
    async with engine.connect():
        print("ready", flush=True)
        sys.stdin.readline()
    try:
        await change_item(engine, int(id), Claim(), Actor(name), datetime.now(UTC), NO_RULES)
        print("won")
    except ClinicPBXError as refused:
        print(refused)
    await engine.dispose()

asyncio.run(claim(*sys.argv[1:]))
"""


def call(id: str, outcome: str, minute: float, number: str = NUMBER, **more: Any) -> Interaction:
    ended = T0 + timedelta(minutes=minute)
    return Interaction(id, "inbound", outcome, ended - timedelta(minutes=1), ended, Private(number), **more)  # type: ignore[arg-type]


async def keep(engine: AsyncEngine, *records: Interaction, ids: tuple[str, ...] = ()) -> None:
    group = {*ids, *(record.call for record in records)}
    async with engine.begin() as connection:
        await write_records(connection, group, records)
        await keep_items(connection, group, records, NO_RULES)


async def everything(engine: AsyncEngine) -> list[list[tuple[Any, ...]]]:
    async with engine.connect() as connection:
        return [
            [tuple(row) for row in await connection.execute(select(table).order_by(*table.primary_key))]
            for table in (item, contact, item_event)
        ]


async def kinds(engine: AsyncEngine, id: int) -> list[str]:
    return [line["kind"] for line in (await story(engine, id))[1]]


async def test_contacts_in_several_transactions_are_one_item(engine: AsyncEngine) -> None:
    await keep(engine, call("c.1", "abandoned", 0))
    await keep(engine, call("c.2", "voicemail", 2, mailbox="frontdesk", message="m1", language="es"))
    await keep(engine, call("c.3", "answered", 9, "+12125550148"))
    (found,) = await list_items(engine, Wanted())
    assert [one.call for one in found.contacts] == ["c.1", "c.2"]
    assert (found.number.value, found.language, found.opened) == (NUMBER, "es", T0)
    assert await kinds(engine, found.id) == ["opened", "contact"]


async def test_records_assembled_anew_change_nothing(engine: AsyncEngine) -> None:
    records = (call("c.1", "abandoned", 0), call("c.2", "voicemail", 2, message="m1"), call("c.3", "answered", 3))
    await keep(engine, *records)
    before = await everything(engine)
    for record in records:
        await keep(engine, record)
    await keep(engine, *records)
    assert await everything(engine) == before
    assert len(before[1]) == 3


async def test_an_abandoned_call_closes_when_the_patient_is_answered(engine: AsyncEngine) -> None:
    await keep(engine, call("c.1", "abandoned", 0))
    await keep(engine, call("c.2", "answered", 9))
    assert await list_items(engine, Wanted()) == []
    (found,) = await list_items(engine, Wanted(closed=True))
    assert (found.outcome, found.closed, len(found.contacts)) == ("answered", T0 + timedelta(minutes=9), 2)


async def test_a_late_message_opens_what_had_closed_by_itself(engine: AsyncEngine) -> None:
    await keep(engine, call("c.1", "abandoned", 0))
    await keep(engine, call("c.2", "answered", 9))
    await keep(engine, call("c.1", "voicemail", 0, message="m1", mailbox="frontdesk"))
    (found,) = await list_items(engine, Wanted())
    assert "reopened" in await kinds(engine, found.id)


async def test_an_answer_that_was_stored_first_closes_the_item_at_once(engine: AsyncEngine) -> None:
    await keep(engine, call("c.2", "answered", 9))
    await keep(engine, call("c.1", "abandoned", 0))
    assert await list_items(engine, Wanted()) == []


async def test_a_call_that_is_part_of_another_is_withdrawn(engine: AsyncEngine) -> None:
    await keep(engine, call("c.1", "abandoned", 0))
    await keep(engine, call("c.0", "answered", 0, "+12125550148"), ids=("c.1",))
    (found,) = await list_items(engine, Wanted(closed=True))
    assert found.outcome == "joined"


async def test_real_rows_killed_between_batches_give_each_item_once(engine: AsyncEngine, tmp_path: Path) -> None:
    instance = make_instance(tmp_path / "i")

    async def nobody() -> set[str]:
        return set()

    def listener() -> RecordsRuntime:
        found = spools(instance.cdr_spool, instance.cel_spool, instance.journal)
        return RecordsRuntime(engine, found, nobody)

    for whole in CALLS.values():
        for part in (type(whole)(cel=whole.cel), type(whole)(cdr=whole.cdr), type(whole)(fact=whole.fact)):
            write_call(instance, part)
            await listener().step()
    records = [record for whole in CALLS.values() if not whole.lost for record in assemble_all(whole.group())]
    expected = {
        (record.call, found.kind)
        for record in records
        if (found := contact_of(record, e164(record.caller.value), NO_RULES)) is not None
        and found.need
        and not found.settled
    }
    _, contacts, _ = await everything(engine)
    needs = [(row[0], row[2]) for row in contacts if row[2] in NEEDS]
    assert len(expected) >= 2
    assert sorted(needs) == sorted(expected)


async def test_of_twenty_processes_one_claims(engine: AsyncEngine, url: str) -> None:
    await keep(engine, call("c.1", "abandoned", 0))
    (found,) = await list_items(engine, Wanted())
    started = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", CLAIMER, url, str(found.id), f"agent{n}"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        for n in range(20)
    ]
    for process in started:
        assert process.stdout
        assert (await process.stdout.readline()) == b"ready\n"
    for process in started:
        assert process.stdin
        process.stdin.write(b"\n")
    answers = [(await process.communicate())[0].decode().strip() for process in started]
    (won,) = [n for n, answer in enumerate(answers) if answer == "won"]
    told = [answer for n, answer in enumerate(answers) if n != won]
    assert all(f"is claimed by agent{won}" in answer for answer in told), told
    async with engine.connect() as connection:
        rows = (await connection.execute(select(audit.c.actor, audit.c.action, audit.c.object))).all()
    assert [tuple(row) for row in rows] == [(f"agent{won}", "inbox.claim", str(found.id))]
    assert await kinds(engine, found.id) == ["opened", "claimed"]


async def test_what_people_do_is_in_the_history_and_in_the_audit_log(engine: AsyncEngine) -> None:
    await keep(engine, call("c.1", "voicemail", 0, message="m1", mailbox="frontdesk"))
    (found,) = await list_items(engine, Wanted())
    at = T0 + timedelta(minutes=1)
    for change in (Claim(), Release(), Note("asked for Monday"), Call(), Close("reached"), Reopen()):
        await change_item(engine, found.id, change, ANA, at, NO_RULES)
    again, history = await story(engine, found.id)
    assert isinstance(again, Item)
    assert [line["kind"] for line in history[1:]] == ["claimed", "released", "noted", "called", "closed", "reopened"]
    assert [one.kind for one in again.contacts] == ["voicemail", "tried"]
    async with engine.connect() as connection:
        rows = (await connection.execute(select(audit.c.action, audit.c.detail).order_by(audit.c.seq))).all()
    assert [row.action.removeprefix("inbox.") for row in rows] == [
        *("claim", "release", "note", "call", "close", "reopen")
    ]
    assert "Monday" not in str(rows)


async def test_refusals_change_nothing(engine: AsyncEngine) -> None:
    await keep(engine, call("c.1", "abandoned", 0))
    (found,) = await list_items(engine, Wanted())
    await change_item(engine, found.id, Claim(), ANA, T0, NO_RULES)
    before = await everything(engine)
    for change in (Claim(), Release(), Close("reached"), Reopen(), Note("")):
        with pytest.raises(ClinicPBXError):
            await change_item(engine, found.id, change, BEN, T0, NO_RULES)
    with pytest.raises(ClinicPBXError, match="no item 999"):
        await change_item(engine, 999, Claim(), ANA, T0, NO_RULES)
    assert await everything(engine) == before


async def test_a_breach_is_told_of_once(engine: AsyncEngine) -> None:
    await keep(engine, call("c.1", "abandoned", 0), call("c.2", "abandoned", 60, "+12125550148"))
    told: list[tuple[str, str, object]] = []

    async def announce(connection: Any, kind: str, about: str, detail: Any) -> None:
        told.append((kind, about, detail["category"]))

    first, second = await list_items(engine, Wanted())
    assert await find_breaches(engine, first.due, NO_RULES, announce) == 0
    just_after = first.due + timedelta(seconds=1)
    looks = [find_breaches(engine, just_after, NO_RULES, announce) for _ in range(5)]
    assert sum(await asyncio.gather(*looks)) == 1
    assert told == [("breached", str(first.id), "abandoned")]
    assert (await kinds(engine, first.id)).count("breached") == 1
    await change_item(engine, first.id, Close("reached"), ANA, first.due, NO_RULES)
    await change_item(engine, first.id, Reopen(), ANA, first.due, NO_RULES)
    assert await find_breaches(engine, second.due + timedelta(days=1), NO_RULES, announce) == 2


async def test_pages_follow_one_another_without_gap_or_double(engine: AsyncEngine) -> None:
    await keep(engine, *(call(f"c.{n}", "abandoned", n // 3, f"+121255501{n:02}") for n in range(20)))
    whole = [one.id for one in await list_items(engine, Wanted())]
    assert len(whole) == 20
    paged: list[int] = []
    while page := await list_items(engine, Wanted(limit=3, after=paged[-1] if paged else 0)):
        paged += [one.id for one in page]
    assert paged == whole
    for id in whole:
        await change_item(engine, id, Close("reached"), ANA, T0, NO_RULES)
    newest = [one.id for one in await list_items(engine, Wanted(closed=True))]
    assert [one.id for one in await list_items(engine, Wanted(closed=True, after=newest[4]))] == newest[5:]


async def test_lists_are_narrowed(engine: AsyncEngine) -> None:
    await keep(engine, call("c.1", "abandoned", 0), call("c.2", "voicemail", 1, "+12125550148", message="m"))
    one, two = await list_items(engine, Wanted())
    await change_item(engine, one.id, Claim(), ANA, T0, NO_RULES)
    assert [each.id for each in await list_items(engine, Wanted(owner="ana"))] == [one.id]
    assert [each.id for each in await list_items(engine, Wanted(category="message"))] == [two.id]
    assert [each.id for each in await list_items(engine, Wanted(before=two.due))] == [one.id]
    assert [each.id for each in await list_items(engine, Wanted(since=two.opened))] == [two.id]
    assert await list_items(engine, Wanted(queue="nurse")) == []
