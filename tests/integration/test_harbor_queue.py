"""Waiting at Harbor Family Clinic: phones that ring out, callers who give up, limits, phones that are gone."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from clinicpbx.demo.phones import Phones
from tests.support.bed import eventually
from tests.support.harbor import NURSES, RULES, Harbor, Patient

pytestmark = pytest.mark.integration
SHORT = RULES.replace("ring: 15s", "ring: 5s").replace("ring: 20s, wrap_up", "ring: 5s, wrap_up").replace("4m", "7s")
SHORT = SHORT.replace("flow: nurse-line\n", "flow: nurse-line\n    language: es\n")


@pytest.fixture(scope="module", autouse=True)
def short_rings(harbor: Harbor) -> None:
    harbor.in_force(SHORT)


@pytest.fixture(autouse=True)
async def nobody_left(harbor: Harbor) -> AsyncIterator[None]:
    await harbor.ready()
    yield
    await harbor.home_time()


async def waiting(harbor: Harbor, phones: Phones, number: str) -> Patient:
    """A patient in the front desk's queue."""
    patient = await harbor.patient(phones, number)
    await patient.call()
    await patient.choose("1", "1")
    await patient.at("frontdesk")
    return patient


async def test_a_phone_that_rings_out_costs_nobody_their_place(harbor: Harbor, phones: Phones) -> None:
    ana = (await harbor.staff(phones, "ana"))["ana"]
    first = await waiting(harbor, phones, "+12075552100")
    await ana.expect("incoming")
    second = await waiting(harbor, phones, "+12075552101")
    await ana.expect("disconnected", 8)  # after the queue's ring time
    assert first.number in (await ana.expect("incoming"))["from"], "the second caller went before the first"
    await ana.answer()
    assert await first.talks() == "ana"
    waited = await first.leave()

    assert second.number in (await ana.expect("incoming"))["from"]
    async with harbor.at_work(phones, "ben"):
        await ana.expect("disconnected", 8)
        assert await second.talks() == "ben", "a phone that rang out is asked before one that has not rung"
        moved = await second.leave()
    assert second.heard()[-1] == "voice/ben"
    for record, rung in ((waited, ["201", "201"]), (moved, ["201", "202"])):
        (stay,) = record["queue_entry"]
        assert (stay["outcome"], stay["agent"], stay["offers"]) == ("answered", rung[-1], 2)
        assert 5000 <= stay["waited_ms"] < 20_000
        offers = [(row["agent"], row["outcome"]) for row in record["offer"]]
        assert offers == list(zip(rung, ("noanswer", "answered"), strict=True))
        assert record["outcome"] == "answered"


async def test_who_gives_up_frees_the_agent_at_once(harbor: Harbor, phones: Phones) -> None:
    staff = await harbor.staff(phones, "carla")
    ringing = await waiting(harbor, phones, "+12075552200")
    await staff["carla"].expect("incoming")
    queued = await waiting(harbor, phones, "+12075552201")
    assert [row["waiting"] for row in harbor.ask("queues") if row["queue"] == "frontdesk"] == [1]
    left_waiting = await queued.leave()
    left_ringing = await ringing.leave()
    await staff["carla"].expect("disconnected", 2)
    await eventually(lambda: harbor.agent("carla") == "free", 2)
    third = await waiting(harbor, phones, "+12075552202")
    await staff["carla"].expect("incoming")
    await staff["carla"].answer()
    assert await third.talks() == "carla"
    assert (await third.leave())["outcome"] == "answered"
    for record, offers in ((left_waiting, []), (left_ringing, [("203", "abandoned")])):
        assert record["outcome"] == "abandoned"
        assert [row["outcome"] for row in record["queue_entry"]] == ["abandoned"]
        assert [(row["agent"], row["outcome"]) for row in record["offer"]] == offers
        assert (record["hangup"], record["talk_ms"], record["agent"]) == ("caller", 0, "")


async def test_after_the_limit_the_caller_leaves_a_message(harbor: Harbor, phones: Phones) -> None:
    await harbor.staff(phones, "dora", "eli")  # both let it ring
    patient = await harbor.patient(phones, "+12075552300")
    await patient.call(NURSES)
    await patient.at("message", within=40)
    await patient.speak()
    record = await patient.leave()
    (stay,) = record["queue_entry"]
    assert (stay["queue"], stay["outcome"]) == ("nurse", "overflow")
    assert 5000 <= stay["waited_ms"] < 15_000
    assert sorted((row["agent"], row["outcome"]) for row in record["offer"]) == [
        *[("204", "noanswer")] * 2,
        *[("205", "noanswer")] * 2,
    ]
    assert (record["outcome"], record["mailbox"]) == ("voicemail", "nurse")
    assert (patient.heard()[-1], record["language"]) == ("es/voicemail-greeting", "es"), "the line's own language"
    assert {harbor.agent("dora"), harbor.agent("eli")} == {"paused"}  # two misses


async def test_a_phone_out_of_reach_is_passed_over(harbor: Harbor, phones: Phones) -> None:
    staff = await harbor.staff(phones, "ana", "ben")
    await staff["ana"].do("unregister")
    await eventually(lambda: harbor.agent("ana") == "unreachable")
    await staff["ben"].auto_answer(code=503)  # registered, and yet it takes no call
    refused = await waiting(harbor, phones, "+12075552400")
    await eventually(lambda: harbor.agent("ben") == "resting")
    async with harbor.at_work(phones, "carla"):
        assert await refused.talks() == "carla"
        record = await refused.leave()
    offers = [(row["agent"], row["outcome"]) for row in record["offer"]]
    assert offers == [("202", "congestion"), ("203", "answered")]
    assert record["outcome"] == "answered"


async def test_a_phone_that_forwards_to_a_mailbox_has_not_taken_the_call(harbor: Harbor, phones: Phones) -> None:
    ana = (await harbor.staff(phones, "ana"))["ana"]
    patient = await waiting(harbor, phones, "+12075552450")
    await ana.expect("incoming")
    await ana.redirect(f"sip:606@{harbor.bed.sip}")
    await eventually(lambda: harbor.agent("ana") == "resting")
    async with harbor.at_work(phones, "carla"):
        assert await patient.talks() == "carla"
        record = await patient.leave()
    assert [(row["agent"], row["outcome"]) for row in record["offer"]] == [("201", "busy"), ("203", "answered")]
    assert (record["agent"], record["message"]) == ("203", "")


async def test_with_nobody_logged_in_the_message_is_taken_at_once(harbor: Harbor, phones: Phones) -> None:
    patient = await harbor.patient(phones, "+12075552500")
    await patient.call()
    await patient.choose("2", "1")
    await patient.at("frontdesk-message")
    await asyncio.sleep(1.4)
    record = await patient.leave()
    assert patient.heard() == ["en/choose-language", "es/main-menu", "es/voicemail-greeting"]
    assert [(row["queue"], row["outcome"]) for row in record["queue_entry"]] == [("frontdesk", "overflow")]
    assert record["outcome"] == "abandoned"
