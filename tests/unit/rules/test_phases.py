"""Going live in phases: what is not taken is tried elsewhere, and who is not answered there is taken after all."""

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from clinicpbx.errors import RulesRefused
from clinicpbx.rules.compile import Rules, rules_from
from clinicpbx.rules.explain import explain
from clinicpbx.rules.journey import journey
from clinicpbx.rules.simulation import Outside
from clinicpbx.rules.views import dial_targets, did_lines

pytestmark = pytest.mark.unit
HARBOR = (Path(__file__).parents[3] / "examples" / "harbor" / "clinic.yaml").read_text()
TODAY = date(2026, 11, 24)
NURSE, OLD = "+12075550101", "+12075550199"
DAY, NIGHT, LUNCH = ("2026-12-01 10:00", "2026-12-01 22:00", "2026-12-01 12:30")


def harbor(phase: str) -> Rules:
    text = HARBOR.replace("    flow: nurse-line\n", f"    flow: nurse-line\n    phase: {phase}\n")
    return rules_from("clinic.yaml", text, TODAY, "1")


def steps(rules: Rules, at: str, *, answers: bool = True) -> list[str]:
    began = datetime.fromisoformat(at).replace(tzinfo=ZoneInfo("America/New_York"))
    return list(dict.fromkeys(line.step for line in explain(rules.book, NURSE, began, Outside(answers=answers))))


AFTER = f"{{take: after-hours, hours: clinic, number: {OLD}}}"


@pytest.mark.parametrize(("at", "elsewhere"), [(DAY, True), (LUNCH, True), (NIGHT, False)])
def test_after_hours_the_calls_are_ours(at: str, elsewhere: bool) -> None:
    assert ("phase/elsewhere" in steps(harbor(AFTER), at)) is elsewhere
    assert ("language" in steps(harbor(AFTER), at)) is not elsewhere


def test_who_is_not_answered_elsewhere_is_taken_after_all() -> None:
    for phase in (AFTER, f"{{take: overflow, number: {OLD}}}", "{take: overflow, extension: 206}"):
        assert steps(harbor(phase), DAY, answers=False)[-4:-2] != []
        assert "language" in steps(harbor(phase), DAY, answers=False)
        assert "language" not in steps(harbor(phase), DAY)


def test_in_full_it_is_as_without_a_phase() -> None:
    rules = harbor("{take: full}")
    assert rules.book.entries[NURSE] == "nurse-line"
    assert steps(rules, DAY) == ["language", "hours", "nurse"]


def test_the_dialplan_and_the_map_know_it() -> None:
    rules = harbor(AFTER)
    flows = {line["number"]: line["flow"] for line in did_lines(rules.document, lambda *path: "")}
    assert flows[NURSE] == "phase-12075550101"
    assert OLD in {line["key"] for line in dial_targets(rules.document, rules.book)}
    assert f"Rings {OLD}" in {box.title for box in journey(rules, NURSE).boxes}


@pytest.mark.parametrize(
    ("phase", "problem"),
    [
        ("{take: after-hours, number: +12075550199}", "after-hours needs hours"),
        ("{take: overflow}", "needs either number or extension"),
        ("{take: overflow, number: +12075550100}", "is a number of this clinic: the call would come back"),
        ("{take: overflow, extension: 209}", "no phone is named '209'"),
        ("{take: after-hours, hours: clinc, extension: 206}", "no hours is named 'clinc'; did you mean 'clinic'?"),
        ("{take: later}", "needs 'full', 'after-hours' or 'overflow'"),
    ],
)
def test_a_phase_that_cannot_be_meant_is_refused(phase: str, problem: str) -> None:
    with pytest.raises(RulesRefused) as refused:
        harbor(phase)
    (mistake,) = [each for each in refused.value.mistakes if not each.warning]
    assert problem in mistake.problem
    assert mistake.path.startswith(f"dids.{NURSE}.phase")
