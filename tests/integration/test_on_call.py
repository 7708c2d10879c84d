"""Whoever is on call takes a call with a key; who does not, passes it on; no way ends without an outcome."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest

from clinicpbx.demo.phones import Phone, Phones
from tests.support.bed import Bed, eventually
from tests.support.clinic_bed import DID, RULES, Clinic, ended, press
from tests.support.sound import tone

pytestmark = pytest.mark.integration
MOBILE = "+12075550161"
MORE = f"""
providers:
  chen: {{{{name: Dr Chen, mobile: "{MOBILE}", languages: en, specialities: kids}}}}
  egan: {{{{name: Dr Egan, phone: "202"}}}}
rotas:
  kids: {{{{shifts: [{{{{days: mon-sun, from: "00:00", to: "00:00", who: chen, backup: egan}}}}]}}}}
"""
ON_CALL = """\
  main:
    steps:
      pick_up: {answer: , then: tell}
      tell: {alert: {phones: "201", prompt: about}, then: page}
      page: {on_call: {rota: kids, ring: 6s, rounds: 1}, next: {nobody: message, unreached: message}}
      message: {voicemail: {mailbox: desk, confirm_number: false}, next: {done: bye, empty: bye}}
      bye: {hangup: }
""".replace("{", "{{").replace("}", "}}")


def rules(mobiles: str) -> str:
    """The small clinic, whose line rings who is on call; mobiles are reached by a carrier of their own."""
    flows = RULES.index("  main:\n    steps:")
    lines = f"{{{{mobiles: {{{{host: {mobiles}}}}}, line: {{{{host: {{trunk}}}}}}}}}}"
    return RULES[:flows].replace("{{line: {{host: {trunk}}}}}", lines) + ON_CALL + MORE


class ByNight(Clinic):
    """*mobiles*: the address of the carrier by whom providers' mobiles are reached."""

    def __init__(self, bed: Bed) -> None:
        self.mobiles = bed.address()
        super().__init__(bed, rules(self.mobiles))


@pytest.fixture(scope="module")
def house(bed: Bed) -> Iterator[ByNight]:
    with ended(bed):
        made = ByNight(bed)
        tone(made.instance.prompts / "en" / "call-accept.wav", 700, 0.6)
        made.start_daemon()
        bed.run("listener")
        yield made


@pytest.fixture(autouse=True)
async def tidy(house: ByNight) -> AsyncIterator[None]:
    await house.ready()
    yield
    await house.empty()


async def parties(house: ByNight, phones: Phones) -> tuple[Phone, Phone, Phone]:
    """A patient, the mobile of whoever is on call, and the desk of the backup."""
    mobile = await phones.phone("mobile", house.mobiles, 5060)
    return await house.caller(phones), mobile, await house.desk(phones, "202")


async def outcome(house: ByNight, since: datetime) -> tuple[str, str]:
    """How the one call since then ended, and with whom."""
    (record,) = await house.recorded(since, 1)
    return record["outcome"], record["agent"]


async def picks_up(phone: Phone, key: str = "", within: float = 10) -> None:
    await phone.expect("incoming", within)
    await phone.answer()
    await phone.expect("connected")
    if key:
        await press(phone, key)


async def test_one_key_connects_the_patient_and_the_desk_is_told_at_once(house: ByNight, phones: Phones) -> None:
    since = datetime.now(UTC)
    patient, mobile, _ = await parties(house, phones)
    desk = await house.desk(phones, "201")
    await patient.call(house.number)
    await picks_up(desk)
    rung = await mobile.expect("incoming", 10)
    assert DID in rung["from"]  # the clinic's number, not the patient's
    await mobile.answer()
    await mobile.expect("connected")
    assert [call["step"] for call in house.ask("calls")] == ["page"]
    assert not house.bridged()
    await mobile.dtmf("1")
    await house.talk()
    await patient.hangup()
    assert await outcome(house, since) == ("answered", "chen")
    (record,) = house.records(since)
    told = await asyncio.to_thread(house.bed.clinicpbx, "calls", "why", record["call"], "--replay", "--json")
    assert "decided again from the journal: the same" in told.stderr
    page = [row for row in json.loads(told.stdout) if row["outcome"] in ("dialled", "done")]
    assert [(row["step"], row["outcome"]) for row in page] == [
        ("pick_up", "done"),
        ("tell", "done"),
        ("chen", "dialled"),
    ]
    assert re.fullmatch(r"on call for kids until \w{3} 00:00", page[-1]["why"])


async def test_voicemail_of_a_mobile_is_nobody(house: ByNight, phones: Phones) -> None:
    since = datetime.now(UTC)
    patient, mobile, backup = await parties(house, phones)
    await patient.call(house.number)
    await picks_up(mobile)  # and no key comes
    await picks_up(backup, "1", within=25)
    await house.talk()
    await backup.hangup()
    assert await outcome(house, since) == ("answered", "egan")


async def test_who_picks_up_and_hangs_up_or_declines_passes_the_patient_on(house: ByNight, phones: Phones) -> None:
    since = datetime.now(UTC)
    patient, mobile, backup = await parties(house, phones)
    await patient.call(house.number)
    await picks_up(mobile)
    await mobile.hangup()
    await picks_up(backup, "2")
    await eventually(lambda: house.steps() == ["message"], 10)
    await asyncio.sleep(3)  # the greeting, and more than a second of message
    await patient.hangup()
    assert await outcome(house, since) == ("voicemail", "")


async def test_the_patient_hangs_up_while_somebody_is_asked(house: ByNight, phones: Phones) -> None:
    since = datetime.now(UTC)
    patient, mobile, _ = await parties(house, phones)
    await patient.call(house.number)
    await picks_up(mobile)
    await patient.hangup()
    await mobile.expect("disconnected", 20)  # the question is asked to its end
    assert await outcome(house, since) == ("abandoned", "")


async def test_a_new_daemon_knows_who_is_rung(house: ByNight, phones: Phones) -> None:
    since = datetime.now(UTC)
    patient, mobile, _ = await parties(house, phones)
    await patient.call(house.number)
    await mobile.expect("incoming", 10)
    house.bed.programs["daemon"].kill()
    house.start_daemon()
    await house.ready()
    await mobile.answer()
    await mobile.expect("connected")
    await asyncio.sleep(0.3)
    await mobile.dtmf("1")
    await house.talk()
    await patient.hangup()
    assert await outcome(house, since) == ("answered", "chen")
