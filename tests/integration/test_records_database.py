"""Spools to records in real databases: SQLite and PostgreSQL."""

import asyncio
import json
import re
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, make_url, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.audit import append, audit
from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.adapters.db.inbox_tables import item
from clinicpbx.adapters.db.intake import take_in
from clinicpbx.adapters.db.migrate import differences, downgrade, newest, upgrade, version
from clinicpbx.adapters.db.tables import cel, interaction, leg, offer, pending, queue_entry
from clinicpbx.adapters.spool.reader import BATCH, spools
from clinicpbx.core.audit.entry import Entry
from clinicpbx.core.records.assemble import assemble_all
from clinicpbx.daemon.records_runtime import RecordsRuntime
from clinicpbx.paths import Instance
from tests.support.record_database import make_instance, write_call
from tests.support.record_tables import tables

pytestmark = pytest.mark.integration
CALLS = dict(tables(Path(__file__).parents[1] / "scenario" / "records"))
TIMES = [datetime.fromtimestamp(float(row["eventtime"]), UTC) for call in CALLS.values() for row in call.cel]
WINDOW = max(TIMES) - min(TIMES) + timedelta(hours=2)
AFTERWARDS = max(TIMES) + timedelta(hours=1)


@pytest.fixture
async def runtime(engine: AsyncEngine, tmp_path: Path) -> tuple[Instance, RecordsRuntime]:
    instance = make_instance(tmp_path)

    async def nobody() -> set[str]:
        return set()

    found = spools(instance.cdr_spool, instance.cel_spool, instance.journal)
    return instance, RecordsRuntime(engine, found, nobody, window=WINDOW, clock=lambda: AFTERWARDS)


async def rows(runtime: RecordsRuntime, table: Any) -> list[dict[str, Any]]:
    async with runtime.engine.connect() as connection:
        return [dict(row) for row in (await connection.execute(select(table))).mappings()]


async def test_up_down_and_up_again(url: str) -> None:
    engine = make_engine(url, migrates=True)
    await upgrade(engine)
    assert await version(engine) == newest()
    assert await differences(engine) == []
    await downgrade(engine, "base")
    assert await version(engine) == ""
    await upgrade(engine)
    assert await differences(engine) == []
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE pending ADD COLUMN extra TEXT"))
    assert len(await differences(engine)) == 1
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE pending DROP COLUMN extra"))
    await engine.dispose()


async def test_every_call_becomes_the_record_it_should(runtime: tuple[Instance, RecordsRuntime]) -> None:
    instance, listener = runtime
    for call in CALLS.values():
        write_call(instance, call)
    await listener.sweep()
    found = {row["call"]: row for row in await rows(listener, interaction)}
    expected = {record.call: record for call in CALLS.values() for record in assemble_all(call.group())}
    assert found.keys() == expected.keys()
    for call_id, record in expected.items():
        row = found[call_id]
        assert (row["outcome"], row["agent"], row["started"], row["ended"], row["answered"]) == (
            record.outcome,
            record.agent,
            record.started,
            record.ended,
            record.answered,
        )
        assert json.loads(row["menu_path"]) == list(record.menu_path)
        assert len(json.loads(row["transfers"])) == len(record.transfers)
    assert len(await rows(listener, queue_entry)) == sum(len(r.queues) for r in expected.values())
    assert len(await rows(listener, offer)) == sum(len(r.offers) for r in expected.values())
    legs = Counter(row["call"] for row in await rows(listener, leg))
    assert legs == Counter({call: len(record.legs) for call, record in expected.items() if record.legs})
    for name in ("site", "disposition", "origin", "callback", "tries", "called_back", "paged", "page_outcome"):
        assert {call: found[call][name] for call in found} == {c: getattr(r, name) for c, r in expected.items()}
        assert any(row[name] for row in found.values()), f"no situation has a {name}"
    for name, length in (("wait_ms", "waited"), ("hold_ms", "hold"), ("wrap_ms", "wrap"), ("talk_ms", "talk")):
        lengths = {c: round(getattr(r, length).total_seconds() * 1000) for c, r in expected.items()}
        assert {call: found[call][name] for call in found} == lengths
        assert any(lengths.values())
    hostile = next(row for row in found.values() if row["number_raw"].startswith("eve"))
    assert hostile["number"] == ""
    assert hostile["number_raw"].isprintable()

    assert found[CALLS["answered from queue"].cel[0]["uniqueid"]]["number"] == "+12125550147"
    counts = await listener.reconcile()
    assert counts
    assert (counts.unreconciled, counts.lost) == (0, 2)


