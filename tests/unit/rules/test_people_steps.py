"""Rules with on_call, refer and alert: what is refused, what a call meets, what the map and the dialplan say."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from jinja2 import FileSystemLoader

from clinicpbx.errors import RulesRefused
from clinicpbx.rules.compile import Rules, rules_from
from clinicpbx.rules.dialplan_graph import check_dialplan
from clinicpbx.rules.dialplan_parse import DialplanRefused, parse_dialplan
from clinicpbx.rules.explain import explain
from clinicpbx.rules.journey.graph import journey
from clinicpbx.rules.render import DIALPLAN, Place, render
from clinicpbx.rules.simulation import Outside
from clinicpbx.shipped import shipped

pytestmark = pytest.mark.unit
DID = "+12075550100"
TEXT = """\
clinic: {name: Test}
languages: {en: English, es: Spanish}
sites: {main: {timezone: America/New_York}}
locations:
  desk: {elin: "+12075550199", address: {street: 1 Main St, city: Portland, state: ME, postal_code: "04101"}}
trunks: {one: {host: 192.0.2.1}, two: {host: 192.0.2.2}}
outbound: {caller_id: "+12075550100"}
emergency: {notify: [201]}
phones:
  201: {name: Desk, location: desk, mailbox: desk}
  202: {name: Room 2, location: desk}
mailboxes: {desk: {title: Desk}}
hours: {clinic: {open: {mon-fri: 08:00-17:00}}}
providers:
  chen: {name: Dr Chen, mobile: "+12075550161", phone: 202, languages: [en, es], specialities: [kids]}
  diaz: {name: Dr Díaz, mobile: "+12075550162", languages: es, specialities: [kids]}
  egan: {name: Dr Egan, phone: 202, specialities: [kids]}
rotas:
  kids:
    besides: clinic
    shifts:
      - {days: mon-sun, from: "17:00", to: "08:00", who: chen, backup: egan}
      - {days: sat-sun, from: "08:00", to: "17:00", who: diaz, backup: chen}
prompts: {flag: {en: Red flag, es: Bandera}}
dids: {"+12075550100": {name: Main, flow: main, fallback: {mailbox: desk}}}
flows:
  main:
    steps:
      tell: {alert: {phones: [201], prompt: flag}, then: page}
      page: {on_call: kids, next: {nobody: doctor, unreached: message}}
      doctor: {refer: kids, next: {unreached: message}}
      message: {voicemail: {mailbox: desk}, next: {done: bye, empty: bye}}
      bye: {hangup: }
