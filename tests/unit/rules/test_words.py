"""Durations, days and times as people write them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinicpbx.rules import words

pytestmark = pytest.mark.unit


@given(st.integers(0, 300 * 86400))
def test_a_duration_written_is_read_back(seconds: int) -> None:
    length = timedelta(seconds=seconds)
    assert words.duration(words.written(length)) == length


@pytest.mark.parametrize("text", ["", "20", "s", "3 m", "1m1h", "-3s", "1.5h", "400d", "٣s"])
def test_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match=r"no duration|longer than a year"):
        words.duration(text)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("mon-fri", (0, 1, 2, 3, 4)),
        ("sat", (5,)),
        ("mon,wed", (0, 2)),
        ("sat-mon", (5, 6, 0)),
        ("Mon, Tue-Wed", (0, 1, 2)),
    ],
)
def test_days(text: str, days: tuple[int, ...]) -> None:
    assert words.days(text) == days


def test_spans_come_in_order_and_know_midnight() -> None:
    found = words.spans("13:00-24:00, 08:00-12:00")
    assert isinstance(found, tuple)
    assert list(map(str, found)) == ["08:00-12:00", "13:00-00:00"]


@pytest.mark.parametrize(
    "text", ["08:00", "8:00-9:00", "25:00-26:00", "22:00-06:00", "08:00-08:00", "08:00-12:00,24:00-24:00"]
)
def test_no_spans(text: str) -> None:
    with pytest.raises(ValueError, match=r"08:00-17:00|ends before"):
        words.spans(text)