@pytest.mark.parametrize("late", ["unheld", "held", "wrapped_up", "disposition"])
async def test_what_is_told_late_is_written_to_the_same_record(
    runtime: tuple[Instance, RecordsRuntime], late: str
) -> None:
    instance, listener = runtime
    call = CALLS["disposed while worked on" if late == "disposition" else "hold and resume"]
    first = [row for row in call.fact if row["kind"] != late]
    write_call(instance, replace(call, fact=first))
    await listener.sweep()
    (before,) = await rows(listener, interaction)
    write_call(instance, replace(call, cel=[], cdr=[], fact=[row for row in call.fact if row["kind"] == late]))
    await listener.sweep()
    (after,) = await rows(listener, interaction)
    (record,) = assemble_all(call.group())
    told = (after["call"], after["hold_ms"], after["wrap_ms"], after["disposition"])
    lengths = (round(each.total_seconds() * 1000) for each in (record.hold, record.wrap))
    assert told == (record.call, *lengths, record.disposition)
    assert before != after
    assert len(await rows(listener, leg)) == len(record.legs)


async def test_rows_in_any_order_and_twice_give_the_same(runtime: tuple[Instance, RecordsRuntime]) -> None:
    instance, listener = runtime
    whole = CALLS["attended transfer"]
    for n in range(len(whole.cel)):
        part = type(whole)(cel=whole.cel[n : n + 1], cdr=whole.cdr[n : n + 1], fact=whole.fact[n : n + 1])
        write_call(instance, part)
        await listener.step()
    once = await rows(listener, interaction)
    assert len(once) == 1
    # the spools are restored from a backup: other files, the same rows
    for path in (instance.cel_spool, instance.cdr_spool):
        with sqlite3.connect(path) as spool:
            spool.execute("UPDATE spool SET id = 'restored'")
        spool.close()
    listener.forget()
    await listener.step()
    assert await rows(listener, interaction) == once
    assert len(await rows(listener, cel)) == 2 * len(whole.cel)


async def test_a_spool_set_back_loses_nothing(runtime: tuple[Instance, RecordsRuntime]) -> None:
    instance, listener = runtime
    write_call(instance, CALLS["answered from queue"])
    await listener.step()
    with sqlite3.connect(instance.cel_spool) as spool:
        spool.execute("DELETE FROM cel")
        spool.execute("UPDATE sqlite_sequence SET seq = 0")
    spool.close()
    write_call(instance, CALLS["emergency"])
    await listener.step()
    assert {row["outcome"] for row in await rows(listener, interaction)} == {"answered", "emergency"}


async def test_facts_that_come_late_complete_the_record(runtime: tuple[Instance, RecordsRuntime]) -> None:
    instance, listener = runtime
    call = CALLS["answered from queue"]
    write_call(instance, type(call)(cel=call.cel, cdr=call.cdr))
    await listener.step()
    (before,) = await rows(listener, interaction)
    assert (before["outcome"], before["flow"]) == ("answered", "")
    write_call(instance, type(call)(fact=call.fact[:8]))
    await listener.step()
    (after,) = await rows(listener, interaction)
    assert (after["outcome"], after["flow"], after["version"]) == ("answered", "main", "000001")


async def test_an_end_that_is_written_wins_over_a_loss(runtime: tuple[Instance, RecordsRuntime]) -> None:
    instance, listener = runtime
    call = CALLS["answered from queue"]
    write_call(instance, type(call)(cel=call.cel[:8]))
    assert await listener.sweep() == 2
    assert [row["outcome"] for row in await rows(listener, interaction)] == ["interrupted"]
    write_call(instance, type(call)(cel=call.cel[8:], cdr=call.cdr))
    await listener.step()
    assert [row["outcome"] for row in await rows(listener, interaction)] == ["answered"]


async def test_calls_cut_off_before_the_clock_was_set_back_are_recorded_at_once(
    runtime: tuple[Instance, RecordsRuntime],
) -> None:
    instance, listener = runtime
    call = CALLS["answered from queue"]
    write_call(instance, type(call)(cel=call.cel[:8]))
    last = datetime.fromtimestamp(float(call.cel[7]["eventtime"]), UTC)
    listener.clock = lambda: last + timedelta(seconds=5)
    assert await listener.sweep() == 0, "it may only be late"
    listener.clock = lambda: last - timedelta(hours=1)
    assert await listener.sweep() == 2
    assert [row["outcome"] for row in await rows(listener, interaction)] == ["interrupted"]


