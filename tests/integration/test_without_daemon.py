"""No daemon: every number has its fallback, what is recorded is sealed later, and no one phones at its cost."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest

from clinicpbx.adapters.vault.store import Message, Vault, plain_of
from clinicpbx.demo.phones import Phone, Phones
from tests.support.bed import Bed, eventually
from tests.support.clinic_bed import ended
from tests.support.help_house import CLOSED, OPEN, OUTSIDE, HelpHouse

pytestmark = pytest.mark.integration
INTERNATIONAL, PREMIUM, CARIBBEAN = "011442079460000", "19005550000", "18765550000"


@pytest.fixture(scope="module")
def house(bed: Bed) -> Iterator[HelpHouse]:
    with ended(bed):
        made = HelpHouse(bed)
        bed.run("listener")
        yield made


@pytest.fixture(autouse=True)
async def tidy(house: HelpHouse) -> AsyncIterator[None]:
    yield
    if "daemon" in house.bed.programs:
        house.bed.programs.pop("daemon").stop()
    await house.empty()


async def says_something(house: HelpHouse, caller: Phone, number: str) -> None:
    """*caller* dials *number*, speaks when the fallback records, and hangs up."""
    before = set(house.instance.recordings.rglob("*.ulaw"))
    await caller.call(f"sip:{number}@{house.bed.sip}")
    await caller.expect("connected")
    await caller.play(house.instance.prompts / "en" / "about.wav", loop=True)
    new = await eventually(lambda: set(house.instance.recordings.rglob("*.ulaw")) - before, 15)
    await eventually(lambda: all(path.stat().st_size > 30000 for path in new), 15)
    await caller.hangup()


async def test_the_fallback_rings_records_and_is_sealed_later(house: HelpHouse, phones: Phones) -> None:
    since, vault = datetime.now(UTC), Vault(house.instance)
    before = vault.list("desk").messages
    caller, desk = await house.carrier(phones), await house.desk(phones, "201", auto_answer={"after": 0})
    await caller.call(f"sip:{OPEN}@{house.bed.sip}")
    await desk.expect("incoming", 10)
    await desk.expect("connected")
    await eventually(lambda: [row["eventtype"] for row in house.bed.cel()[-2:]] == ["BRIDGE_ENTER"] * 2)
    await house.talk()
    await desk.hangup()
    await desk.expect("disconnected")
    await caller.expect("disconnected")

    await desk.auto_answer(code=486)
    await says_something(house, caller, OPEN)
    assert await desk.expect("incoming")
    await desk.expect("disconnected", code=486)
    await says_something(house, caller, CLOSED)
    assert "incoming" not in [event["event"] for event in desk.heard], "by the hours of the dialplan nobody is there"

    def new() -> list[Message]:
        return [message for message in vault.list("desk").messages if message not in before]

    assert not new()
    house.start_daemon()
    messages = await eventually(lambda: found if len(found := new()) == 2 else [], 15)
    assert all(len(plain_of(vault, "desk", message.id)) > 30000 for message in messages)
    assert not list(house.instance.recordings.rglob("*.ulaw"))
    await eventually(lambda: sum(bool(row["message"]) for row in house.records(since)) == 2, 15)
    found = await house.recorded(since, 3)
    assert [(row["outcome"], bool(row["fallback"]), row["mailbox"]) for row in found] == [
        ("answered", True, ""),
        ("voicemail", True, "desk"),
        ("voicemail", True, "desk"),
    ]
    assert {row["message"] for row in found[1:]} == {message.id for message in messages}


async def test_nobody_from_outside_reaches_anything_but_the_numbers(house: HelpHouse, phones: Phones) -> None:
    carrier = await house.carrier(phones)
    desk = await house.desk(phones, "202", auto_answer={"after": 0})
    for number in ("+12075550177", OUTSIDE, INTERNATIONAL, "911", "201", "300", "*45", "s"):
        await carrier.call(f"sip:{number}@{house.bed.sip}")
        assert (await carrier.expect("disconnected"))["code"] == 404, number
    stranger = await phones.phone("stranger", house.bed.address())
    for number in (OPEN, "201", "911", INTERNATIONAL):
        await stranger.call(f"sip:{number}@{house.bed.sip}")
        assert (await stranger.expect("disconnected"))["code"] == 401, number
    forged = f'"Desk one" <sip:phone-201@{house.bed.sip}>'
    await stranger.call(f"sip:{INTERNATIONAL}@{house.bed.sip}", sender=forged)
    assert (await stranger.expect("disconnected"))["code"] == 401
    assert house.channels() == 0
    assert not [event for phone in (carrier, desk) for event in phone.heard if event["event"] == "incoming"]


async def test_a_phone_dials_what_it_may(house: HelpHouse, phones: Phones) -> None:
    carrier = await house.carrier(phones)
    desk, far = await house.desk(phones, "201"), await house.desk(phones, "202")
    refused = [(desk, INTERNATIONAL), (desk, PREMIUM), (desk, CARIBBEAN), (far, PREMIUM)]
    for phone, number in refused:
        await phone.call(f"sip:{number}@{house.bed.sip}")
        assert (await phone.expect("disconnected"))["code"] == 403, number
    assert "incoming" not in [event["event"] for event in carrier.heard]
    for phone, number, sent in ((desk, OUTSIDE, OUTSIDE), (far, INTERNATIONAL, "442079460000")):
        await phone.call(f"sip:{number}@{house.bed.sip}")
        assert sent in str((await carrier.expect("incoming"))["to"])
        await phone.expect("connected")
        await phone.hangup()
        await carrier.expect("disconnected")
        await eventually(lambda: house.channels() == 0)


async def test_without_a_daemon_feature_codes_say_so(house: HelpHouse, phones: Phones) -> None:
    desk = await house.desk(phones, "201")
    await desk.call(f"sip:*45@{house.bed.sip}")
    await desk.expect("connected")
    await desk.expect("disconnected", 15)
