"""Real calls become the inbox of Harbor Family Clinic: missed, repeated, answered after all, called back."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from typing import Any

import pytest

from clinicpbx.adapters.vault.store import Vault
from clinicpbx.demo.phones import Phones
from tests.support.bed import eventually
from tests.support.harbor import MAIN, RULES, Harbor, Patient

pytestmark = pytest.mark.integration
LOYAL, LUCKY, REFILL = "+12075556100", "+12075556101", "+12075556102"
KEYS, HANDED = "+12075556104", "+12075556105"
NURSED, PIN = "+12075556103", "380294"


@pytest.fixture(scope="module", autouse=True)
def open_all_day(harbor: Harbor) -> None:
    harbor.in_force(RULES)


@pytest.fixture(autouse=True)
async def nobody_left(harbor: Harbor) -> AsyncIterator[None]:
    await harbor.ready()
    yield
    await harbor.home_time()


def inbox(harbor: Harbor, *words: str) -> Any:
    return json.loads(harbor.bed.clinicpbx("inbox", *words, "--json").stdout)


def items(harbor: Harbor, number: str, *words: str) -> list[dict[str, Any]]:
    return [row for row in inbox(harbor, "list", "--unmask", *words) if row["number"] == number]


async def calls(harbor: Harbor, phones: Phones, number: str, key: str, step: str) -> Patient:
    """A patient who has pressed *key* in the main menu and is in *step*."""
    patient = await harbor.patient(phones, number)
    await patient.call()
    await patient.choose("1", key)
    await patient.at(step)
    return patient


async def hangs_up(harbor: Harbor, patient: Patient, calls: int) -> None:
    """Until all *calls* of the patient are on record."""
    await patient.phone.hangup()
    await eventually(lambda: len(harbor.records(patient.number)) == calls and harbor.settled(), 20)


async def gives_up(harbor: Harbor, phones: Phones, number: str, calls_before: int = 0) -> None:
    """Waits at the front desk, which is logged in and does not answer, for longer than a wrong number would."""
    patient = await calls(harbor, phones, number, "1", "frontdesk")
    await asyncio.sleep(5)
    await hangs_up(harbor, patient, calls_before + 1)


async def test_who_is_handed_on_in_vain_and_gives_up_waits_for_an_answer(harbor: Harbor, phones: Phones) -> None:
    dora = (await harbor.staff(phones, "dora"))["dora"]
    async with harbor.at_work(phones, "ana") as staff:
        patient = await calls(harbor, phones, HANDED, "1", "frontdesk")
        assert await patient.talks() == "ana"
        await staff["ana"].auto_answer(code=486)
        await staff["ana"].transfer(f"sip:204@{harbor.bed.sip}")
        await dora.expect("incoming")
        await dora.answer(486)
        await eventually(lambda: harbor.call_of(HANDED).get("step") == "language", 10)  # as Ana is busy, too
        await patient.phone.hangup()
        await eventually(lambda: items(harbor, HANDED), 20)
    (item,) = items(harbor, HANDED)
    assert [one["kind"] for one in inbox(harbor, "show", str(item["item"]))["contacts"]] == ["abandoned"]


async def test_giving_up_and_leaving_a_message_are_one_item(harbor: Harbor, phones: Phones) -> None:
    await harbor.staff(phones, "ana")
    await gives_up(harbor, phones, LOYAL)
    harbor.ask("agent.logout", agent="ana")
    patient = await calls(harbor, phones, LOYAL, "1", "frontdesk-message")
    await patient.speak(2)
    await hangs_up(harbor, patient, 2)
    (item,) = items(harbor, LOYAL)
    told = inbox(harbor, "show", str(item["item"]))
    assert [one["kind"] for one in told["contacts"]] == ["abandoned", "voicemail"]
    assert (item["team"], item["in"], item["out"], item["language"]) == ("frontdesk", 2, 0, "en")
    assert told["contacts"][1]["message"] in harbor.bed.clinicpbx("voicemail", "list", "frontdesk").stdout

    async with harbor.at_work(phones, "ben"):
        patient = await calls(harbor, phones, LOYAL, "1", "frontdesk")
        assert await patient.talks() == "ben"
        await hangs_up(harbor, patient, 3)
    (same,) = items(harbor, LOYAL)
    assert (same["item"], same["in"]) == (item["item"], 3), "a message is still to be heard"
    harbor.bed.clinicpbx("inbox", "close", str(item["item"]), "--outcome", "reached")
    assert items(harbor, LOYAL) == []


async def test_who_gives_up_and_is_answered_later_needs_no_follow_up(harbor: Harbor, phones: Phones) -> None:
    await harbor.staff(phones, "ana")
    await gives_up(harbor, phones, LUCKY)
    assert [row["category"] for row in items(harbor, LUCKY)] == ["abandoned"]
    harbor.ask("agent.logout", agent="ana")
    async with harbor.at_work(phones, "ben"):
        patient = await calls(harbor, phones, LUCKY, "1", "frontdesk")
        assert await patient.talks() == "ben"
        await hangs_up(harbor, patient, 2)
    assert items(harbor, LUCKY) == []
    (closed,) = items(harbor, LUCKY, "--closed")
    assert (closed["outcome"], closed["in"]) == ("answered", 2)


async def test_a_message_is_claimed_and_closed_from_the_phone_that_hears_it(harbor: Harbor, phones: Phones) -> None:
    harbor.bed.clinicpbx("voicemail", "pin", "nurse", given=PIN + "\n")
    for message in Vault(harbor.instance).list("nurse").messages:  # of other modules' calls
        harbor.bed.clinicpbx("voicemail", "delete", "nurse", message.id, "--yes")
    patient = await calls(harbor, phones, NURSED, "2", "nurse-message")
    await patient.speak(2)
    await hangs_up(harbor, patient, 1)
    (item,) = items(harbor, NURSED)
    desk = await harbor.desk(phones, "204")
    await desk.call(f"sip:*97@{harbor.bed.sip}")
    await desk.record(harbor.sounds / "item.wav")
    await desk.expect("connected")
    await asyncio.sleep(0.5)
    await desk.dtmf(PIN + "#")
    await eventually(lambda: list(harbor.instance.clear.rglob("*.ulaw")), 15)
    await asyncio.sleep(0.5)
    await desk.dtmf("1")
    await eventually(lambda: [row["owner"] for row in items(harbor, NURSED)] == ["dora"], 10)
    await asyncio.sleep(1)
    at_home = await phones.phone("at-home", harbor.trunk, 5060)
    harbor.bed.rx("pjsip qualify trunk-carrier")
    await eventually(lambda: "Avail" in harbor.bed.rx("pjsip show aor trunk-carrier"), 10)
    await desk.dtmf("2")
    assert MAIN in (await at_home.expect("incoming", 10))["from"], "the clinic's number"
    await at_home.answer()
    await at_home.expect("connected")
    await asyncio.sleep(1)
    assert "cpbx-trunk" in harbor.bed.rx("group show channels")
    await at_home.hangup()
    await asyncio.sleep(1)
    assert "cpbx-trunk" not in harbor.bed.rx("group show channels"), "the trunk has room again"
    await desk.dtmf("3")
    await asyncio.sleep(4)
    await desk.dtmf("1")
    await eventually(lambda: items(harbor, NURSED) == [], 10)
    await asyncio.sleep(1)
    await desk.hangup()
    await desk.expect("recorded", 20)
    heard = harbor.tones.heard(harbor.sounds / "item.wav")
    assert [one for one in heard if "item" in one] == ["en/item-claimed", "en/item-outcomes", "en/item-closed"], heard
    assert [row["outcome"] for row in items(harbor, NURSED, "--closed")] == ["reached"]
    assert item["category"] == "nurse"
    await eventually(lambda: of_ours(harbor, item["item"]) == [("called", "answered")], 20)


async def test_the_number_that_a_patient_keys_is_the_one_to_call(harbor: Harbor, phones: Phones) -> None:
    patient = await calls(harbor, phones, KEYS, "2", "nurse-message")
    await patient.speak(2)
    await patient.phone.dtmf("#")
    for keys in ("2", "2075556199#", "1"):
        await asyncio.sleep(1.5)
        await patient.phone.dtmf(keys)
        await asyncio.sleep(0.3 * len(keys))  # to press them
    await hangs_up(harbor, patient, 1)
    (item,) = items(harbor, "+12075556199")
    assert [row["item"] for row in inbox(harbor, "list") if row["number"] == "…99"] == [item["item"]]
    with closing(sqlite3.connect(harbor.instance.journal, timeout=10)) as journal:
        bodies = [body for (body,) in journal.execute("SELECT body FROM fact WHERE kind = 'number'")]
    assert bodies
    assert "5556199" not in "".join(bodies)


def of_ours(harbor: Harbor, item: int) -> list[tuple[str, str]]:
    """The attempts to call the patient of *item*, and how they ended."""
    return [
        (one["kind"], one["state"]) for one in inbox(harbor, "show", str(item))["contacts"] if one["direction"] == "out"
    ]


async def test_what_is_wanted_is_on_the_item_and_on_the_record(harbor: Harbor, phones: Phones) -> None:
    patient = await calls(harbor, phones, REFILL, "3", "refills-message")
    await patient.speak(2)
    await hangs_up(harbor, patient, 1)
    (item,) = items(harbor, REFILL)
    assert (item["category"], item["team"]) == ("refill", "nurse")
    assert harbor.records(REFILL)[0]["category"] == "refill"
    assert (
        "is no outcome of refill: sent"
        in harbor.bed.clinicpbx("inbox", "close", str(item["item"]), "--outcome", "reached", check=False).stderr
    )
