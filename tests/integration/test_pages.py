"""A message for on call pages people until one accepts with a key: real phones, a daemon that is killed meanwhile."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from typing import Any

import pytest

from clinicpbx.adapters.vault.pins import Pins
from clinicpbx.demo.phones import Phone, Phones
from clinicpbx.private import Private
from tests.support.bed import Bed, eventually
from tests.support.clinic_bed import DID, RULES, Clinic, ended, press
from tests.support.sound import tone

pytestmark = pytest.mark.integration
MOBILE = "+12075550161"
PATIENT = "+12075550142"
PIN, OTHER_PIN = "2846", "9157"
MORE = f"""
providers:
  chen: {{{{name: Dr Chen, mobile: "{MOBILE}", languages: en}}}}
  egan: {{{{name: Dr Egan, phone: "202"}}}}
rotas:
  kids:
    shifts: [{{{{days: mon-sun, from: "00:00", to: "00:00", who: chen, backup: egan}}}}]
    page: {{{{ring: 6s, rounds: 2, pause: 2s, again: 4s}}}}
"""
FLOW = """\
  main:
    steps:
      pick_up: {answer: , then: message}
      message: {voicemail: {mailbox: desk, confirm_number: false, page: kids}, next: {done: bye, empty: bye}}
      bye: {hangup: }
""".replace("{", "{{").replace("}", "}}")
SPOKEN = (
    *("pin", "pin-wrong", "refused", "message", "red-flag", "keys", "keys-accepted", "accepted", "taken", "declined"),
    *("no-number", "unreached", "outcomes", "noted", "patient"),
)


def trunk_is(house: Clinic, trunk: str, state: str) -> bool:
    """What Asterisk has noticed of it: Avail, Unavail."""
    lines = house.bed.rx("pjsip show contacts").splitlines()
    return any(f"trunk-{trunk}" in line and f" {state}" in line for line in lines)


def rules(mobiles: str) -> str:
    """The small clinic, whose messages page who is on call; mobiles are reached by a carrier of their own."""
    flows = RULES.index("  main:\n    steps:")
    lines = f"{{{{dead: {{{{host: 127.0.0.99}}}}, mobiles: {{{{host: {mobiles}}}}}, line: {{{{host: {{trunk}}}}}}}}}}"
    routes = f', routes: {{{{patients: {{{{begins: "{PATIENT}", trunks: [line]}}}}}}}}}}}}\nqueues'
    head = RULES[:flows].replace("{{line: {{host: {trunk}}}}}", lines)
    assert '"{did}"}}\nqueues' in head
    return head.replace('"{did}"}}\nqueues', '"{did}"' + routes) + FLOW + MORE


class OnCall(Clinic):
    """*mobiles*: the address of the carrier by whom providers' mobiles are reached; another one does not answer."""

    def __init__(self, bed: Bed) -> None:
        self.mobiles = bed.address()
        super().__init__(bed, rules(self.mobiles))

    def page(self) -> dict[str, Any]:
        (row,) = self.ask("oncall.pages")
        return dict(row)

    def told(self, page: str) -> list[str]:
        """The page's timeline, in short."""
        with closing(sqlite3.connect(self.instance.journal, timeout=10)) as journal:
            rows = journal.execute("SELECT body FROM fact WHERE kind = 'page' ORDER BY id").fetchall()
        bodies = [json.loads(body) for (body,) in rows]
        return [f"{body['event']} {body['who']}".strip() for body in bodies if body["page"] == page]

    def notices(self, page: str) -> int:
        with closing(sqlite3.connect(self.instance.journal, timeout=10)) as journal:
            wanted = "SELECT count(*) FROM fact WHERE kind = 'notify' AND body LIKE ?"
            return int(journal.execute(wanted, (f"%page_unanswered%{page}%",)).fetchone()[0])


@pytest.fixture(scope="module")
def house(bed: Bed) -> Iterator[OnCall]:
    with ended(bed):
        made = OnCall(bed)
        for number, name in enumerate(SPOKEN):
            tone(made.instance.prompts / "en" / f"page-{name}.wav", 400 + 40 * number, 0.4)
        Pins(bed.instance).set_pins({"person-chen": Private(PIN), "person-egan": Private(OTHER_PIN)})
        made.start_daemon()
        bed.run("listener")
        yield made


