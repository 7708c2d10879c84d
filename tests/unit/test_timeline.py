"""The timeline of a page and of an emergency call, and how people on call are reached."""

from datetime import timedelta

import pytest

from clinicpbx.core.oncall.timeline import reachability, timeline
from clinicpbx.core.records.rows import CelRow, Fact
from clinicpbx.private import Private
from tests.support.tape import T0

pytestmark = pytest.mark.unit
SECOND = timedelta(seconds=1)


def told(seconds: int, event: str, who: str = "chen", page: str = "c1.3", result: str = "") -> Fact:
    body = {"page": page, "event": event, "who": who, "result": result}
    return Fact("c1", T0 + seconds * SECOND, "page", body)


def channel(seconds: int, kind: str, name: str, context: str = "cpbx-emergency-call") -> CelRow:
    number = Private("+12075550142")
    return CelRow(kind, T0 + seconds * SECOND, "c1", "c1", name, number, "911", context, "", {})


def test_facts_of_the_call_and_of_the_page_are_in_order() -> None:
    facts = [
        told(9, "rung", result="by one"),
        Fact("c1", T0, "triage", {"level": "urgent"}),
        Fact("c1", T0 + 60 * SECOND, "notify", {"kind": "page_unanswered", "about": "c1.3"}),
        Fact("c1", T0, "unheard of", {}),
    ]
    shown = [(line.what, line.who, line.result) for line in timeline(facts, [channel(1, "ANSWER", "x", "cpbx-arrive")])]
    assert shown == [("triage", "", "urgent"), ("rung", "chen", "by one"), ("people are told", "", "page_unanswered")]


def test_an_emergency_call_tells_what_asterisk_saw_without_numbers() -> None:
    rows = [
        channel(0, "CHAN_START", "PJSIP/phone-201-0000001f"),
        channel(2, "ANSWER", "PJSIP/trunk-one-00000020", "cpbx-from-trunk"),
        channel(3, "APP_START", "PJSIP/phone-201-0000001f"),
        channel(90, "HANGUP", "PJSIP/phone-201-0000001f"),
    ]
    lines = timeline([], rows)
    assert [(line.what, line.who, line.result) for line in lines] == [
        ("channel", "phone 201", "911"),
        ("answered", "trunk-one", ""),
        ("hung up", "phone 201", "911"),
    ]
    assert "2075550142" not in repr(lines)


def test_how_people_are_reached() -> None:
    facts = [
        *(told(0, "rung"), told(5, "answered"), told(20, "accepted"), told(21, "closed")),
        *(told(100, "rung", page="c2.3"), told(105, "answered", page="c2.3"), told(110, "silent", page="c2.3")),
        *(told(200, "rung", page="c2.3"), told(240, "accepted", page="c2.3")),
        *(told(300, "rung", page="handover-kids-1"), told(310, "accepted", page="handover-kids-1")),
        *(told(400, "rung", page="c4.3"), told(400, "postponed", page="c4.3")),
        *(told(500, "rung", "egan", "c5.3"), told(501, "declined", "egan", "c5.3")),
        *(told(500, "rung", "egan", "c6.3"), told(501, "refused", "egan", "c6.3")),
        told(600, "accepted", "ana"),
    ]
    chen, egan = reachability(facts)
    assert (chen.who, chen.rung, chen.answered, chen.accepted, chen.confirmed, chen.silent) == ("chen", 4, 2, 2, 1, 1)
    assert chen.median == 20 * SECOND
    assert (egan.who, egan.declined, egan.silent, egan.median) == ("egan", 1, 1, None)
