"""Real phones on a real Asterisk: registration, sound, keys, transfers, lamps."""

import re
from pathlib import Path

import pytest

from clinicpbx.demo.phones import Phone, Phones, PhoneTrouble
from tests.support.bed import Bed, eventually
from tests.support.sound import loudness, pitch, tone

pytestmark = pytest.mark.integration

PASSWORD = "a-password-of-a-test"

ENDPOINT = """\
[phone-{ext}]
type = endpoint
context = cpbx-test-phones
disallow = all
allow = ulaw
auth = phone-{ext}
aors = phone-{ext}
mailboxes = {ext}@cpbx
callerid = "Desk {ext}" <{ext}>
[phone-{ext}]
type = auth
auth_type = userpass
username = phone-{ext}
password = {password}
[phone-{ext}]
type = aor
max_contacts = 1
remove_existing = yes
"""

DIALPLAN = """\
[cpbx-test-phones]
exten => echo,1,Answer(,i)
 same => n,Echo()
exten => tone,1,Answer(,i)
 same => n,Milliwatt()
exten => keys,1,Answer(,i)
 same => n,Read(KEYS,,4,,1,8)
 same => n,SendDTMF(${KEYS},250,120)
 same => n,Wait(5)
exten => _2XX,1,Dial(PJSIP/phone-${EXTEN},10)
"""


@pytest.fixture(scope="module", autouse=True)
def configured(bed: Bed) -> None:
    endpoints = "".join(ENDPOINT.format(ext=ext, password=PASSWORD) for ext in (201, 202, 203))
    lamps = "[cpbx]\n" + "".join(f"{ext} => ,Desk\n" for ext in (201, 202, 203))
    bed.generate(pjsip=endpoints, extensions=DIALPLAN, voicemail=lamps)


async def desk(bed: Bed, phones: Phones, ext: int, **more: object) -> Phone:
    register = {"user": f"phone-{ext}", "password": PASSWORD, "server": bed.sip, **more}
    return await phones.phone(f"desk-{ext}", bed.address(), register=register)


async def test_a_phone_registers_and_leaves(bed: Bed, phones: Phones) -> None:
    phone = await desk(bed, phones, 201)
    assert phone.address in bed.rx("pjsip show contacts")
    await phone.do("unregister")
    await phone.expect("unregistered")
    await eventually(lambda: phone.address not in bed.rx("pjsip show contacts"))


async def test_a_wrong_password_is_refused(bed: Bed, phones: Phones) -> None:
    register = {"user": "phone-201", "password": "wrong", "server": bed.sip}
    with pytest.raises(PhoneTrouble, match="registration_failed"):
        await phones.phone("thief", bed.address(), register=register, registered_within=3)


async def test_a_phone_hears_itself(bed: Bed, phones: Phones, tmp_path: Path) -> None:
    phone = await desk(bed, phones, 201)
    call = await phone.call(f"sip:echo@{bed.sip}")
    await phone.expect("connected")
    await phone.record(tmp_path / "heard.wav")
    await phone.play(tone(tmp_path / "said.wav", hertz=600))
    await phone.expect("played")
    await phone.hangup(call)
    await phone.expect("recorded", complete=True)
    assert loudness(tmp_path / "heard.wav") > 1000
    assert pitch(tmp_path / "heard.wav") == pytest.approx(600, abs=40)


async def test_silence_is_silent(bed: Bed, phones: Phones, tmp_path: Path) -> None:
    phone = await desk(bed, phones, 201)
    call = await phone.call(f"sip:echo@{bed.sip}")
    await phone.expect("connected")
    await phone.record(tmp_path / "heard.wav")
    await phone.silent("disconnected", 0.5)
    await phone.hangup(call)
    await phone.expect("recorded", complete=True)
    assert loudness(tmp_path / "heard.wav") < 50


async def test_a_phone_hears_the_milliwatt_tone(bed: Bed, phones: Phones, tmp_path: Path) -> None:
    phone = await desk(bed, phones, 202)
    await phone.call(f"sip:tone@{bed.sip}")
    await phone.expect("connected")
    await phone.record(tmp_path / "heard.wav")
    await phone.silent("disconnected", 1.2)
    await phone.hangup()
    await phone.expect("recorded", complete=True)
    assert pitch(tmp_path / "heard.wav") == pytest.approx(1004, abs=40)


async def test_keys_arrive_both_ways(bed: Bed, phones: Phones) -> None:
    phone = await desk(bed, phones, 203)
    await phone.call(f"sip:keys@{bed.sip}")
    await phone.expect("connected")
    await phone.expect("media", active=True)
    await phone.dtmf("2749")
    heard = [(await phone.expect("dtmf"))["digit"] for _ in range(4)]
    assert heard == list("2749")


async def test_one_phone_calls_another_and_transfers(bed: Bed, phones: Phones) -> None:
    first, second, third = [await desk(bed, phones, ext) for ext in (201, 202, 203)]
    await first.call(f"sip:202@{bed.sip}")
    rings = await second.expect("incoming")
    assert "201" in rings["from"]
    await first.expect("ringing", code=180)
    await second.answer(call=rings["call"])
    await first.expect("connected")
    await eventually(lambda: re.search(r"\s2\s+basic", bed.rx("bridge show all")))  # a transfer needs a bridge
    await second.transfer(f"sip:203@{bed.sip}", call=rings["call"])
    rings = await third.expect("incoming")
    await third.answer(call=rings["call"])
    await third.expect("connected")
    await second.expect("disconnected")
    await third.hangup()
    await first.expect("disconnected")


async def test_a_file_lights_the_lamp_and_its_removal_clears_it(bed: Bed, phones: Phones) -> None:
    inbox = bed.instance.clear / "voicemail" / "cpbx" / "201" / "INBOX"
    inbox.mkdir(parents=True, exist_ok=True)
    phone = await desk(bed, phones, 201)
    await phone.expect("mwi", new=0)
    (inbox / "msg0000.txt").touch()
    await phone.expect("mwi", waiting=True, new=1)
    (inbox / "msg0000.txt").unlink()
    await phone.expect("mwi", waiting=False, new=0)


async def test_sipp_is_answered(bed: Bed) -> None:
    counts = await bed.sipp("uac", calls=1)
    assert (counts.successful, counts.failed) == (0, 1), "an unknown party gets no call"
