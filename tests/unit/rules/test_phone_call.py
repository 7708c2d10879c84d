"""What a phone dials is explained rule by rule, as the rendered dialplan does it."""

import json
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from clinicpbx.cli.main import command
from clinicpbx.errors import ClinicPBXError
from clinicpbx.rules.compile import Rules, read_rules, rules_from
from clinicpbx.rules.explain import explain
from clinicpbx.rules.phone_call import phone_call
from clinicpbx.rules.simulation import Outside

pytestmark = pytest.mark.unit
HARBOR = Path(__file__).parents[3] / "examples" / "harbor" / "clinic.yaml"
NOW = datetime(2026, 12, 1, 10, tzinfo=ZoneInfo("America/New_York"))
TODAY = date(2026, 11, 24)
EMERGENCY = [
    "shows +12075550110, which can be called back",
    "tells the place: 12 Harbor Street, Portland, 1, Reception",
    "rings 201",
    "rings 206",
    "leaves by carrier, 127.0.0.2:5060",
]
OUT = ["allowed", "shows +12075550100", "leaves by carrier, 127.0.0.2:5060"]


@pytest.fixture(scope="module")
def harbor() -> Rules:
    return read_rules(HARBOR, TODAY, "1")


@pytest.mark.parametrize(
    ("dialled", "caller", "told"),
    [
        ("911", "201", ["an emergency call", *EMERGENCY]),
        ("9911", "201", ["an emergency call", *EMERGENCY]),
        ("933", "", ["an emergency call", *EMERGENCY[2:]]),
        ("*45", "201", ["the feature code login", "logs ana in to frontdesk, or out"]),
        ("*45", "206", ["the feature code login", "says that it cannot be done"]),
        ("*46", "204", ["the feature code pause", "dora pauses, or goes on"]),
        ("*97", "204", ["the feature code voicemail", "asks for the PIN of nurse, plays its messages"]),
        ("*97", "", ["the feature code voicemail"]),
        ("*8202", "201", ["takes the call that rings at 202"]),
        ("201", "206", ["rings Front desk 1"]),
        ("5551234", "201", ["an outside number: +12075551234", *OUT]),
        ("2125551234", "201", ["an outside number: +12125551234", *OUT]),
        ("+12125551234", "201", ["an outside number: +12125551234", *OUT]),
        ("011442079460000", "206", ["an outside number: +442079460000", *OUT]),
        ("+442079460000", "201", ["an outside number: +442079460000", "refused"]),
        ("12425551234", "201", ["an outside number: +12425551234", "counts as international", "refused"]),
        ("12425551234", "206", ["an outside number: +12425551234", "counts as international", *OUT]),
        ("+19005551234", "206", ["an outside number: +19005551234", "refused"]),
        ("9761234", "206", ["an outside number: +12079761234", "refused"]),
        ("300", "206", []),
    ],
)
def test_each_rule_that_decides_is_told(harbor: Rules, dialled: str, caller: str, told: list[str]) -> None:
    lines = phone_call(harbor, dialled, caller, NOW)
    assert [line.what for line in lines] == told
    assert all(line.where.startswith(f"{HARBOR}:") for line in lines)


def test_a_refusal_says_why_and_by_which_rule(harbor: Rules) -> None:
    refused = phone_call(harbor, "+442079460000", "201", NOW)[-1]
    assert refused.why == "this is international, phone 201 may call local"
    (line,) = [n for n, text in enumerate(HARBOR.read_text().splitlines(), 1) if text.startswith("  201: {name: Front")]
    assert refused.where == f"{HARBOR}:{line}"


def test_a_number_too_short_or_nobodys_is_not_called(harbor: Rules) -> None:
    european = HARBOR.read_text().replace(
        '  caller_id: "+12075550100"', '  caller_id: "+12075550100"\n  country_code: 49'
    )
    rules = rules_from("clinic.yaml", european, TODAY)
    assert [line.what for line in phone_call(rules, "030", "201", NOW)] == []
    assert [line.what for line in phone_call(rules, "03012", "201", NOW)] == ["an outside number: +493012", "refused"]
    assert phone_call(rules, "+493012345678", "201", NOW)[1].what == "allowed"
    with pytest.raises(ClinicPBXError, match="no flow answers 7"):
        explain(harbor.book, "7", NOW, Outside())


def test_a_route_of_the_clinics_own_and_the_number_of_a_site() -> None:
    routes = '{free: {begins: "+1800", allow: international}, dear: {begins: "+18005", allow: nobody}}'
    text = HARBOR.read_text().replace('  caller_id: "+12075550100"', f'  caller_id: "+12075550100"\n  routes: {routes}')
    zone = "    timezone: America/New_York"
    text = text.replace(zone, f'{zone}\n    caller_id: "+12075550177"')
    text = text.replace("206: {name:", "206: {site: harbor, name:")
    rules = rules_from("clinic.yaml", text, TODAY)

    def told(dialled: str, caller: str) -> list[str]:
        return [line.what for line in phone_call(rules, dialled, caller, NOW)][1:]

    assert told("8002345678", "206")[:3] == ["takes the route free", "allowed", "shows +12075550177"]
    assert told("8002345678", "201") == ["takes the route free", "refused"]
    assert told("8005345678", "206") == ["takes the route dear", "refused"]


def test_the_command_explains_what_a_phone_dials() -> None:
    for dialled, end in (("300", "the call ends: internal"), ("911", "leaves by carrier, 127.0.0.2:5060")):
        words = ["rules", "explain", "--file", str(HARBOR), "--dial", dialled, "--from", "206", "--json"]
        rows = json.loads(CliRunner().invoke(command, words).stdout)
        assert rows[-1]["what"] == end
