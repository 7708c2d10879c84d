"""Rows as they may come: odd, hostile, incomplete."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import pytest

from clinicpbx.core.records.assemble import Group, assemble_all
from clinicpbx.core.records.call_record import QueueEntry
from clinicpbx.core.records.legs import extension, legs_of, talks
from clinicpbx.core.records.rows import CelRow, cdr_cells, cel_row, fact, instant
from clinicpbx.core.records.spans import total

pytestmark = pytest.mark.unit
CEL = dict.fromkeys(
    [
        "eventtype",
        "eventtime",
        "linkedid",
        "uniqueid",
        "channame",
        "num",
        "name",
        "exten",
        "context",
        "appname",
        "eventextra",
    ],
    "",
)
CDR = dict.fromkeys(
    [
        "linkedid",
        "uniqueid",
        "sequence",
        "start",
        "answer",
        "end",
        "src",
        "dst",
        "clid",
        "channel",
        "dstchannel",
        "disposition",
        "userfield",
    ],
    "",
)


def cel(second: float, kind: str, uniqueid: str, **more: str) -> CelRow:
    row = CEL | {"eventtype": kind, "eventtime": str(1000 + second), "linkedid": "c.1", "uniqueid": uniqueid}
    return cel_row(row | {"context": "cpbx-from-trunk", "exten": "5550100"} | more)


@pytest.mark.parametrize("text", ["", "0", "0.000000", "x", "-5", "1e400", "nan"])
def test_no_time_is_none(text: str) -> None:
    assert instant(text) is None


def test_a_time_is_utc() -> None:
    assert instant("1795478910.185186") == datetime(2026, 11, 24, 0, 8, 30, 185186, tzinfo=UTC)


@pytest.mark.parametrize("text", ["{", "[1]", "null", ""])
def test_an_odd_extra_is_empty(text: str) -> None:
    assert cel_row(CEL | {"eventextra": text}).extra == {}


def test_an_odd_fact_is_read() -> None:
    assert fact({"call": "c", "at": "x", "kind": "k", "body": "["}).body == {}
    assert fact({"call": "c", "at": "2026-01-01T00:00:00", "kind": "k", "body": "{}"}).at.tzinfo is UTC


def test_numbers_do_not_print() -> None:
    row = cel_row(CEL | {"num": "+12125550147"})
    assert "0147" not in repr(row)
    assert "0147" not in repr(cdr_cells(*(CDR | {"src": "+12125550147"}).values()))


def test_phones() -> None:
    assert extension("PJSIP/phone-101-0000000a") == "101"
    assert extension("PJSIP/trunk-0000000a") == ""


def test_callers_waiting_side_by_side_do_not_talk() -> None:
    holding = '{"bridge_id":"h","bridge_technology":"holding_bridge"}'
    rows = [
        cel(0, "CHAN_START", "c.1"),
        cel(0, "CHAN_START", "c.2"),
        cel(1, "BRIDGE_ENTER", "c.1", eventextra=holding),
        cel(1, "BRIDGE_ENTER", "c.2", eventextra=holding),
        cel(5, "BRIDGE_EXIT", "c.1", eventextra=holding),
        cel(5, "CHAN_END", "c.1"),
    ]
    [record] = assemble_all(Group([], rows, []))
    assert record is not None
    assert (record.outcome, record.talk) == ("abandoned", timedelta())


def test_time_in_two_bridges_at_once_counts_once() -> None:
    rows = []
    for other in ("c.2", "c.3"):
        rows += [cel(1, "BRIDGE_ENTER", other, eventextra='{"bridge_id":"b"}')]
        rows += [cel(4, "BRIDGE_EXIT", other, eventextra='{"bridge_id":"b"}')]
    rows = [cel(0, "BRIDGE_ENTER", "c.1", eventextra='{"bridge_id":"b"}'), *rows]
    legs = legs_of(rows)
    assert total(span.span for span in talks(legs["c.1"], legs.values(), rows[-1].at)) == timedelta(seconds=3)


def test_a_clock_set_back_gives_no_negative_time() -> None:
    rows = [cel(10, "CHAN_START", "c.1"), cel(5, "CHAN_END", "c.1")]
    [record] = assemble_all(Group([], rows, []))
    assert record is not None
    assert record.started == record.ended
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert QueueEntry("q", at, at - timedelta(hours=1), "answered").waited == timedelta()


def test_facts_alone_make_a_record() -> None:
    told = [("arrived", '{"entry":"5550100","flow":"main"}'), ("ended", '{"outcome":"informed"}')]
    rows = [
        fact({"call": "c.1", "at": f"2026-01-01T00:00:0{n}+00:00", "kind": k, "body": b})
        for n, (k, b) in enumerate(told)
    ]
    [record] = assemble_all(Group([], [], rows))
    assert record is not None
    assert (record.outcome, record.did, record.ended - record.started) == ("informed", "5550100", timedelta(seconds=1))
    assert assemble_all(Group([], [], rows[:1])) == []
    assert assemble_all(Group([], [], [])) == []


def test_the_daemon_saying_failed_after_a_fallback_answer_does_not_hide_it() -> None:
    bridge = '{"bridge_id":"b","bridge_technology":"simple_bridge"}'
    rows = [
        cel(0, "CHAN_START", "c.1"),
        cel(2, "BRIDGE_ENTER", "c.1", eventextra=bridge, context="cpbx-fallback"),
        cel(2, "BRIDGE_ENTER", "c.2", eventextra=bridge, channame="PJSIP/phone-101-00000001"),
        cel(9, "CHAN_END", "c.1"),
    ]
    ended = fact({"call": "c.1", "at": "1970-01-01T00:16:41+00:00", "kind": "ended", "body": '{"outcome":"failed"}'})
    [record] = assemble_all(Group([], rows, [ended]))
    assert record is not None
    assert (record.outcome, record.agent, record.fallback) == ("answered", "101", True)
    assert asdict(record)["talk"] == timedelta(seconds=7)