"""


def rules(*changes: tuple[str, str]) -> Rules:
    text = TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return rules_from("clinic.yaml", text, date(2026, 11, 24), "1")


def path(at: datetime, **outside: object) -> list[str]:
    return [line.what for line in explain(rules().book, DID, at, Outside(**outside))]  # type: ignore[arg-type]


def dialplan(*changes: tuple[str, str]) -> str:
    place = Place(Path("/x"), "1", date(2026, 11, 24), {"201": "a" * 20, "202": "b" * 20})
    return render(rules(*changes), place, FileSystemLoader(shipped("dialplan_templates")))[DIALPLAN]


def test_by_night_who_is_on_call_then_the_backup_then_again() -> None:
    saturday = datetime(2026, 11, 28, 15, tzinfo=UTC)
    assert path(saturday)[2:5] == ["alert → done", "rings diaz", "answered by diaz"]
    rung = [what for what in path(saturday, answers=False) if what.startswith("rings")]
    assert rung == ["rings diaz", "rings chen", "rings diaz", "rings chen"]


def test_by_day_the_providers_those_who_speak_the_language_first() -> None:
    day = datetime(2026, 11, 25, 15, tzinfo=UTC)
    rung = [what for what in path(day, answers=False, language="es") if what.startswith("rings")]
    assert rung == ["rings chen", "rings diaz", "rings egan"]
    rung = [what for what in path(day, answers=False) if what.startswith("rings")]
    assert rung == ["rings chen", "rings egan", "rings diaz"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("on_call: kids", "on_call: kid"), "flows.main.steps.page.on_call.rota: no rota is named 'kid'; did you"),
        (("refer: kids", "refer: heart"), "flows.main.steps.doctor.refer.speciality: no provider has 'heart'"),
        (("phones: [201]", "phones: [209]"), "flows.main.steps.tell.alert.phones.209: no phone is named '209'"),
        (("phones: [201], ", "phones: [], "), "flows.main.steps.tell.alert.phones: "),
        (("nobody: doctor, ", ""), "flows.main.steps.page: nothing follows when on_call ends with 'nobody'"),
        (("unreached: message}}\n      doctor", "unreached: bye}}\n      doctor"), "flows.main.steps.page: "),
    ],
)
def test_what_is_refused(change: tuple[str, str], problem: str) -> None:
    with pytest.raises(RulesRefused) as refused:
        rules(change)
    found = [f"{one.path}: {one.problem}" for one in refused.value.mistakes if not one.warning]
    assert any(one.startswith(problem) for one in found), found


def test_a_mobile_needs_a_way_out() -> None:
    problem = "providers.chen.mobile: an outside number needs a trunk, and outbound"
    with pytest.raises(RulesRefused) as refused:
        rules(('outbound: {caller_id: "+12075550100"}\n', ""))
    assert problem in [f"{one.path}: {one.problem}" for one in refused.value.mistakes]


def test_the_map_names_the_people() -> None:
    boxes = {box.name: (box.title, *box.lines[:1]) for box in journey(rules(), DID).boxes}
    assert boxes["page"] == ("On call: kids", "Dr Chen, Dr Egan, Dr Díaz")
    assert boxes["doctor"] == ("Provider: kids", "Dr Chen, Dr Díaz, Dr Egan")
    assert boxes["tell"] == ("Tells Desk", "“Red flag”")


def test_the_dialplan_asks_everyone_for_a_key_in_their_language() -> None:
    lines = parse_dialplan(dialplan())["cpbx-person"].lines
    asked = {line.exten: line.args.rpartition("U(")[2] for line in lines if line.app == "Dial"}
    assert asked == {"202": "cpbx-accept^en)", "+12075550161": "cpbx-accept^en)", "+12075550162": "cpbx-accept^es)"}
    assert "on_call: kids" not in dialplan()
    without = dialplan(("on_call: kids, next: {nobody: doctor,", "dial: {extension: 201}, next: {busy: message, noanswer: message, failed: doctor,"), ("unreached: message}}\n      doctor", "}}\n      doctor"), ("refer: kids, next: {unreached", "enqueue: {queue: q}, next: {overflow: message, unstaffed"), ("mailboxes:", "queues: {q: {}}\nmailboxes:"))  # fmt: skip  # noqa: E501
    assert {line.exten for line in parse_dialplan(without)["cpbx-person"].lines} == {"i"}, "nobody is rung by a step"


def test_whoever_answers_comes_into_a_context_that_is_proved_too() -> None:
    text = dialplan()
    way_out = text.replace("[cpbx-accept]\n", "[cpbx-accept]\nexten => x,1,Dial(PJSIP/+19005550100@trunk-one)\n")
    with pytest.raises(DialplanRefused, match=r"reaches PJSIP/.19005550100@trunk-one in cpbx-accept"):
        check_dialplan(way_out)
    with pytest.raises(DialplanRefused, match="unknown context 'nowhere'"):
        check_dialplan(text.replace("U(cpbx-accept^en)", "U(nowhere^en)"))


def test_the_patient_is_rung_by_no_channel_but_one_that_was_paged() -> None:
    text = dialplan()
    lines = parse_dialplan(text)["cpbx-page"].lines
    assert (lines[0].app, lines[0].args) == ("GotoIf", '$["${CPBX_PAGED}"!="yes"]?cpbx-back,unknown,1')
    may = {
        kind: {line.exten for line in parse_dialplan(text)[f"cpbx-may-{kind}"].lines}
        for kind in ("local", "international")
    }
    assert may == {"local": {"0", "201", "202"}, "international": set()}, "0: whoever is on call"
    check_dialplan(text)
    for way_in in ("cpbx-page", "cpbx-callback"):
        with pytest.raises(DialplanRefused, match="a call from a trunk reaches"):
            check_dialplan(text, {way_in})  # a step `dialplan` of the clinic's
        led = text.replace("[cpbx-arrive]\n", f"[cpbx-arrive]\nexten => x,1,Goto({way_in},s,1)\n")
        with pytest.raises(DialplanRefused, match="a call from a trunk reaches"):
            check_dialplan(led)


def test_paging_and_handovers_are_as_written() -> None:
    change = (
        "rotas:\n  kids:\n",
        "rotas:\n  kids:\n    page: {supervisor: egan, rounds: 1, again: 10m}\n    handover: {ahead: 15m}\n",
    )
    book = rules(change).book
    assert (book.paging["kids"].supervisor, book.paging["kids"].rounds, book.paging["kids"].pause.seconds) == (
        "egan",
        1,
        30,
    )
    assert book.handovers["kids"].ahead.seconds == 900
    assert (book.trunks, book.number) == (("one", "two"), DID)
    off = rules((change[0], change[1].replace("{ahead: 15m}", "{confirm: false}"))).book
    assert off.handovers == {}