async def test_a_channel_that_lives_is_not_lost(runtime: tuple[Instance, RecordsRuntime]) -> None:
    instance, listener = runtime
    call = CALLS["answered from queue"]
    write_call(instance, type(call)(cel=call.cel[:8]))

    async def both() -> set[str]:
        return {row["uniqueid"] for row in call.cel}

    listener.alive = both
    assert await listener.sweep() == 0
    counts = await listener.reconcile()
    assert counts
    assert (counts.alive, counts.unreconciled) == (2, 0)

    async def no_answer() -> None:
        return None

    listener.alive = no_answer
    assert await listener.sweep() == 0


async def test_a_record_that_cannot_be_assembled_stops_no_other(runtime: tuple[Instance, RecordsRuntime]) -> None:
    instance, listener = runtime
    write_call(instance, CALLS["answered from queue"])
    write_call(instance, CALLS["emergency"])
    bad = CALLS["answered from queue"].cel[0]["uniqueid"]

    def faulty(group: Any) -> Any:
        if any(row.linkedid == bad for row in group.cel):
            raise KeyError("a bug")
        return assemble_all(group)

    batches = [await listener._read(spool, BATCH) for spool in listener.spools]
    assert len((await take_in(listener.engine, batches, how=faulty)).faults) == 1
    assert (await take_in(listener.engine, how=faulty)) == (True, [], [])
    assert len(await rows(listener, interaction)) == 1
    assert [row["id"] for row in await rows(listener, pending) if row["failed"]] == [bad]
    listener.forget()
    write_call(instance, type(CALLS["emergency"])(cdr=CALLS["answered from queue"].cdr))
    await listener.step()
    assert len(await rows(listener, interaction)) == 2


async def test_a_missing_row_is_noticed(runtime: tuple[Instance, RecordsRuntime]) -> None:
    instance, listener = runtime
    call = CALLS["answered from queue"]
    write_call(instance, call)
    await listener.step()
    async with listener.engine.begin() as connection:
        await connection.execute(cel.delete().where(cel.c.eventtype == "CHAN_END"))
    counts = await listener.reconcile()
    assert counts
    assert counts.unreconciled == 2
    async with listener.engine.begin() as connection:
        await connection.execute(cel.delete())
    counts = await listener.reconcile()
    assert counts
    assert counts.differences["cdr_without_cel"] == (call.cel[0]["uniqueid"],)


async def test_the_spool_is_pruned_and_goes_on(runtime: tuple[Instance, RecordsRuntime]) -> None:
    instance, listener = runtime
    call = CALLS["answered from queue"]
    write_call(instance, type(call)(cel=call.cel), *map(str, range(100)))
    await listener.step()
    await listener.step()
    with sqlite3.connect(instance.cel_spool) as spool:
        (left,) = spool.execute("SELECT count(*) FROM cel").fetchone()
    spool.close()
    assert 1000 <= left <= 1001
    async with listener.engine.connect() as connection:
        assert (await connection.execute(select(func.count()).select_from(interaction))).scalar_one() == 100


HOSTILE = [
    "a\r\nb",
    "Ann\0Lee",
    "\u202egnirts\u202c",
    "x" * 10_240,
    "'); DROP TABLE cel; --",
    '=HYPERLINK("http://evil.example")',
    "@SUM(1+1)",
    "${SHELL(id)}",
    "%s %(x)s :name",
    "\ud7ff\U0010ffff\x7f\x1b[2J",
    '{"hangupcause": "16',
]


async def test_hostile_names_and_numbers_are_kept_as_they_came(runtime: tuple[Instance, RecordsRuntime]) -> None:
    instance, listener = runtime
    call = CALLS["fallback answered"]
    for n, word in enumerate(HOSTILE):
        hostile = type(call)(
            cel=[{**row, "num": word, "name": word} for row in call.cel],
            cdr=[{**row, "src": word, "clid": word, "userfield": word} for row in call.cdr],
        )
        write_call(instance, hostile, f"h{n}")
    with closing(sqlite3.connect(instance.cel_spool)) as spool, spool:  # as Asterisk writes what a phone sent
        spool.execute("UPDATE cel SET num = CAST(x'ff27c32822' AS TEXT) WHERE name = ?", (HOSTILE[0],))
    await listener.step()
    found = await rows(listener, interaction)
    assert Counter(row["outcome"] for row in found) == {"answered": len(HOSTILE)}
    assert all(row["number_raw"].isprintable() and row["number"] == "" for row in found)
    kept = {row["name"] for row in await rows(listener, cel)}
    assert kept == {word.replace("\0", "\ufffd") for word in HOSTILE}
    counts = await listener.reconcile()
    assert counts
    assert counts.differences == {}


