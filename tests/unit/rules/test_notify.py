"""Who is told of what, as the clinic writes it."""

from datetime import date, time
from typing import get_args
from zoneinfo import ZoneInfo

import pytest

from clinicpbx.core.notify.daily import DAILY, Daily
from clinicpbx.core.notify.kinds import KINDS, KindName
from clinicpbx.core.notify.targets import MailServer, NotifyRules, Target
from clinicpbx.errors import RulesRefused
from clinicpbx.rules.compile import rules_from
from tests.support.neighbours import rules

pytestmark = pytest.mark.unit
TODAY = date(2026, 11, 24)
HOOK = "https://ops.example/clinicpbx"


def read(text: str) -> NotifyRules:
    return rules_from("clinic.yaml", text, TODAY).book.notify


def test_every_kind_can_be_written_and_has_words() -> None:
    assert KINDS.keys() == {*get_args(KindName), DAILY}
    assert all(kind.title and kind.look.startswith("clinicpbx ") for kind in KINDS.values())


def test_targets_are_read_as_they_are_written() -> None:
    found = read(rules(587, HOOK))
    assert found.mail == MailServer("127.0.0.1", 587, "starttls", "pbx@clinic.example", "pbx")
    assert (found.clinic, found.zone) == ("Harbour Clinic Zürich", ZoneInfo("America/New_York"))
    assert found.targets["ops"] == Target("ops", "webhook", HOOK, frozenset({"breached", "self_test_failed"}))
    assert found.targets["ops"].secret == "webhook-ops"
    assert found.targets["desk"] == Target("desk", "message", "201", frozenset({"page_unanswered"}))


def test_who_asked_for_a_kind_is_told_and_who_is_meant_by_name() -> None:
    found = read(rules(587, HOOK).replace("events: page_unanswered", "events: []"))
    assert found.told("breached") == ["manager", "ops"]
    assert found.told("callback_unreached", ["desk", "nobody"]) == ["manager", "desk"]
    assert found.told("page_unanswered") == []


def test_without_events_everything_is_told() -> None:
    found = read(rules(587, HOOK).replace(", events: page_unanswered", ""))
    assert found.targets["desk"].events == KINDS.keys() - {DAILY}


def test_without_notify_nobody_is_told() -> None:
    assert read(rules(587, HOOK).partition("notify:")[0]).told("breached", ["manager"]) == []


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("{}", Daily(time(8), ("manager", "ops", "desk"))),
        ('{at: "07:30", to: manager}', Daily(time(7, 30), ("manager",))),
        ("{to: [ops, manager]}", Daily(time(8), ("ops", "manager"))),
    ],
)
def test_the_day_is_told_to_all_or_to_whom_it_names(written: str, found: Daily) -> None:
    assert read(rules(587, HOOK) + f"  daily: {written}\n").daily == found


@pytest.mark.parametrize(("written", "says"), [("{to: nobody}", "no target is named 'nobody'"), ('{at: "8"}', "at")])
def test_a_day_that_cannot_be_told_is_refused(written: str, says: str) -> None:
    with pytest.raises(RulesRefused, match=says):
        read(rules(587, HOOK) + f"  daily: {written}\n")


@pytest.mark.parametrize(
    "url",
    ["http://x.example/", "https://user@x.example/", "https://x.example/a b", "https://x.example\\n/", "https:///x"],
)
def test_a_secret_or_a_line_end_has_no_place_in_a_url(url: str) -> None:
    with pytest.raises(RulesRefused, match="is not an https URL"):
        read(rules(587, url))