@pytest.fixture(autouse=True)
async def tidy(house: OnCall) -> AsyncIterator[None]:
    await house.ready()
    await eventually(lambda: trunk_is(house, "dead", "Unavail"), 30)
    yield
    for row in house.ask("oncall.pages"):
        house.ask("oncall.close", page=row["page"], who="test", outcome="end of the test")
    await house.empty()


async def parties(house: OnCall, phones: Phones) -> tuple[Phone, Phone, Phone]:
    """A patient, the mobile of whoever is on call, and the desk of the backup."""
    mobile = await phones.phone("mobile", house.mobiles, 5060)
    await eventually(lambda: trunk_is(house, "mobiles", "Avail"), 60)
    return await house.caller(phones), mobile, await house.desk(phones, "202")


async def leaves_message(house: OnCall, patient: Phone) -> str:
    """*patient* speaks, hangs up half-way, and somebody has to accept it; the page."""
    await patient.call(house.number, sender=f"<sip:{PATIENT}@{house.trunk}>")
    await patient.expect("connected")
    await eventually(lambda: house.steps() == ["message"])
    await asyncio.sleep(2.5)
    await patient.hangup()
    await eventually(lambda: house.ask("oncall.pages"))
    return str(house.page()["page"])


async def picks_up(phone: Phone, pin: str = "", within: float = 15) -> dict[str, Any]:
    rung = await phone.expect("incoming", within)
    await phone.answer()
    await phone.expect("connected")
    if pin:
        await press(phone, f"{pin}#")
    return rung


async def asked(house: OnCall, page: str, who: str) -> None:
    """*who* has given the PIN, and hears what it is."""
    await eventually(lambda: f"identified {who}" in house.told(page), 10)


async def test_who_accepts_with_a_key_has_it_and_says_what_came_of_it(house: OnCall, phones: Phones) -> None:
    patient, mobile, backup = await parties(house, phones)
    page = await leaves_message(house, patient)
    rung = await picks_up(mobile, PIN)
    assert DID in rung["from"], "from the clinic's number"
    await asked(house, page, "chen")
    await mobile.dtmf("1")
    await eventually(lambda: house.page()["state"] == "accepted", 5)
    assert (house.page()["who"], house.page()["number"]) == ("chen", "…42")
    await press(mobile, "4")
    await asyncio.sleep(0.8)
    await press(mobile, "1")
    await mobile.expect("disconnected", 10)
    await backup.silent("incoming", 3)
    assert house.ask("oncall.pages") == []
    assert house.told(page) == [
        *("begun", "rung chen", "not answered chen"),  # by the trunk that is dead
        *("rung chen", "answered chen", "identified chen", "accepted chen", "closed chen"),
    ]
    shown = await asyncio.to_thread(house.bed.clinicpbx, "oncall", "timeline", page, "--json")
    lines = [(line["what"], line["who"], line["result"]) for line in json.loads(shown.stdout)]
    assert lines[0] == ("arrived", "", "+12075550100 leads to flow main, rules 000001")
    assert ("rung", "chen", "by mobiles") in lines
    assert lines[-1] == ("closed", "chen", "advised")
    assert PATIENT[2:] not in shown.stdout
    as_csv = await asyncio.to_thread(house.bed.clinicpbx, "oncall", "timeline", page.rpartition(".")[0], "--csv")
    assert as_csv.stdout.splitlines()[0] == "time,what,who,result"
    assert len(as_csv.stdout.splitlines()) == len(lines) + 1


async def test_a_mobiles_voicemail_is_nobody_and_the_backup_is_rung(house: OnCall, phones: Phones) -> None:
    patient, mobile, backup = await parties(house, phones)
    page = await leaves_message(house, patient)
    await picks_up(mobile)  # and no key comes
    await picks_up(backup, OTHER_PIN, within=40)
    await asked(house, page, "egan")
    await backup.dtmf("1")
    await eventually(lambda: (house.page()["state"], house.page()["who"]) == ("accepted", "egan"), 5)
    assert "silent chen" in house.told(page)
    await backup.hangup()
    await mobile.silent("incoming", 4)


