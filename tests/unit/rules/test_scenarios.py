"""Scenarios: the example's hold, broken ones say what came instead, and rules that break one are not applied."""

import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from clinicpbx.cli.main import command
from clinicpbx.daemon.apply import checked
from clinicpbx.errors import RulesRefused
from clinicpbx.paths import Instance
from clinicpbx.rules.compile import Rules, read_rules, rules_from
from clinicpbx.rules.scenarios import Ran, failing, run

pytestmark = pytest.mark.unit
HARBOR = Path(__file__).parents[3] / "examples" / "harbor"
TODAY = date(2026, 11, 24)
CALL = """
scenarios:
  one: {dial: "+12075550100", at: 2026-12-01 10:00, press: [2, 1], expect: EXPECT}
"""


def with_scenario(expect: str, call: str = CALL) -> Rules:
    text = (HARBOR / "clinic.yaml").read_text() + call.replace("EXPECT", expect)
    return rules_from("clinic.yaml", text, TODAY, "1", prove=False)


def ran(expect: str) -> Ran:
    (found,) = run(with_scenario(expect))
    return found


def test_the_example_keeps_its_own() -> None:
    rules = read_rules(HARBOR / "clinic.yaml", TODAY, further=["scenarios.yaml"])
    found = run(rules)
    assert len(found) == 12
    assert [(one.name, one.problems) for one in found if one.problems] == []
    assert [one.name for one in run(rules, "christmas")] == [one.name for one in found if "Christmas" in one.name]
    assert found[0].went == "language → hours → menu → frontdesk → answered"


@pytest.mark.parametrize(
    ("expect", "problem"),
    [
        ("{outcome: voicemail}", "expected outcome voicemail, came answered"),
        ("{language: fr}", "expected language fr, came es"),
        ("{queue: nurse}", "expected queue nurse, came frontdesk"),
        ("{rings: ben}", "expected rings ben, came ana, 201"),
        ("{mailbox: nurse}", "expected mailbox nurse, came none"),
        ("{menus: 0}", "expected at most 0 menus, came 1"),
        ("{steps: [menu, hours]}", "expected the step hours in this order, came language → hours → menu → frontdesk"),
        ("{hears: [closed]}", "expected to hear closed, heard choose-language, main-menu"),
        ("{never: [ana]}", "never ana, but the call met the phone ana"),
        ("{never: [frontdesk]}", "never frontdesk, but the call met the queue frontdesk"),
    ],
)
def test_what_came_instead_is_told(expect: str, problem: str) -> None:
    assert ran(expect).problems == (problem,)


def test_what_is_expected_and_comes_is_no_problem() -> None:
    met = "outcome: answered, language: es, queue: frontdesk, rings: ana, menus: 1"
    expect = f"{{{met}, steps: [hours, menu], hears: main-menu, never: nurse}}"
    assert ran(expect).problems == ()


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (CALL.replace("+12075550100", "+12075550199"), "no number that callers reach '+12075550199'; did you mean"),
        (CALL.replace("EXPECT", "{queue: nurses}"), "no queue 'nurses'; did you mean 'nurse'?"),
        (CALL.replace("EXPECT", "{never: [frontdesc]}"), "no step, queue, mailbox, agent or phone 'frontdesc'"),
        (CALL.replace("EXPECT", "{steps: [hour]}"), "no step 'hour'; did you mean 'hours'?"),
        (CALL.replace("2026-12-01", "2036-12-01"), "write a day of the years 2025 to 2028"),
        (CALL.replace("2026-12-01 10:00", "2026-12-01T10:00Z"), "needs local time without a zone"),
        (CALL.replace("[2, 1]", "[2, x]"), "'x' is no key"),
        (CALL.replace("press: [2, 1]", "agents: [anna]"), "no agent 'anna'; did you mean 'ana'?"),
        (CALL.replace("EXPECT", "{quue: nurse}"), "there is no 'quue' here; did you mean 'queue'?"),
    ],
)
def test_a_scenario_that_names_nothing_is_refused_with_its_line(call: str, problem: str) -> None:
    with pytest.raises(RulesRefused) as refused:
        with_scenario("{}", call)
    lines = (HARBOR / "clinic.yaml").read_text().count("\n") + 3
    assert [(m.line, problem in m.problem) for m in refused.value.mistakes if not m.warning] == [(lines, True)]


def test_a_failing_one_is_a_mistake_at_its_place() -> None:
    (mistake,) = failing(with_scenario("{queue: nurse}"))
    assert mistake.path == "scenarios.one"
    assert mistake.problem == (
        "expected queue nurse, came frontdesk; the call went language → hours → menu → frontdesk → answered"
    )


def test_rules_that_break_a_scenario_are_not_applied(tmp_path: Path) -> None:
    instance = Instance(tmp_path)
    instance.rules.mkdir()
    instance.clinic.write_text((HARBOR / "clinic.yaml").read_text() + CALL.replace("EXPECT", "{queue: nurse}"))
    with pytest.raises(RulesRefused, match="expected queue nurse, came frontdesk"):
        checked(instance)


def test_the_command_tells_the_truth(tmp_path: Path) -> None:
    told = CliRunner().invoke(
        command, ["rules", "test", str(HARBOR / "clinic.yaml"), "--with", "scenarios.yaml", "--json"]
    )
    assert told.exit_code == 0
    assert len(json.loads(told.stdout)) == 12
    broken = tmp_path / "clinic.yaml"
    broken.write_text((HARBOR / "clinic.yaml").read_text() + CALL.replace("EXPECT", "{queue: nurse}"))
    told = CliRunner().invoke(command, ["rules", "test", str(broken)])
    assert told.exit_code == 65
    assert "expected queue nurse, came frontdesk" in told.stdout
    assert f"{broken}:" in told.stdout
