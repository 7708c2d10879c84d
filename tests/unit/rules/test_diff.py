"""What changed, in sentences: the usual changes in the words of a clinic, and never a change without a sentence."""

import copy
from datetime import date
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from clinicpbx.errors import RulesRefused
from clinicpbx.rules.affected import Reach, affected
from clinicpbx.rules.changes import changes
from clinicpbx.rules.compile import rules_from
from clinicpbx.rules.diff import sentences
from clinicpbx.rules.document import Document
from clinicpbx.rules.parse import parse
from clinicpbx.rules.tree import Tree

pytestmark = pytest.mark.unit
HARBOR = (Path(__file__).parents[3] / "examples" / "harbor" / "clinic.yaml").read_text()
BEFORE = parse("clinic.yaml", HARBOR).document
VALUE = Tree("clinic.yaml", HARBOR.encode()).value


def told(*replaced: tuple[str, str]) -> list[str]:
    text = HARBOR
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new, 1)
    return [str(sentence) for sentence in sentences(BEFORE, rules_from("c.yaml", text, date(2026, 11, 24)).document)]


BOTH = "; affects 2 DIDs: Main line, Nurse line"
MAIN = "; affects 1 DID: Main line"


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("      mon-fri: 08:00-17:00\n", "      mon-thu: 08:00-17:00\n      fri: 08:00-16:00\n",
         f"Fridays close at 16:00 instead of 17:00 (hours clinic){BOTH}"),
        ("      mon-fri: 08:00-17:00\n", "      mon,tue,wed,thu,fri: 07:30-17:00\n",
         f"Mondays, Tuesdays, Wednesdays, Thursdays, Fridays open at 07:30 instead of 08:00 (hours clinic){BOTH}"),
        ("      sat: 09:00-12:00\n", "", f"Saturdays are closed instead of 09:00-12:00 (hours clinic){BOTH}"),
        ("      sat: 09:00-12:00\n", "      sat: 09:00-12:00\n      sun: 10:00-11:00\n",
         f"Sundays are open 10:00-11:00, and were closed (hours clinic){BOTH}"),
        ("12:00-13:00", "12:00-12:30", "close at 12:30 instead of 13:00 (hours clinic)"),
        ("      - {date: 2027-03-19, closed: true, reason: staff training}\n", "",
         f"2027-03-19 is a usual day again, no longer closed, staff training (hours clinic){BOTH}"),
        ("3: refills, 4: about", "3: about, 4: refills", f"key 3 of main/menu leads to about instead of refills{MAIN}"),
        ("{name: Carla, phone: 203, queues: [frontdesk]}", "{name: Carla, phone: 203, queues: [nurse], licences: md}",
         f"Carla no longer takes calls of frontdesk{BOTH}"),
        ("ring: 15s", "ring: 25s", f"queues.frontdesk.ring: 25s instead of 15s{MAIN}"),
        ("press 1 or stay on the line. If", "press 1. If", f"prompt at-lunch is said differently in en{MAIN}"),
        ("numbers: [911, 933]", "numbers: [911]", "emergency.numbers: 911 instead of 911, 933"),
        ("206: {name: Practice manager, ", "207: {name: Lab, location: office}\n  206: {name: Practice manager, ",
         "phone 207 is new: {name: Lab, location: office}"),
        ("206, ring: 20s}", "206, ring: 30s}", f"flows.main.steps.on-call.options.ring: 30s instead of 20s{MAIN}"),
    ],
)  # fmt: skip
def test_in_the_words_of_a_clinic(old: str, new: str, sentence: str) -> None:
    assert any(sentence in line for line in told((old, new))), told((old, new))


def test_the_same_rules_written_differently_change_nothing() -> None:
    assert told(("# ---- When we are open", "# ---- Opening")) == []
    assert told(("agents:\n  ana:", "agents:   # all of them\n  ana:")) == []
    manager = "  manager: {number: 606, title: Practice manager}\n"
    assert told((manager, ""), ("mailboxes:\n", f"mailboxes:\n{manager}")) == []


def test_help_comes_first() -> None:
    found = told(("ring: 15s", "ring: 25s"), ("numbers: [911, 933]", "numbers: [911]"))
    assert found[0].startswith("emergency.numbers")


def test_the_order_of_trunks_and_the_first_step_matter() -> None:
    two = HARBOR.replace("  carrier: {", "  other: {host: 192.0.2.1}\n  carrier: {")
    turned = HARBOR.replace("channels: 20}\n", "channels: 20}\n  other: {host: 192.0.2.1}\n", 1)
    (only,) = sentences(parse("c", two).document, parse("c", turned).document)
    assert str(only) == "trunks.order: carrier, other instead of other, carrier"
    start = parse("c", HARBOR.replace("    start: language\n", "    start: hours\n", 1)).document
    (only,) = sentences(BEFORE, start)
    assert str(only) == f"calls of the flow main begin with hours instead of language{MAIN}"


def test_who_is_affected() -> None:
    reach = Reach(BEFORE)
    assert affected(("queues", "nurse"), reach) == ["+12075550100", "+12075550101"]
    assert affected(("mailboxes", "refills"), reach) == ["+12075550100"]
    assert affected(("phones", "206"), reach) == ["+12075550100"]
    assert affected(("agents", "eli", "phone"), reach) == ["+12075550100", "+12075550101"]
    assert affected(("emergency", "numbers"), reach) == []


def leaves(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [leaf for key, part in parts for leaf in leaves(part, (*path, key))] or [path]


LEAVES = leaves(VALUE)


@settings(max_examples=300, deadline=None)
@given(
    path=st.sampled_from(LEAVES), new=st.sampled_from(["", "207", "30s", "true", "frontdesk", "09:00-10:00", "es", "9"])
)
def test_no_change_is_without_a_sentence(path: tuple[str | int, ...], new: str) -> None:
    value = copy.deepcopy(VALUE)
    inner = value
    for key in path[:-1]:
        inner = inner[key]  # type: ignore[index]
    if new:
        inner[path[-1]] = new  # type: ignore[index]
    else:
        del inner[path[-1]]  # type: ignore[arg-type]
    try:
        after = Document.model_validate(value)
    except (RulesRefused, ValueError):
        assume(False)
        raise
    same = after == BEFORE or (path[-1] == "start" and not new)  # the first step is the default
    assert bool(changes(BEFORE, after)) is not same
    assert bool(sentences(BEFORE, after)) is not same
