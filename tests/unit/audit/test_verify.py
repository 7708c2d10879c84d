"""Any change to a log is found; what it holds is hashed the way the documents say."""

import copy
from dataclasses import astuple
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from clinicpbx.core.audit.checkpoint import Checkpoint
from clinicpbx.core.audit.entry import Entry
from clinicpbx.core.audit.row import FIRST, Row, canonical, row_after
from clinicpbx.core.audit.tree import root_of
from clinicpbx.core.audit.verify import Chain, Fault, compare

pytestmark = pytest.mark.unit
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
Table = list[list[object]]


def log(count: int) -> Table:
    rows: list[Row] = []
    for n in range(count):
        seq, hash = (rows[-1].seq, rows[-1].hash) if rows else (0, FIRST)
        rows.append(row_after(seq, hash, Entry("ana", "voicemail.export", f"8100/m{n}", {"n": n}), NOON))
    return [list(astuple(row)) for row in rows]


def judge(table: Table, *checkpoints: Checkpoint) -> list[Fault]:
    chain = Chain(each.size for each in checkpoints)
    fault = chain.feed(table)
    return [fault] if fault else compare(checkpoints, chain.roots, chain.seq)


def checkpoint(table: Table, size: int) -> Checkpoint:
    return Checkpoint("o", size, root_of([bytes.fromhex(str(row[7])) for row in table[:size]]), "noon")


def test_the_canonical_bytes_are_these() -> None:
    row = row_after(
        0, FIRST, Entry('a"na', "é", "x", {"b": 1, "a": ["ü"]}), NOON.astimezone(timezone(timedelta(hours=2)))
    )
    assert canonical(*astuple(row)[:7]) == (
        b'["clinicpbx-audit/1",1,"2026-03-01T12:00:00.000000Z","a\\"na","\\u00e9","x",{"a":["\\u00fc"],"b":1},"%s"]'
        % (b"0" * 64)
    )


@given(st.integers(0, 30), st.data())
def test_a_log_as_it_was_written_is_found_good(count: int, data: st.DataObject) -> None:
    table = log(count)
    sizes = data.draw(st.lists(st.integers(0, count), max_size=4))
    assert judge(table, *(checkpoint(table, size) for size in sizes)) == []


@given(st.integers(1, 12), st.data())
def test_a_changed_value_is_found_in_its_row(count: int, data: st.DataObject) -> None:
    table = log(count)
    row, column = data.draw(st.integers(0, count - 1)), data.draw(st.integers(1, 7))
    fresh = data.draw(st.one_of(st.text(), st.none(), st.binary(), st.integers()))
    assume(fresh != table[row][column])
    table[row][column] = fresh
    (fault,) = judge(table)
    assert fault.seq == row + 1


@given(st.integers(2, 12), st.data())
def test_swapped_rows_are_found(count: int, data: st.DataObject) -> None:
    table = log(count)
    a, b = sorted(data.draw(st.lists(st.integers(0, count - 1), min_size=2, max_size=2, unique=True)))
    table[a][1:], table[b][1:] = table[b][1:], table[a][1:]
    (fault,) = judge(table)
    assert fault.seq == a + 1
    assert "swapped" in fault.what


@given(st.integers(2, 12), st.data())
def test_rows_taken_out_are_a_gap(count: int, data: st.DataObject) -> None:
    table = log(count)
    first = data.draw(st.integers(0, count - 2))
    last = data.draw(st.integers(first, count - 2))
    del table[first : last + 1]
    (fault,) = judge(table)
    assert fault.seq == first + 1
    assert "missing" in fault.what


def test_rows_put_together_anew_after_one_is_taken_out_do_not_follow() -> None:
    table = log(3)
    del table[1]
    table[1][0] = 2
    (fault,) = judge(table)
    assert fault == Fault(2, "row 2 is not the one that was written there: swapped or replaced")


def test_a_whole_row_after_another_one_does_not_follow() -> None:
    table = log(2)
    table[1] = list(astuple(row_after(1, "f" * 64, Entry("eve", "x"), NOON)))
    assert judge(table) == [Fault(2, "row 2 does not follow row 1: rows were swapped, taken out or put in")]


def test_a_row_before_the_first_is_found() -> None:
    table = [list(astuple(row_after(-1, FIRST, Entry("eve", "x"), NOON))), *log(2)]
    assert judge(table) == [Fault(0, "there is a row before the first")]


@given(st.integers(1, 12), st.data())
def test_a_tail_cut_off_is_found_by_a_checkpoint_alone(count: int, data: st.DataObject) -> None:
    table = log(count)
    kept, size = data.draw(st.integers(0, count - 1)), data.draw(st.integers(1, count))
    said = checkpoint(table, size)
    cut = copy.deepcopy(table)[:kept]
    assert judge(cut) == []
    assert [fault.seq for fault in judge(cut, said)] == ([kept + 1] if size > kept else [])


@given(st.integers(1, 12), st.data())
def test_a_log_rewritten_from_some_row_on_is_found_by_a_checkpoint_alone(count: int, data: st.DataObject) -> None:
    said, kept = checkpoint(log(count), count), data.draw(st.integers(0, count - 1))
    table = log(kept)
    for _ in range(kept, count + 2):
        seq, hash = (int(str(table[-1][0])), str(table[-1][7])) if table else (0, FIRST)
        table.append(list(astuple(row_after(seq, hash, Entry("eve", "x"), NOON))))
    assert judge(table) == []
    assert [fault.seq for fault in judge(table, said)] == [count]
