"""Whole calls: the rows that a real Asterisk wrote, and the one record of each."""

import random
from datetime import timedelta
from pathlib import Path

import pytest

from clinicpbx.core.records.assemble import Group, assemble_all
from tests.support.record_tables import Table, describe, tables

pytestmark = pytest.mark.scenario
MOMENT = timedelta(milliseconds=3)

CALLS = dict(tables(Path(__file__).parent / "records"))
UNNEEDED = ("APP_START", "APP_END", "LINKEDID_END")  # not in cel.conf, but for APP_START of Record
ENDED = {name: table for name, table in CALLS.items() if not table.lost}


def lines(group: Group) -> list[str]:
    return [line for record in assemble_all(group) for line in describe(record)]


@pytest.mark.parametrize("name", CALLS)
def test_the_record_is_as_written(name: str) -> None:
    assert lines(CALLS[name].group()) == CALLS[name].record


@pytest.mark.parametrize("name", CALLS)
def test_rows_that_asterisk_need_not_write_change_nothing(name: str) -> None:
    group = CALLS[name].group()
    needed = [row for row in group.cel if row.application == "Record" or row.kind not in UNNEEDED]
    assert lines(Group(group.cdr, needed, group.facts, group.lost)) == CALLS[name].record


def test_there_are_tables() -> None:
    assert len(CALLS) >= 20


@pytest.mark.parametrize("name", CALLS)
def test_rows_that_come_twice_change_nothing(name: str) -> None:
    group = CALLS[name].group()
    twice = Group([*group.cdr, *group.cdr], [*group.cel, *group.cel], [*group.facts, *group.facts], group.lost)
    assert assemble_all(twice) == assemble_all(group)


@pytest.mark.parametrize("name", ENDED)
def test_without_facts_the_call_still_has_its_record(name: str) -> None:
    group = ENDED[name].group()
    without = assemble_all(Group(group.cdr, group.cel, []))
    told = assemble_all(group)
    assert [r.call for r in without] == [r.call for r in told]
    for blind, full in zip(without, told, strict=True):
        assert (blind.started, blind.ended, blind.talk, blind.agent) == (
            full.started,
            full.ended,
            full.talk,
            full.agent,
        )
        # a message is known by its fact alone: the recording itself is ARI's, not the dialplan's
        assert blind.outcome == full.outcome or (full.message and blind.outcome == "abandoned")


@pytest.mark.parametrize("name", ENDED)
def test_without_channel_events_every_ended_call_has_a_record(name: str) -> None:
    group = ENDED[name].group()
    told = {record.call: record for record in assemble_all(group)}
    without = {record.call: record for record in assemble_all(Group(group.cdr, [], group.facts))}
    assert set(without) & set(told)
    for call in set(without) & set(told):
        if told[call].kind == "inbound" and not told[call].fallback:
            assert without[call].outcome == told[call].outcome


@pytest.mark.parametrize("name", CALLS)
def test_any_part_of_the_rows_is_assembled_without_a_fault(name: str) -> None:
    draw = random.Random(name)
    group = CALLS[name].group()
    calls = {record.call for record in assemble_all(group)}
    for _ in range(30):
        some = Group(
            [row for row in group.cdr if draw.random() < 0.7],
            [row for row in group.cel if draw.random() < 0.7],
            [row for row in group.facts if draw.random() < 0.7],
            group.lost,
        )
        for record in assemble_all(some):
            assert record.ended >= record.started
            assert all(entry.waited.total_seconds() >= 0 for entry in record.queues)
    assert calls


def test_a_call_that_goes_on_has_no_record_yet() -> None:
    table: Table = CALLS["asterisk killed"]
    group = table.group()
    assert assemble_all(Group(group.cdr, group.cel, group.facts)) == []


def test_who_gives_up_in_the_queue_after_a_transfer_has_abandoned() -> None:
    group = CALLS["transfer to a queue"].group()
    queued = [fact.at for fact in group.facts if fact.kind == "queued"][-1]
    facts = [fact for fact in group.facts if fact.kind not in ("offered", "answered") or fact.at < queued]
    cel = [row for row in group.cel if not row.channel.startswith("PJSIP/phone-204")]
    # the clock of the first talk's end and that of the queue are apart by less than they are exact
    cel = [row._replace(at=max(row.at, queued + MOMENT)) if row.kind == "BRIDGE_EXIT" else row for row in cel]
    (record,) = assemble_all(Group(group.cdr, cel, facts))
    assert record.outcome == "abandoned"
    assert [stay.outcome for stay in record.queues] == ["answered", "abandoned"]


def test_no_two_tables_are_the_same_call() -> None:
    names = [record.call for call in CALLS.values() for record in assemble_all(call.group())]
    assert len(names) == len(set(names))
