"""Overrides: which holds when, what it changes in a call, how it is switched, and that the proof knows it."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from clinicpbx.cli.main import command
from clinicpbx.core.overrides import OverrideRules, overriding
from clinicpbx.daemon.overrides import SwitchedOn, end_of, keep, switched_on, variables
from clinicpbx.errors import ClinicPBXError, RulesRefused
from clinicpbx.paths import Instance
from clinicpbx.rules.compile import Rules, rules_from
from clinicpbx.rules.explain import explain
from clinicpbx.rules.simulation import Outside

pytestmark = pytest.mark.unit
HARBOR = (Path(__file__).parents[3] / "examples" / "harbor" / "clinic.yaml").read_text()
TODAY = date(2026, 11, 24)
PORTLAND = ZoneInfo("America/New_York")
OPEN = datetime(2026, 12, 1, 10, tzinfo=PORTLAND)
MAIN, NURSE = "+12075550100", "+12075550101"
OVERRIDES = """
overrides:
  night: {title: Closed early, hours: closed}
  leak: {title: Burst pipe, flow: nurse-line, dids: "+12075550100"}
  records: {title: Records are down, say: closed, during: [{from: 2026-12-02 22:00, to: 2026-12-03 04:00}]}
"""


PLAN = "{{title: A, hours: closed, during: [{{from: {}}}]}}"


def harbor(overrides: str = OVERRIDES, *, prove: bool = False) -> Rules:
    return rules_from("clinic.yaml", HARBOR + overrides, TODAY, "1", prove=prove)


def told(override: str = "", dialled: str = MAIN, at: datetime = OPEN, keys: str = "1") -> list[str]:
    return [line.what for line in explain(harbor().book, dialled, at, Outside(keys=tuple(keys), override=override))]


def test_hours_say_what_the_override_says() -> None:
    assert "check_hours → open" in told()
    assert "check_hours → closed" in told("night")
    assert "check_hours → closed" in told("night", NURSE)
    why = [line.why for line in explain(harbor().book, MAIN, OPEN, Outside(override="night"))]
    assert "night: Closed early" in why


def test_its_flow_is_entered_instead_on_its_numbers_alone() -> None:
    assert "the call arrives on +12075550100" in told("leak")
    assert "rings 204, 205" in told("leak")
    assert told("leak", NURSE) == told("", NURSE)


def test_its_words_are_said_before_all_else() -> None:
    lines = told("records")
    assert lines[1:3] == ["the override records holds", "play → done"]
    assert "rings 201" in told("records", keys="11")


@pytest.mark.parametrize(("clock", "holds"), [("21:59", False), ("22:00", True), ("23:59", True)])
def test_a_planned_one_holds_in_its_time(clock: str, holds: bool) -> None:
    at = datetime.fromisoformat(f"2026-12-02 {clock}").replace(tzinfo=PORTLAND)
    assert ("the override records holds" in told("", MAIN, at)) is holds
    assert "the override records holds" not in told("night", MAIN, at), "what was switched on by hand weighs more"


@given(st.lists(st.sampled_from("abc"), unique=True), st.integers(0, 9))
def test_one_at_most_holds_and_the_first_of_those_switched_on(on: list[str], hour: int) -> None:
    start = datetime(2030, 1, 1, tzinfo=UTC)
    rules = [
        OverrideRules(n, n, frozenset({MAIN}), "closed", during=((start, start + timedelta(hours=3)),)) for n in "abc"
    ]
    found = overriding(rules, MAIN, start + timedelta(hours=hour), on)
    expected = min(on) if on else "a" if hour < 3 else None
    assert (found.name if found else None) == expected
    assert overriding(rules, NURSE, start, on) is None


def test_the_proof_walks_flows_under_their_overrides() -> None:
    old = "next: {open: nurse, lunch: nurse, closed: closed, holiday: closed}"
    always = HARBOR.replace(old, "next: {open: nurse, lunch: goodbye, closed: closed, holiday: closed}")
    always = always.replace("    lunch:\n      mon-fri: 12:00-13:00\n", "")
    assert rules_from("clinic.yaml", always, TODAY).warnings
    lunch = "\noverrides:\n  party: {title: Party, hours: lunch}\n"
    with pytest.raises(RulesRefused, match=r"\(clinic: lunch, override party\): language → hours → goodbye"):
        rules_from("clinic.yaml", always + lunch, TODAY)


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("{title: A}", "does nothing: needs hours, flow or say"),
        ("{title: A, flow: nurse-lin}", "no flow is named 'nurse-lin'; did you mean 'nurse-line'?"),
        ("{title: A, say: close}", "no prompt is named 'close'; did you mean 'closed'?"),
        ("{title: A, hours: closed, dids: +12075550109}", "no DID is '+12075550109'; did you mean"),
        ("{title: A, hours: shut}", "needs 'open', 'lunch', 'closed' or 'holiday'"),
        (PLAN.format("2026-12-02 22:00, to: 2026-12-02 21:00"), "ends before it begins"),
        (PLAN.format("2026-12-02 22:00, to: 2026-12-09 21:00"), "longer than longest"),
        (PLAN.format("2026-12-02 22:00, to: 2026-12-03 02:00}, {from: 2026-12-03 01:00, to: 2026-12-03 04:00"),
         "is planned twice at 2026-12-03 01:00"),
    ],
)  # fmt: skip
def test_an_override_that_cannot_be_meant_is_refused(override: str, problem: str) -> None:
    with pytest.raises(RulesRefused) as refused:
        harbor(f"\noverrides:\n  one: {override}\n")
    (mistake,) = [each for each in refused.value.mistakes if not each.warning]
    assert problem in mistake.problem
    assert mistake.line == HARBOR.count("\n") + 3


def test_a_plan_that_is_over_is_warned_of() -> None:
    plan = "{title: A, hours: closed, during: [{from: 2026-11-02 22:00, to: 2026-11-03 02:00}]}"
    assert any("is over; remove it" in str(w) for w in harbor(f"\noverrides:\n  one: {plan}\n").warnings)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("2h", "2026-12-01 12:00"),
        ("18:00", "2026-12-01 18:00"),
        ("9:30", "2026-12-02 09:30"),
        ("2026-12-24 07:00", "2026-12-24 07:00"),
        ("2026-11-24 07:00", ""),
        ("0s", ""),
        ("25:00", ""),
        ("tomorrow", ""),
    ],
)
def test_ends_as_people_write_them(text: str, end: str) -> None:
    if end:
        assert end_of(text, OPEN.astimezone(UTC), PORTLAND) == datetime.fromisoformat(end).replace(tzinfo=PORTLAND)
        return
    with pytest.raises(ClinicPBXError, match="is no end"):
        end_of(text, OPEN.astimezone(UTC), PORTLAND)


def test_what_is_on_is_kept_and_ends_by_itself(tmp_path: Path) -> None:
    instance = Instance(tmp_path)
    assert switched_on(instance, OPEN) == {}
    keep(instance, {"night": SwitchedOn("night", OPEN, OPEN + timedelta(hours=2), "ana", "flood")})
    assert set(switched_on(instance, OPEN)) == {"night"}
    assert variables(["night", "ehr-down"], switched_on(instance, OPEN)) == {
        "CPBX_OVERRIDE_night": str(int((OPEN + timedelta(hours=2)).timestamp())),
        "CPBX_OVERRIDE_ehrXdown": "0",
    }
    assert switched_on(instance, OPEN + timedelta(hours=2)) == {}
    instance.overrides.write_text("[{}]")
    with pytest.raises(ClinicPBXError, match="cannot be read"):
        switched_on(instance, OPEN)


def test_the_commands_without_daemon_or_asterisk(tmp_path: Path) -> None:
    instance = Instance(tmp_path)
    (instance.versions / "000001" / "rules").mkdir(parents=True)
    instance.keys.mkdir()
    (instance.versions / "000001" / "rules" / "clinic.yaml").write_text(HARBOR + OVERRIDES)
    instance.current.symlink_to("000001")

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(command, ["--home", str(tmp_path), "override", *words])
        return done.exit_code, done.stdout + done.stderr + str(done.exception or "")

    code, said = run("on", "night", "--until", "2h", "--why", "flood")
    assert (code, "night is on until" in said, "the daemon does not run" in said) == (0, True, True)
    rows = json.loads(CliRunner().invoke(command, ["--home", str(tmp_path), "override", "list", "--json"]).stdout)
    assert [(row["override"], row["on"], row["why"]) for row in rows] == [
        ("night", True, "flood"),
        ("leak", False, None),
        ("records", False, None),
    ]
    assert "no override 'nigth'; did you mean 'night'?" in run("on", "nigth", "--until", "2h")[1]
    assert "may be on for 1d at most" in run("on", "night", "--until", "25h")[1]
    assert run("off", "night")[0] == 0
    assert "is not switched on" in run("off", "night")[1]
