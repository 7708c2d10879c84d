"""Warm transfers into a queue at Harbor Family Clinic: the nurse hears who it is about before the patient is hers."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from clinicpbx.demo.phones import Phone, Phones
from tests.support.bed import eventually
from tests.support.harbor import RULES, Harbor, Patient

pytestmark = pytest.mark.integration

WITH_LANGUAGES = RULES.replace("licences: [rn]}\n  eli", "licences: [rn], languages: [en, es]}\n  eli", 1)


@pytest.fixture(autouse=True)
async def nobody_left(harbor: Harbor) -> AsyncIterator[None]:
    assert WITH_LANGUAGES != RULES
    harbor.in_force(WITH_LANGUAGES)
    await harbor.ready()
    yield
    await harbor.home_time()


async def with_ana(harbor: Harbor, phones: Phones, number: str) -> Patient:
    """A Spanish-speaking patient who talks to Ana at the front desk."""
    patient = await harbor.patient(phones, number)
    await patient.call()
    await patient.choose("2", "1")
    assert await patient.talks(1) == "ana"
    return patient


async def asks_nurses(harbor: Harbor, ana: Phone) -> tuple[str, str]:
    """Ana puts the patient on hold and dials the nurses; her calls with the patient, and with the queue."""
    first = (await ana.expect("incoming"))["call"]
    await ana.do("hold", call=first)
    return first, await ana.call(f"sip:301@{harbor.bed.sip}")


def kinds(harbor: Harbor, call: str) -> list[str]:
    told = harbor.bed.clinicpbx("calls", "why", call).stdout
    return [kind for kind in ("consults", "consulted") if f"{kind} " in told]


async def test_the_patients_language_place_and_weight_go_along_and_the_nurse_is_told(
    harbor: Harbor, phones: Phones
) -> None:
    async with harbor.at_work(phones, "ana", "dora", "eli") as staff:
        patient = await with_ana(harbor, phones, "+12075555100")
        joined = harbor.call_of(patient.number)["call"]
        first, second = await asks_nurses(harbor, staff["ana"])
        await staff["dora"].expect("incoming")
        heard = harbor.sounds / "dora-hears.wav"
        await staff["dora"].record(heard)
        await eventually(lambda: harbor.agent("dora") == "talking")
        assert harbor.agent("eli") == "free", "she does not speak Spanish"
        await asyncio.sleep(2)  # of talk between the two, who are heard on the recording
        await staff["ana"].attended(first, second)
        await staff["ana"].expect("disconnected")
        await asyncio.sleep(1)  # of talk with the patient, which is heard, too
        assert harbor.channels() == 2
        await eventually(lambda: harbor.agent("ana") == "free")
        record = await patient.leave()
        await staff["dora"].expect("recorded")
    assert harbor.tones.heard(heard)[:2] == ["en/call-transferred", "en/speaks-es"]
    assert patient.heard()[-2:] == ["voice/ana", "voice/dora"]
    assert (record["outcome"], record["language"], record["agent"]) == ("answered", "es", "201")
    assert [(row["queue"], row["outcome"], row["agent"]) for row in record["queue_entry"]] == [
        ("frontdesk", "answered", "201"), ("nurse", "answered", "204"),
    ]  # fmt: skip
    assert [(move["kind"], move["by"], move["to"]) for move in record["transfers"]] == [("attended", "201", "204")]
    assert kinds(harbor, joined) == ["consulted"]
    assert not harbor.records("201"), "the agent's own call belongs to the patient's"


async def test_who_gives_up_asking_talks_on_with_the_patient(harbor: Harbor, phones: Phones) -> None:
    (dora,) = (await harbor.staff(phones, "dora")).values()
    async with harbor.at_work(phones, "ana") as staff:
        patient = await with_ana(harbor, phones, "+12075555200")
        first, second = await asks_nurses(harbor, staff["ana"])
        await dora.expect("incoming")
        await staff["ana"].hangup(second)
        await eventually(lambda: harbor.agent("dora") == "free")
        await staff["ana"].do("unhold", call=first)
        await asyncio.sleep(1)  # of talk, for the patient to hear whose voice it is
        assert harbor.talking_to(patient.number) == "ana"
        record = await patient.leave()
    assert patient.heard()[-1] == "voice/ana"
    assert [(row["queue"], row["agent"]) for row in record["queue_entry"]] == [("frontdesk", "201")]
    assert record["transfers"] == []
    assert [row["outcome"] for row in harbor.records("201")] == ["internal"]


async def test_a_transfer_completed_while_the_agent_waits_puts_the_patient_into_that_place(
    harbor: Harbor, phones: Phones
) -> None:
    (dora,) = (await harbor.staff(phones, "dora")).values()
    harbor.ask("agent.pause", agent="dora", reason="no answer")
    async with harbor.at_work(phones, "ana") as staff:
        patient = await with_ana(harbor, phones, "+12075555400")
        first, second = await asks_nurses(harbor, staff["ana"])
        await eventually(lambda: len(harbor.ask("callers", queue="nurse")) == 1)
        await staff["ana"].attended(first, second)
        await staff["ana"].expect("disconnected")
        await eventually(lambda: harbor.call_of(patient.number).get("flow") == "queue-nurse")
        await eventually(lambda: len(harbor.ask("callers", queue="nurse")) == 1)
        (waits,) = harbor.ask("callers", queue="nurse")
        assert (waits["call"], waits["needs"]) == (harbor.call_of(patient.number)["call"], "speaks es")
        assert waits["waited"] > 1, "the place counts from the joining of the front desk"
        await asyncio.sleep(1.5)  # longer than it takes to see that a call was taken from us
        harbor.ask("agent.unpause", agent="dora")
        await dora.expect("incoming")
        await dora.answer()
        assert await patient.talks(1) == "dora"
        record = await patient.leave()
    assert record["outcome"] == "answered"
    assert [(row["queue"], row["outcome"], row["agent"]) for row in record["queue_entry"]] == [
        ("frontdesk", "answered", "201"), ("nurse", "answered", "204"),
    ]  # fmt: skip


async def test_a_transfer_completed_while_a_phone_rings_that_answers_is_a_call_of_that_queue(
    harbor: Harbor, phones: Phones
) -> None:
    (dora,) = (await harbor.staff(phones, "dora")).values()
    async with harbor.at_work(phones, "ana") as staff:
        patient = await with_ana(harbor, phones, "+12075555600")
        first, second = await asks_nurses(harbor, staff["ana"])
        rings = (await dora.expect("incoming"))["call"]
        await staff["ana"].attended(first, second)
        await staff["ana"].expect("disconnected")
        await asyncio.sleep(0.5)  # the phone rings on for the patient
        await dora.answer(call=rings)
        assert await patient.talks(1) == "dora"
        await eventually(lambda: harbor.agent("ana") == "free")
        record = await patient.leave()
        await eventually(lambda: harbor.agent("dora") == "free")
    assert [(row["queue"], row["outcome"], row["agent"]) for row in record["queue_entry"]] == [
        ("frontdesk", "answered", "201"), ("nurse", "answered", "204"),
    ]  # fmt: skip


async def test_a_transfer_completed_while_a_phone_rings_leaves_nobody_in_silence(
    harbor: Harbor, phones: Phones
) -> None:
    (dora,) = (await harbor.staff(phones, "dora")).values()
    async with harbor.at_work(phones, "ana") as staff:
        patient = await with_ana(harbor, phones, "+12075555500")
        first, second = await asks_nurses(harbor, staff["ana"])
        rings = (await dora.expect("incoming"))["call"]
        await staff["ana"].attended(first, second)
        await staff["ana"].expect("disconnected")
        await asyncio.sleep(0.5)  # the phone rings on for the patient
        await dora.answer(486, call=rings)
        await eventually(lambda: harbor.call_of(patient.number).get("flow") == "queue-nurse")
        await dora.expect("incoming")
        await dora.answer()
        assert await patient.talks(1) == "dora"
        record = await patient.leave()
    assert [(row["queue"], row["outcome"], row["agent"]) for row in record["queue_entry"]] == [
        ("frontdesk", "answered", "201"), ("nurse", "answered", "204"),
    ]  # fmt: skip


async def test_a_patient_who_hangs_up_meanwhile_leaves_the_two_to_talk(harbor: Harbor, phones: Phones) -> None:
    async with harbor.at_work(phones, "ana", "dora") as staff:
        patient = await with_ana(harbor, phones, "+12075555300")
        await asks_nurses(harbor, staff["ana"])
        await eventually(lambda: harbor.agent("dora") == "talking")
        record = await patient.leave()
        assert harbor.channels() == 2
        assert (harbor.agent("ana"), harbor.agent("dora")) == ("talking", "talking")
        await staff["dora"].hangup()
        await eventually(lambda: harbor.agent("ana") == "free" and harbor.agent("dora") == "free")
    assert (record["outcome"], record["hangup"]) == ("answered", "caller")
    assert [row["queue"] for row in record["queue_entry"]] == ["frontdesk"]
