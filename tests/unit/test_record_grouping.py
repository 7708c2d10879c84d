"""Channels of one call under several linkedids."""

from pathlib import Path

import pytest

from clinicpbx.core.records.grouping import groups, links
from clinicpbx.core.records.rows import CEL_COLUMNS, cel_row
from tests.support.record_tables import read_table

pytestmark = pytest.mark.unit
TABLES = Path(__file__).parents[1] / "scenario" / "records"


def pairs(name: str) -> set[tuple[str, str]]:
    rows = [cel_row(row) for row in read_table(TABLES / f"{name}.txt").cel]
    return set().union(*map(links, rows))


def test_pairs_make_groups() -> None:
    found = groups(["a", "x"], [("a", "b"), ("b", "c"), ("d", "e")])
    assert found["a"] == found["c"] == {"a", "b", "c"}
    assert found["x"] == {"x"}
    assert found["e"] == {"d", "e"}


@pytest.mark.parametrize("name", ["attended_transfer", "attended_transfer_into_older_call", "two_callers_joined"])
def test_a_consultation_belongs_to_the_call_it_was_for(name: str) -> None:
    table = read_table(TABLES / f"{name}.txt")
    linkedids = {row["linkedid"] for row in table.cel}
    assert len(linkedids) == 2
    assert linkedids <= groups([], pairs(name))[min(linkedids)]


def test_the_transfer_event_alone_joins_both_sides() -> None:
    rows = [row for row in read_table(TABLES / "attended_transfer.txt").cel if row["eventtype"] == "ATTENDEDTRANSFER"]
    (row,) = rows
    found = groups([], links(cel_row(row)))[row["linkedid"]]
    assert len(found) == 4


def test_transfers_into_applications_have_nothing_in_common() -> None:
    """As Asterisk 22.10.1 wrote it when a patient was transferred to a queue whose agent's phone still rang."""
    extra = (
        '{"channel2_uniqueid":"c.3","app":"Dial","transferee_channel_uniqueid":"c.2",'
        '"transfer_target_channel_name":"N/A","transfer_target_channel_uniqueid":"N/A"}'
    )
    told = dict.fromkeys(CEL_COLUMNS, "") | {"eventtype": "ATTENDEDTRANSFER", "uniqueid": "c.1", "linkedid": "c.1"}
    assert links(cel_row(told | {"eventextra": extra})) == {("c.1", "c.2"), ("c.1", "c.3")}