async def test_every_kind_of_difference_is_named(runtime: tuple[Instance, RecordsRuntime]) -> None:
    instance, listener = runtime
    for name in ("answered from queue", "abandoned in queue", "consultation with a queue"):
        write_call(instance, CALLS[name])
    await listener.step()
    counts = await listener.reconcile()
    assert counts
    assert counts.differences == {}
    gone, open_ended = CALLS["answered from queue"].fact[0]["call"], CALLS["abandoned in queue"].fact[0]["call"]
    async with listener.engine.begin() as connection:
        await connection.execute(interaction.delete().where(interaction.c.call == gone))
        await connection.execute(interaction.update().where(interaction.c.call == open_ended).values(outcome=""))
    counts = await listener.reconcile()
    assert counts
    assert counts.differences == {"call_without_record": (gone,), "record_without_outcome": (open_ended,)}
    assert counts.unreconciled == 2


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)  # PostgreSQL chooses by the size of the tables
async def test_counting_reads_no_older_rows_than_it_must(runtime: tuple[Instance, RecordsRuntime]) -> None:
    instance, listener = runtime
    calls = 150
    write_call(instance, CALLS["answered from queue"], *(f"o{n}" for n in range(calls)))
    await listener.step()
    listener.window = timedelta(minutes=30)  # all that was written is older
    sent = list[tuple[str, Any]]()
    event.listen(listener.engine.sync_engine, "before_cursor_execute", lambda *told: sent.append((told[2], told[3])))
    counts = await listener.reconcile()
    assert counts
    assert (counts.started, counts.differences) == (0, {})
    assert any("rowid >=" in statement and values[-3] > 1 for statement, values in sent if "CHAN_START" in values)
    with closing(sqlite3.connect(make_url(str(listener.engine.url)).database or "")) as database:
        for statement, values in sent:
            if statement.startswith("SELECT"):
                plan = " ".join(str(row[3]) for row in database.execute(f"EXPLAIN QUERY PLAN {statement}", values))
                assert not re.search(r"SCAN (cel|cdr|fact|interaction)\b", plan), (statement, plan)


async def test_how_long_a_record_took_is_measured_once_a_call(runtime: tuple[Instance, RecordsRuntime]) -> None:
    instance, listener = runtime
    took = list[float]()
    listener.delay = took.append
    call = CALLS["answered from queue"]
    write_call(instance, call)
    await listener.step()
    write_call(instance, type(call)(fact=call.fact))
    await listener.step()
    (record,) = assemble_all(call.group())
    assert took == [(AFTERWARDS - record.ended).total_seconds()]


async def test_of_calls_that_wait_each_is_written_once(runtime: tuple[Instance, RecordsRuntime]) -> None:
    instance, listener = runtime
    calls, written = 600, 0
    write_call(instance, CALLS["answered from queue"], *(f"w{n}" for n in range(calls)))

    def count(*told: Any) -> None:
        nonlocal written
        if told[2].startswith("INSERT INTO interaction"):
            written += len(told[3]) if told[5] else len(told[3][0])

    event.listen(listener.engine.sync_engine, "before_cursor_execute", count)
    while not await listener.step():
        pass
    assert len(await rows(listener, interaction)) == calls
    assert len(await rows(listener, cel)) > BATCH, "they come in more than one batch"
    assert written < 1.1 * calls


async def test_rows_move_also_while_no_record_can_be_written(runtime: tuple[Instance, RecordsRuntime]) -> None:
    instance, listener = runtime
    call = CALLS["answered from queue"]
    async with listener.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE leg RENAME TO gone"))
    for n in range(3):
        write_call(instance, call, f"m{n}")
        with pytest.raises(DBAPIError):
            await listener.step()
        listener.forget()  # as the listener does
    assert len(await rows(listener, cel)) == 3 * len(call.cel)
    assert len(await rows(listener, interaction)) == 0
    async with listener.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE gone RENAME TO leg"))
    assert await listener.step()
    assert Counter(row["outcome"] for row in await rows(listener, interaction)) == {"answered": 3}


async def test_whoever_changes_an_item_and_tells_the_audit_log_waits_for_no_listener_that_waits_for_the_item(
    runtime: tuple[Instance, RecordsRuntime],
) -> None:
    instance, listener = runtime
    patient = CALLS["message left"]
    write_call(instance, patient)
    await listener.step()
    write_call(instance, patient, "again")
    write_call(instance, CALLS["supervisor listening"])
    async with listener.engine.begin() as connection:
        assert (await connection.execute(select(item).with_for_update())).all()
        moving = asyncio.create_task(listener.step())
        await asyncio.wait([moving], timeout=1.0)
        await append(connection, Entry("ana", "inbox.note", "1"))
    assert await moving
    assert [row["action"] for row in await rows(listener, audit)] == ["inbox.note", "call.supervise"]
