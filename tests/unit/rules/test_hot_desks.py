"""Agents with a number: which codes and lamps there are, what is refused, and how it is explained."""

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from jinja2 import FileSystemLoader

from clinicpbx.errors import RulesRefused
from clinicpbx.rules.affected import Reach
from clinicpbx.rules.compile import Rules, rules_from
from clinicpbx.rules.dialled import dialled
from clinicpbx.rules.explain import explain
from clinicpbx.rules.feature_codes import feature_codes
from clinicpbx.rules.phone_call import phone_call
from clinicpbx.rules.render import Place, render
from clinicpbx.rules.simulation import Outside

pytestmark = pytest.mark.unit
ROOT = Path(__file__).parents[3]
TODAY = date(2026, 11, 24)
NOON = datetime(2026, 12, 1, 11, tzinfo=ZoneInfo("America/New_York"))
HARBOR = (ROOT / "examples" / "harbor" / "clinic.yaml").read_text()
FAY = "  fay: {name: Fay, number: 4506, queues: [frontdesk]}\n"


def rules(text: str = HARBOR.replace("agents:\n", f"agents:\n{FAY}", 1)) -> Rules:
    return rules_from("clinic.yaml", text, TODAY)


def dialplan(made: Rules) -> str:
    place = Place(Path("/home"), "1", TODAY, dict.fromkeys(made.document.phones, "x"))
    return render(made, place, FileSystemLoader(ROOT / "dialplan_templates"))["extensions.conf"]


def test_every_phone_is_a_desk_with_lamps_and_can_be_listened_to_where_agents_have_numbers() -> None:
    with_number, without = (
        {(each.dialled, each.code, each.argument) for each in feature_codes(made.document)}
        for made in (rules(), rules(HARBOR))
    )
    assert with_number - without == {
        ("*454506", "login", "4506"), ("*50206", "listen", "206"), ("*51206", "whisper", "206"),
        ("*52206", "barge", "206"),
    }  # fmt: skip
    text = dialplan(rules())
    for lamp in ("*454506,hint,Stasis:login-4506", "*46206,hint,Stasis:pause-206", "*42301,hint,Stasis:mode-nurse"):
        assert f"exten => {lamp}" in text
    assert "*45206,hint" not in dialplan(rules(HARBOR))
    assert ("*454506", "fay: Log in at this phone, by PIN.") in {
        (row.dial, row.what) for row in dialled(rules().document)
    }


def test_only_queues_that_a_phone_supervises_have_a_mode_code() -> None:
    made = rules(HARBOR.replace("supervises: [frontdesk, nurse]", "supervises: [nurse]"))
    assert [each.dialled for each in feature_codes(made.document) if each.code == "mode"] == ["*42301"]


@pytest.mark.parametrize(
    ("agent", "mistake"),
    [
        ("fay: {name: Fay, queues: [frontdesk]}", "needs phone, or number"),
        ("fay: {name: Fay, number: 201, queues: [frontdesk]}", "201 is used twice"),
        ("fay: {name: Fay, number: 300, queues: [frontdesk]}", "300 is used twice"),
    ],
)
def test_what_nobody_could_log_in_by_is_refused(agent: str, mistake: str) -> None:
    with pytest.raises(RulesRefused, match=mistake):
        rules(HARBOR.replace("agents:\n", f"agents:\n  {agent}\n", 1))


@pytest.mark.parametrize(
    ("dials", "phone", "told"),
    [
        ("*45", "206", "asks for an agent's number and PIN"),
        ("*45", "201", "logs ana in to frontdesk, or out"),
        ("*454506", "201", "asks for the PIN of fay, who works here then"),
        ("*42300", "206", "says its mode, and changes it"),
        ("*42300", "201", "may not"),
    ],
)
def test_the_codes_are_explained(dials: str, phone: str, told: str) -> None:
    assert [line.what for line in phone_call(rules(), dials, phone, NOON)][1:] == [told]


def test_an_agent_without_a_phone_is_asked_in_explanations_and_nothing_rings_at_nowhere() -> None:
    text = HARBOR.replace("agents:\n", f"agents:\n{FAY}", 1)
    for name in ("ana", "ben", "carla"):
        text = text.replace(
            f"  {name}: {{name: {name.title()}, phone: 20", f"  {name}: {{name: {name.title()}, number: 470"
        )
    made = rules(text)
    shown = [line.what for line in explain(made.book, "+12075550100", NOON, Outside(keys=("1", "1")))]
    assert any(what.startswith("rings 4") for what in shown), shown
    assert ("phones", "201") not in Reach(made.document).dids["+12075550100"]
    assert "same => n,Set(CPBX_RING=${FILTER(A-Za-z0-9/&\\-,${GLOBAL(CPBX_DESKS_frontdesk)})})" in dialplan(made)