async def test_the_patient_is_rung_from_the_clinics_number_and_accepts_with_a_key(
    house: OnCall, phones: Phones
) -> None:
    patient, mobile, _ = await parties(house, phones)
    page = await leaves_message(house, patient)
    await patient.expect("disconnected")
    await picks_up(mobile, PIN)
    await asked(house, page, "chen")
    await mobile.dtmf("3")
    rung = await patient.expect("incoming", 10)
    assert DID in rung["from"]
    await patient.answer()
    await patient.expect("connected")
    await press(patient, "1")
    await eventually(lambda: house.bridged(), 5)
    await eventually(lambda: "talks with the patient chen" in house.told(page))
    await patient.hangup()
    await eventually(lambda: "has talked with the patient chen" in house.told(page), 10)
    await press(mobile, "4")
    await asyncio.sleep(0.8)
    await press(mobile, "2")
    await mobile.expect("disconnected", 10)
    assert house.ask("oncall.pages") == []


async def test_declined_hung_up_and_a_wrong_pin_go_on_until_people_are_told(house: OnCall, phones: Phones) -> None:
    patient, mobile, backup = await parties(house, phones)
    page = await leaves_message(house, patient)
    await picks_up(mobile, PIN)
    await asked(house, page, "chen")
    await mobile.dtmf("2")
    await picks_up(backup)
    for _ in range(3):
        await press(backup, "1111#")
        await asyncio.sleep(1)
    await backup.expect("disconnected", 10)
    assert "refused egan" in house.told(page)
    await picks_up(mobile)  # the second round
    await mobile.hangup()
    await backup.expect("incoming", 10)
    assert house.notices(page) == 0
    await backup.answer(486)
    await eventually(lambda: house.notices(page) == 1, 10)
    await picks_up(mobile, PIN, within=20)  # it begins anew
    await asked(house, page, "chen")
    await mobile.dtmf("1")
    await eventually(lambda: house.page()["state"] == "accepted", 5)


async def test_what_people_took_at_the_desk_does_not_ring_any_more(house: OnCall, phones: Phones) -> None:
    patient, mobile, backup = await parties(house, phones)
    page = await leaves_message(house, patient)
    await mobile.expect("incoming", 15)
    groups = house.bed.rx("group show channels")
    assert any("trunk-mobiles" in line and "cpbx-trunk" in line for line in groups.splitlines()), (
        "it counts among the trunk's calls"
    )
    house.ask("oncall.accept", page=page, who="ana")
    await mobile.expect("disconnected", 5)
    await backup.silent("incoming", 3)
    assert house.page()["who"] == "ana"
    house.ask("oncall.close", page=page, who="ana", outcome="seen")
    page = await leaves_message(house, patient)
    await picks_up(mobile, PIN)
    await asked(house, page, "chen")
    house.ask("oncall.close", page=page, who="ana", outcome="seen")
    await mobile.expect("disconnected", 10)  # after the words that somebody else has seen to it
    await backup.silent("incoming", 3)


@pytest.mark.parametrize("moment", ["rings", "asks", "hears", "accepted"])
async def test_a_daemon_that_is_killed_forgets_nobody(house: OnCall, phones: Phones, moment: str) -> None:
    patient, mobile, _ = await parties(house, phones)
    page = await leaves_message(house, patient)
    if moment == "rings":
        await mobile.expect("incoming", 15)
    else:
        await picks_up(mobile)
    if moment in ("hears", "accepted"):
        await press(mobile, f"{PIN}#")
        await asked(house, page, "chen")
    if moment == "accepted":
        await mobile.dtmf("1")
        await eventually(lambda: house.page()["state"] == "accepted", 5)
    house.bed.programs["daemon"].kill()
    house.start_daemon()
    await house.ready()
    if moment == "rings":
        await mobile.answer()
        await mobile.expect("connected")
    if moment in ("rings", "asks"):
        await press(mobile, f"{PIN}#")
        await asked(house, page, "chen")
    await asyncio.sleep(0.5)
    await mobile.dtmf("1")
    await eventually(lambda: house.page()["state"] == "accepted", 10)
    await mobile.hangup()
    await mobile.silent("incoming", 8)
    assert house.page()["who"] == "chen"
    assert "rung egan" not in house.told(page)


async def test_who_answers_while_the_daemon_is_away_is_rung_again(house: OnCall, phones: Phones) -> None:
    patient, mobile, _ = await parties(house, phones)
    page = await leaves_message(house, patient)
    await mobile.expect("incoming", 15)
    house.bed.programs["daemon"].kill()
    await mobile.answer()
    await mobile.expect("disconnected", 10)
    house.start_daemon()
    await house.ready()
    await picks_up(mobile, PIN)
    await asked(house, page, "chen")
    await mobile.dtmf("1")
    await eventually(lambda: house.page()["state"] == "accepted", 5)
