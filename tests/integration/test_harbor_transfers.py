"""Transfers and hold at Harbor Family Clinic: one call, one record, every leg in it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from clinicpbx.demo.phones import Phones
from tests.support.bed import eventually
from tests.support.harbor import RULES, Harbor, Patient, Record

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
async def nobody_left(harbor: Harbor) -> AsyncIterator[None]:
    harbor.in_force(RULES)
    await harbor.ready()
    yield
    await harbor.home_time()


async def with_ana(harbor: Harbor, phones: Phones, number: str, language: str = "1") -> Patient:
    """A patient who talks to Ana at the front desk."""
    patient = await harbor.patient(phones, number)
    await patient.call()
    await patient.choose(language, "1")
    assert await patient.talks(1) == "ana"
    return patient


def moves(record: Record) -> list[tuple[str, str, str]]:
    return [(move["kind"], move["by"], move["to"]) for move in record["transfers"]]


async def test_a_blind_transfer_to_a_phone_is_one_call(harbor: Harbor, phones: Phones) -> None:
    async with harbor.at_work(phones, "ana", "eli") as staff:
        patient = await with_ana(harbor, phones, "+12075554100")
        await staff["ana"].transfer(f"sip:205@{harbor.bed.sip}")
        await staff["eli"].expect("incoming")
        await staff["ana"].expect("disconnected")
        await asyncio.sleep(1)
        await eventually(lambda: harbor.agent("ana") == "free")
        assert harbor.agent("eli") == "busy"
        record = await patient.leave()
    assert patient.heard()[-2:] == ["voice/ana", "voice/eli"]
    assert moves(record) == [("blind", "201", "205")]
    assert (record["outcome"], record["agent"], record["hangup"]) == ("answered", "201", "caller")
    assert 1800 < record["talk_ms"] < 10_000, "both legs"
    assert [row["outcome"] for row in record["queue_entry"]] == ["answered"]


async def test_an_attended_transfer_is_one_call(harbor: Harbor, phones: Phones) -> None:
    async with harbor.at_work(phones, "ana", "eli") as staff:
        before = len(harbor.records("201"))
        patient = await with_ana(harbor, phones, "+12075554200")
        ana = staff["ana"]
        first = (await ana.expect("incoming"))["call"]
        await ana.do("hold", call=first)
        second = await ana.call(f"sip:205@{harbor.bed.sip}")
        await staff["eli"].expect("incoming")
        await asyncio.sleep(1.5)
        assert harbor.channels() == 4
        await ana.attended(first, second)
        await ana.expect("disconnected")
        await asyncio.sleep(1)
        assert harbor.channels() == 2
        await eventually(lambda: harbor.agent("ana") == "free")
        record = await patient.leave()
    assert patient.heard()[-2:] == ["voice/ana", "voice/eli"]
    assert moves(record) == [("attended", "201", "205")]
    assert (record["outcome"], record["agent"]) == ("answered", "201")
    assert 3000 < record["talk_ms"] < 15_000, "with Ana, held, and with Eli"
    assert len(harbor.records("201")) == before, "the agent's own call belongs to the patient's"


async def test_a_transfer_to_a_queue_keeps_language_and_outcome(harbor: Harbor, phones: Phones) -> None:
    async with harbor.at_work(phones, "ana", "dora") as staff:
        reached = await with_ana(harbor, phones, "+12075554300", "2")
        await staff["ana"].transfer(f"sip:301@{harbor.bed.sip}")
        await staff["ana"].expect("disconnected")
        await eventually(lambda: harbor.talking_to(reached.number) == "dora")
        assert harbor.call_of(reached.number)["language"] == "es"
        await asyncio.sleep(0.7)
        other = await with_ana(harbor, phones, "+12075554301")
        await staff["ana"].transfer(f"sip:301@{harbor.bed.sip}")
        await staff["ana"].expect("disconnected")
        await eventually(lambda: harbor.call_of(other.number).get("flow") == "queue-nurse")
        gave_up = await other.leave()
        record = await reached.leave()
    assert reached.heard()[-2:] == ["voice/ana", "voice/dora"]
    assert (record["outcome"], record["language"], record["flow"]) == ("answered", "es", "main")
    stays = [(row["queue"], row["outcome"], row["agent"]) for row in record["queue_entry"]]
    assert stays == [("frontdesk", "answered", "201"), ("nurse", "answered", "204")]
    assert moves(record) == [("blind", "201", "301")]
    assert gave_up["outcome"] == "abandoned", "what the patient was transferred for was not had"
    assert [row["outcome"] for row in gave_up["queue_entry"]] == ["answered", "abandoned"]


async def test_hold_is_part_of_the_talk(harbor: Harbor, phones: Phones) -> None:
    async with harbor.at_work(phones, "ana") as staff:
        patient = await with_ana(harbor, phones, "+12075554400")
        await staff["ana"].do("hold")
        await asyncio.sleep(1.5)
        assert harbor.channels() == 2
        await staff["ana"].do("unhold")
        await asyncio.sleep(1)
        record = await patient.leave()
    assert patient.heard()[-1] == "voice/ana"
    assert (record["outcome"], record["agent"], record["transfers"]) == ("answered", "201", [])
    assert 3000 < record["talk_ms"] < 15_000


async def test_who_is_handed_on_to_a_busy_phone_comes_back(harbor: Harbor, phones: Phones) -> None:
    """To the phone that handed them on; where that does not answer either, to where their call began."""
    async with harbor.at_work(phones, "ana", "eli") as staff:
        await staff["eli"].auto_answer(code=486)
        patient = await with_ana(harbor, phones, "+12075554500")
        await staff["ana"].transfer(f"sip:205@{harbor.bed.sip}")
        for _ in ("from the queue", "back again"):
            await staff["ana"].expect("incoming")
        await asyncio.sleep(2)
        back = await patient.leave()
        assert patient.heard()[-1] == "voice/ana"

        other = await with_ana(harbor, phones, "+12075554501")
        await staff["ana"].auto_answer(code=486)
        await staff["ana"].transfer(f"sip:205@{harbor.bed.sip}")
        await eventually(lambda: harbor.call_of(other.number).get("step") == "language", 10)
        gave_up = await other.leave()
    assert (back["outcome"], back["agent"], moves(back)) == ("answered", "201", [("blind", "201", "205")])
    assert 2500 < back["talk_ms"] < 10_000, "both talks with Ana"
    assert (gave_up["outcome"], gave_up["agent"]) == ("abandoned", "201")
