"""What calls count as, worked out by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinicpbx.adapters.db.numbers import PLAIN, e164
from clinicpbx.core.records import slots
from clinicpbx.core.records.sums import Sums
from clinicpbx.core.records.tally import SHAPES, tallies

pytestmark = pytest.mark.unit
BEGAN = datetime(2026, 11, 24, 14, 7, tzinfo=UTC)
CALL: dict[str, Any] = {
    "kind": "inbound", "outcome": "answered", "started": BEGAN, "ended": BEGAN + timedelta(minutes=4), "site": "north",
    "number": "+12125550147", "did": "5550100", "transfers": "[]", "agent": "201", "answered": BEGAN,
    "menu_path": '["main:2", "more: a:1"]', "talk_ms": 100_000, "hold_ms": 7_000, "wait_ms": 20_000, "fallback": False,
    "category": "refill", "callback": "", "tries": 0, "called_back": None, "again": None,
}  # fmt: skip
STAY = {
    "queue": "front", "waited_ms": 20_000, "outcome": "answered", "agent": "201", "offers": 2, "talk_ms": 90_000,
    "hold_ms": 7_000, "wrap_ms": 5_000,
}  # fmt: skip
OFFERS = [
    {"queue": "front", "agent": "202", "outcome": "noanswer"},
    {"queue": "front", "agent": "203", "outcome": "elsewhere"},
    {"queue": "front", "agent": "201", "outcome": "answered"},
]


def counted(call: dict[str, Any], stays: list[Any] | None = None, offers: list[Any] | None = None) -> dict[Any, Any]:
    """By tally and key, without what is 0."""
    sums = Sums()
    sums.add(BEGAN, tallies(CALL | call, stays or [], offers or []))
    return {
        (table, *key): {name: figure for name, figure in counts.items() if figure}
        for (table, _, key), counts in sums.of.items()
    }


def test_a_call_that_an_agent_took_from_a_queue() -> None:
    work = {"talk_ms": 90_000, "hold_ms": 7_000, "wrap_ms": 5_000}
    found = counted({}, [STAY], OFFERS)
    assert found == {
        ("call_tally", "north", "5550100", "inbound", "answered"): {
            "calls": 1, "taken": 1, "talk_ms": 100_000, "hold_ms": 7_000, "wait_ms": 20_000,
        },
        # 20 s is at most the edge of 20 s
        ("queue_tally", "north", "front"): {
            "offered": 1, "answered": 1, "wait_ms": 20_000, "answer_wait_ms": 20_000, "answered_3": 1, "offers": 2,
            "longest_ms": 20_000, **work,
        },
        ("agent_tally", "202", "front"): {"offers": 1, "missed": 1},
        ("agent_tally", "203", "front"): {"offers": 1},
        ("agent_tally", "201", "front"): {"offers": 1, "answered": 1, "calls": 1, **work},
        ("path_tally", CALL["menu_path"]): {"calls": 1, "taken": 1},
        ("contact_tally", "north", "refill"): {"contacts": 1},
    }  # fmt: skip


def test_what_is_named_is_a_figure_of_its_tally() -> None:
    reached = {"callback": "done", "called_back": BEGAN + timedelta(hours=1), "again": BEGAN + timedelta(days=3)}
    for outcome in ("answered", "abandoned", "overflow", "interrupted"):
        for waited in (0, 5_001, 700_000):
            stay = STAY | {"outcome": outcome, "waited_ms": waited}
            for (table, *key), counts in counted(reached | {"outcome": outcome}, [stay], OFFERS).items():
                assert len(key) == len(SHAPES[table].of)
                assert counts.keys() <= set(SHAPES[table].figures)


def test_who_hangs_up_in_a_menu_is_abandoned_in_no_queue_and_has_left_it() -> None:
    found = counted({"outcome": "abandoned", "answered": None, "agent": ""})
    assert found["queue_tally", "north", ""] == {"offered": 1, "abandoned": 1}
    assert found["path_tally", CALL["menu_path"]] == {"calls": 1, "left": 1}
    assert not [key for key in found if key[0] in ("contact_tally", "agent_tally")]


def test_who_takes_a_call_without_a_queue_talked_what_no_queue_led_to() -> None:
    found = counted({"agent": "301"}, [STAY])
    assert found["agent_tally", "301", ""] == {"calls": 1, "talk_ms": 10_000}


@pytest.mark.parametrize(
    ("outcome", "missed"),
    [
        ("answered", 0), ("elsewhere", 0), ("abandoned", 0), ("interrupted", 0), ("overflow", 0),
        ("noanswer", 1), ("busy", 1), ("chanunavail", 1),
    ],
)  # fmt: skip
def test_an_agent_missed_what_the_agent_could_have_taken(outcome: str, missed: int) -> None:
    found = counted({}, [], [OFFERS[0] | {"outcome": outcome}])
    assert found["agent_tally", "202", "front"].get("missed", 0) == missed


def test_who_called_without_a_number_cannot_be_known_to_call_again() -> None:
    assert [key for key in counted({"number": ""}) if key[0] == "contact_tally"] == []


def test_calls_of_the_system_count_nowhere_and_others_only_as_calls() -> None:
    assert counted({"kind": "selftest"}, [STAY]) == {}
    assert {key[0] for key in counted({"kind": "internal"}, [STAY], OFFERS)} == {"call_tally"}


@pytest.mark.parametrize(
    ("after", "figure"),
    [
        (timedelta(seconds=1), "again_1"),
        (timedelta(days=1), "again_1"),
        (timedelta(days=1, microseconds=1), "again_2"),
        (timedelta(days=3), "again_3"),
        (timedelta(days=30), "again_30"),
        (timedelta(days=31), "later"),
    ],
)
def test_when_a_patient_called_again(after: timedelta, figure: str) -> None:
    assert counted({"again": BEGAN + after})["contact_tally", "north", "refill"] == {"contacts": 1, figure: 1}


def test_a_call_back_counts_under_the_last_queue_from_the_end_of_the_call() -> None:
    call = {"callback": "done", "tries": 2, "called_back": BEGAN + timedelta(minutes=10)}
    found = counted(call, [STAY, STAY | {"queue": "nurses", "outcome": "overflow"}])
    assert found["callback_tally", "nurses"] == {"promised": 1, "done": 1, "tries": 2, "delay_ms": 360_000}
    early = counted(call | {"called_back": BEGAN + timedelta(minutes=3)}, [STAY])  # while the patient still talked
    assert early["callback_tally", "front"] == {"promised": 1, "done": 1, "tries": 2}
    assert counted({"callback": "unreached"})["callback_tally", ""] == {"promised": 1, "unreached": 1}


def test_what_is_taken_back_leaves_nothing_but_a_greatest_that_must_be_found() -> None:
    sums = Sums()
    for times, waited in ((1, 20_000), (-1, 30_000)):
        sums.add(BEGAN, tallies(CALL, [STAY | {"waited_ms": waited}], []), times)
    assert [place[0] for place in sums.lowered] == ["queue_tally"]
    sums = Sums()
    for times in (1, -1):
        sums.add(BEGAN, tallies(CALL, [STAY], OFFERS), times)
    assert sums.rows(ZoneInfo("UTC")) == {}
    assert sums.lowered == []


def test_slots_are_told_in_words() -> None:
    quarter, zone = slots.quarter_of(BEGAN), ZoneInfo("America/New_York")
    assert slots.told("quarter", quarter) == "2026-11-24 14:00Z"
    assert slots.told("day", slots.day_of(quarter, zone)) == "2026-11-24"
    assert slots.told("week", slots.hour_of_week(quarter, zone)) == "2026-11 Tuesday 09:00"


@given(st.from_regex(PLAIN, fullmatch=True))
def test_a_number_that_looks_like_e164_is_what_the_library_makes_of_it(number: str) -> None:
    assert e164(number) == number == e164(number[1:]) == e164(f"({number[2:5]}) {number[5:]}")


def test_by_the_hour_of_the_week_names_are_one_but_for_none() -> None:
    calls, queues, paths = (SHAPES[name] for name in ("call_tally", "queue_tally", "path_tally"))
    key = ("north", "5550100", "inbound", "answered")
    assert [calls.key_in(grain, key) for grain in ("quarter", "day")] == [key, key]
    assert calls.key_in("week", key) == ("*", "*", "inbound", "answered")
    assert calls.key_in("demand", key) == ("north", "5550100", "inbound", "*")
    assert queues.key_in("week", ("north", "")) == ("*", "")
    assert queues.key_in("demand", ("north", "")) is None
    assert paths.key_in("day", ("[]",)) == ("[]",)
    assert paths.key_in("week", ("[]",)) is None


def test_what_is_one_by_the_hour_of_the_week_is_added_up() -> None:
    sums = Sums()
    for call, stay in (({}, STAY), ({"site": "south"}, STAY | {"queue": "nurse", "waited_ms": 30_000})):
        sums.add(BEGAN, tallies(CALL | call, [stay], []))
    rows = sums.rows(ZoneInfo("UTC"))["queue_tally"]
    week = {key[2:]: (counts["offered"], counts["longest_ms"]) for key, counts in rows.items() if key[0] == "week"}
    days = {key[2:]: counts["offered"] for key, counts in rows.items() if key[0] == "day"}
    assert week == {("*", "*"): (2, 30_000)}
    assert days == {("north", "front"): 1, ("south", "nurse"): 1}


def test_who_was_lost_on_a_transfer_after_a_talk_has_not_left_the_menu() -> None:
    found = counted({"outcome": "abandoned"})
    assert found["path_tally", CALL["menu_path"]] == {"calls": 1, "taken": 1}
