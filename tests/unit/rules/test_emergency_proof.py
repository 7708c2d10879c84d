"""The proof of emergency calls bites: every way of getting between a phone and the carrier is refused."""

from datetime import date
from pathlib import Path

import pytest
from jinja2 import FileSystemLoader

from clinicpbx.rules.compile import read_rules
from clinicpbx.rules.dialplan_parse import DialplanRefused
from clinicpbx.rules.emergency_proof import check_emergency
from clinicpbx.rules.render import DIALPLAN, Place, render
from clinicpbx.shipped import shipped

pytestmark = pytest.mark.unit
TODAY = date(2026, 11, 24)
RULES = read_rules(Path(__file__).parents[3] / "examples" / "harbor" / "clinic.yaml", TODAY)
PLACE = Place(Path("/var/lib/clinicpbx"), "1", TODAY, dict.fromkeys(RULES.document.phones, "secret"))
TEXT = render(RULES, PLACE, FileSystemLoader(shipped("dialplan_templates")))[DIALPLAN]
MEANT = {"911": "911", "933": "933", "9911": "911", "9933": "933"}
FIRST = "[cpbx-phones]\ninclude => cpbx-emergency\n"
NINE = "exten => 9911,1,Goto(cpbx-emergency-call,911,1)"
SET = "exten => 911,1,Set(TIMEOUT(absolute)=0)\n"


def test_the_example_is_proved() -> None:
    assert RULES.document.emergency.meant == MEANT
    check_emergency(TEXT, MEANT, ["carrier"])


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (FIRST, "[cpbx-phones]\ninclude => cpbx-outbound\ninclude => cpbx-emergency\n", "looks elsewhere before"),
        (FIRST, "[cpbx-phones]\nexten => _9.,1,Hangup()\ninclude => cpbx-emergency\n", "looks elsewhere before"),
        (NINE, NINE.replace(",911,1)", ",11,1)"), "9911 is not 911"),
        (NINE, "", "exactly the numbers of the rules: 9911"),
        (SET, SET + " same => n,Stasis(clinicpbx,enter,main,911)\n", "911 depends on Stasis"),
        (SET, SET + " same => n,GotoIf(${GLOBAL(CPBX_HB)}?cpbx-fallback,911,1)\n", "911 depends on GotoIf"),
        ("Dial(PJSIP/trunk-carrier/sip:911@", "Dial(PJSIP/trunk-other/sip:911@", "exactly the trunks"),
        ("[cpbx-emergency]\n", "[cpbx-emergency]\ninclude => cpbx-codes\n", "include something else"),
        ("[cpbx-emergency-call]\n", "[cpbx-emergency-gone]\n", "there is no context cpbx-emergency-call"),
    ],
)
def test_what_stands_between_is_refused(old: str, new: str, why: str) -> None:
    assert old in TEXT
    with pytest.raises(DialplanRefused, match=why):
        check_emergency(TEXT.replace(old, new, 1), MEANT, ["carrier"])
