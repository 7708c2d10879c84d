"""Whole calls: the rows that a real Asterisk wrote, and the one record of each."""

import random
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
        assert (blind.started, blind.ended, blind.talk) == (full.started, full.ended, full.talk)
        assert blind.agent == full.agent or not full.agent.isdigit() or full.origin  # names and attempts are the rules'
        # what the daemon alone knows: messages, promises, and what was played
        known = blind.outcome == full.outcome
        assert known or full.outcome in ("voicemail", "callback", "informed")


@pytest.mark.parametrize("name", ENDED)
def test_without_channel_events_every_ended_call_has_a_record(name: str) -> None:
    group = ENDED[name].group()
    told = {record.call: record for record in assemble_all(group)}
    without = {record.call: record for record in assemble_all(Group(group.cdr, [], group.facts))}
    assert set(without) & set(told)
    for call in set(without) & set(told):
        in_vain = (
            told[call].outcome in ("abandoned", "failed") and without[call].outcome == "answered"
        )  # rows of bridges tell
        if told[call].kind == "inbound" and not told[call].fallback and not in_vain:
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


def test_each_situation_is_counted_once() -> None:
    """As one group at a time; what is in no group of another is in one."""
    found = Counter(record.call for call in CALLS.values() for record in assemble_all(call.group()))
    assert set(found.values()) == {1}
    assert len(CALLS) >= 60


@pytest.mark.parametrize("name", CALLS)
def test_legs_and_times_fit_into_the_call(name: str) -> None:
    for record in assemble_all(CALLS[name].group()):
        own = [leg for leg in record.legs if leg.role == "caller" or record.origin]
        assert not record.legs or own[0] is record.legs[0]
        for leg in record.legs:
            assert leg.started <= (leg.answered or leg.started) <= leg.ended
            assert timedelta() <= leg.hold <= leg.talk <= leg.ended - leg.started
        assert record.hold <= record.talk
        assert sum((stay.talk for stay in record.queues), timedelta()) <= record.talk
        assert record.waited == sum((stay.waited for stay in record.queues), timedelta())


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


@pytest.mark.parametrize("hours", [-1, 1])
@pytest.mark.parametrize("name", ENDED)
def test_a_clock_that_jumps_within_a_call_makes_no_time_negative(name: str, hours: int) -> None:
    group = ENDED[name].group()
    calls = {record.call for record in assemble_all(group)}
    moments = sorted({row.at for row in group.cel})
    for moment in moments[1:]:
        jump = timedelta(hours=hours)
        cel = [row._replace(at=row.at + jump if row.at >= moment else row.at) for row in group.cel]
        facts = [fact._replace(at=fact.at + jump if fact.at >= moment else fact.at) for fact in group.facts]
        found = assemble_all(Group(group.cdr, cel, facts))
        assert {record.call for record in found} == calls
        for record in found:
            assert record.ended >= record.started
            assert record.talk >= timedelta()
            assert all(stay.waited >= timedelta() for stay in record.queues)


def repeated(first: Group, second: Group, shift: timedelta) -> Group:
    """Two calls under the ids of the first: Asterisk was started anew, its clock was set back by *shift*."""
    old, new = second.cel[0].linkedid, first.cel[0].linkedid

    def renamed(row: Any, **times: Any) -> Any:
        ids = {"linkedid": new} if hasattr(row, "linkedid") else {"call": row.call.replace(old, new)}
        if hasattr(row, "uniqueid") and row.uniqueid == old:
            ids["uniqueid"] = new
        return row._replace(**ids, **{key: at + shift if at else at for key, at in times.items()})

    cdr = [renamed(row, start=row.start, answer=row.answer, end=row.end) for row in second.cdr]
    cel = [renamed(row, at=row.at) for row in second.cel]
    facts = [renamed(fact, at=fact.at) for fact in second.facts]
    return Group([*first.cdr, *cdr], [*first.cel, *cel], [*first.facts, *facts], first.lost)


@pytest.mark.parametrize("name", ["answered from queue", "abandoned in queue", "asterisk killed"])
def test_an_id_that_asterisk_gives_again_after_its_clock_was_set_back_is_another_call(name: str) -> None:
    first, second = CALLS[name].group(), CALLS["fallback answered"].group()
    shift = first.cel[0].at - second.cel[0].at
    (before,) = assemble_all(first)
    (after,) = assemble_all(second)
    one, two = assemble_all(repeated(first, second, shift))
    assert one == before
    assert two.call == f"{before.call}~2"
    assert (two.outcome, two.talk, two.agent, two.fallback) == (after.outcome, after.talk, after.agent, True)
    assert two.started == before.started


def test_the_daemon_tells_two_calls_of_one_id_apart() -> None:
    first, second = CALLS["answered from queue"].group(), CALLS["abandoned in queue"].group()
    one, two = assemble_all(repeated(first, second, first.cel[0].at - second.cel[0].at))
    assert [record.outcome for record in (one, two)] == ["answered", "abandoned"]
    assert [len(record.queues) for record in (one, two)] == [1, 1]
    assert len(assemble_all(repeated(first, second, timedelta()))) == 2


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(CALLS)), st.randoms(use_true_random=False), st.floats(0, 1))
def test_rows_in_any_order_doubled_and_cut_give_at_most_one_record_a_call(
    name: str, draw: random.Random, kept: float
) -> None:
    group = CALLS[name].group()

    def some(rows: Sequence[Any]) -> list[Any]:
        found = [row for row in [*rows, *draw.sample(rows, len(rows) // 2)] if draw.random() <= kept]
        draw.shuffle(found)
        return found

    told = assemble_all(Group(some(group.cdr), some(group.cel), some(group.facts), group.lost))
    assert len({record.call for record in told}) == len(told)
    for record in told:
        assert record.ended >= record.started
        assert timedelta() <= record.hold <= record.talk
        for leg in record.legs:
            assert leg.ended >= leg.started
            assert timedelta() <= leg.hold <= leg.talk
        assert all(stay.hold <= stay.talk and stay.wrap >= timedelta() for stay in record.queues)
