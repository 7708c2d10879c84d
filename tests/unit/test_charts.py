"""Charts: the same figures give the same picture, which is well-formed, escaped, and readable without colour."""

import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinicpbx.core.charts.bars import MOST, bars
from clinicpbx.core.charts.drawing import WIDTH, fitting, runs, ticks
from clinicpbx.core.charts.heat import heat
from clinicpbx.core.charts.lines import lines

pytestmark = pytest.mark.unit
GOLDEN = Path(__file__).parent / "charts"
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri")
QUARTERS = ("08:00", "08:15", "08:30", "08:45", "09:00")
QUEUES = [("front <desk>", 12), ("a queue whose name is very long indeed", 3.5), ("none", None), ("zero", 0)]
LOADS = {("Monday", "08:00"): 12, ("Tuesday", "08:30"): 3, ("Tuesday", "09:00"): 1}
DRAWN = {
    "bars": bars("Abandoned calls", "", QUEUES),
    "lines": lines("Calls by day", "", DAYS, [("this <week>", [4, 9, None, 5, 7]), ("mean", [5, 5.5, 6, 5, 4])]),
    "one-line": lines("Service level", "%", DAYS, [("service level", [80, 92.5, 71, 100, 60])]),
    "heat": heat("Demand", "calls", ("Monday", "Tuesday"), QUARTERS, LOADS),
    "nothing": bars("None", "s", []) + lines("None", "", (), [("x", ())]) + heat("None", "", (), (), {}),
}


@pytest.mark.parametrize("name", DRAWN)
def test_a_picture_is_the_golden_one(name: str) -> None:
    """To draw them anew: python -m tests.unit.test_charts, and look at them."""
    assert DRAWN[name] == (GOLDEN / f"{name}.svg").read_text()


@pytest.mark.parametrize("name", [name for name in DRAWN if name != "nothing"])
def test_a_picture_is_well_formed_says_what_it_is_and_loads_nothing(name: str) -> None:
    root = ElementTree.fromstring(DRAWN[name])
    assert root.get("role") == "img"
    assert root.get("aria-label")
    assert not re.search(r"script|href|url\(|@import", DRAWN[name])
    assert {element.tag.partition("}")[2] for element in root.iter()} <= {
        "svg", "rect", "title", "text", "line", "polyline", "circle",
    }  # fmt: skip


def test_every_figure_can_be_read_without_colour() -> None:
    assert [text for text in ("12", "3.5", "none", "0") if f">{text}</text>" not in DRAWN["bars"]] == []
    dashes = re.findall(r"<polyline[^>]*>", DRAWN["lines"])
    assert sum("stroke-dasharray" in line for line in dashes) == 1
    assert len(dashes) == 3  # the first is in two pieces: Wednesday has no figure
    assert "to 6" in DRAWN["heat"]


def test_a_long_list_is_cut() -> None:
    drawn = bars("Many", "", [(f"q{n}", n) for n in range(100)])
    assert drawn.count("<rect") == MOST - 1  # that of 0 has no length


def test_points_that_are_close_have_no_marks() -> None:
    times = [str(n) for n in range(200)]
    assert "<circle" not in lines("Many", "s", times, [("x", [1.0] * 200)])


@given(st.floats(0, 1e9))
def test_the_scale_reaches_the_most_in_few_round_steps(most: float) -> None:
    found = ticks(most)
    assert found[0] == 0
    assert found[-1] >= round(most, 1)
    assert 2 <= len(found) <= 6
    assert len({f"{at:.1f}" for at in found}) == len(found)


@given(st.lists(st.tuples(st.floats(0, WIDTH), st.text(max_size=12))).map(sorted))
def test_labels_do_not_run_into_each_other(places: list[tuple[float, str]]) -> None:
    kept = fitting(places)
    assert all(b[0] - a[0] >= (len(a[1]) + len(b[1])) / 2 * 7 for a, b in pairwise(kept))
    assert not places or kept[0] == places[0]


@given(st.lists(st.none() | st.floats(0, 10)))
def test_runs_hold_every_value_once_and_no_gap(values: list[float | None]) -> None:
    found = runs(values)
    assert [value for run in found for _, value in run] == [value for value in values if value is not None]
    assert all(values[n] == value for run in found for n, value in run)
    assert all(b[0] == a[0] + 1 for run in found for a, b in pairwise(run))


if __name__ == "__main__":
    for name, drawn in DRAWN.items():
        (GOLDEN / f"{name}.svg").write_text(drawn)
