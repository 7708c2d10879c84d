"""`inbox call` on the wire: the desk is rung, then the patient, and the item knows how it ended."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.adapters.db.inbox_intake import keep_items
from clinicpbx.adapters.db.records import NO_RULES, write_records
from clinicpbx.core.records.call_record import Interaction
from clinicpbx.demo.phones import Phone, Phones
from clinicpbx.private import Private
from tests.support.bed import Bed, eventually
from tests.support.clinic_bed import DID, Clinic, ended
from tests.support.record_database import make_database
from tests.support.sound import tone

pytestmark = pytest.mark.integration
PATIENT = "+12075550142"


async def item_for(house: Clinic, number: str) -> None:
    """An item whose patient has *number*."""
    url, at = f"sqlite:///{house.instance.database}", datetime.now(UTC) - timedelta(hours=1)
    await make_database(url)
    engine = make_engine(url, writes=True)
    record = Interaction("earlier.1", "inbound", "abandoned", at - timedelta(minutes=1), at, Private(number))
    async with engine.begin() as connection:
        await write_records(connection, [record.call], [record])
        await keep_items(connection, [record.call], [record], NO_RULES)
    await engine.dispose()


@pytest.fixture(scope="module")
def house(bed: Bed) -> Iterator[Clinic]:
    with ended(bed):
        made = Clinic(bed)
        tone(made.instance.prompts / "en" / "item-unreached.wav", 500, 0.5)
        asyncio.run(item_for(made, PATIENT))
        made.start_daemon()
        bed.run("listener")
        yield made


@pytest.fixture(autouse=True)
async def tidy(house: Clinic) -> AsyncIterator[None]:
    await house.ready()
    yield
    await house.empty()


def item(house: Clinic) -> dict[str, Any]:
    (row,) = json.loads(house.bed.clinicpbx("inbox", "list", "--json").stdout)
    return dict(json.loads(house.bed.clinicpbx("inbox", "show", str(row["item"]), "--json").stdout))


def attempts(house: Clinic) -> list[tuple[str, str]]:
    """The calls on record that were made for the item, and how they ended."""
    return [(one["call"], one["state"]) for one in item(house)["contacts"] if one["kind"] == "called"]


async def rings(house: Clinic, desk: Phone) -> str:
    """Phone 201 rings to call the patient; what the command said."""
    told = await asyncio.to_thread(
        house.bed.clinicpbx, "inbox", "call", str(item(house)["item"]), "--phone", "201", check=False
    )
    await desk.expect("incoming", 10)
    return str(told.stdout + told.stderr)


async def picks_up(house: Clinic, desk: Phone, patient: Phone) -> None:
    await rings(house, desk)
    await desk.answer()
    await desk.expect("connected")
    await patient.expect("incoming", 10)


async def result(house: Clinic, before: int) -> tuple[str, str]:
    """The one call more than *before*, once it is on the item."""
    await eventually(lambda: len(attempts(house)) > before, 20)
    await asyncio.sleep(1)  # what else is known of it
    return attempts(house)[-1]


async def test_the_desk_is_rung_then_the_patient_and_the_call_is_on_the_item(house: Clinic, phones: Phones) -> None:
    patient, desk = await house.caller(phones), await house.desk(phones, "201")
    since = datetime.now(UTC)
    said = await rings(house, desk)
    assert "Phone 201 rings" in said
    assert PATIENT[1:-2] not in said
    again = house.bed.clinicpbx("inbox", "call", str(item(house)["item"]), "--phone", "202", check=False)
    assert (again.returncode, "being called already" in again.stderr) == (1, True)
    await desk.answer()
    await desk.expect("connected")
    rung = await patient.expect("incoming", 10)
    assert DID in rung["from"], "the clinic's number"
    await patient.answer()
    await patient.expect("connected")
    await eventually(house.bridged, 5)
    await patient.hangup()
    await desk.expect("disconnected", 10)
    call, came = await result(house, 0)
    assert came == "answered"
    (record,) = [one for one in house.records(since) if one["call"] == call]
    assert (record["kind"], record["agent"]) == ("outbound", "201")
    told = item(house)
    assert (told["owner"], told["closed"], told["out"]) == ("root", None, 1)
    logs = [program.log.read_text(errors="replace") for program in house.bed.programs.values()]
    assert PATIENT[2:] not in "".join(logs)


async def test_a_busy_patient_and_a_desk_that_nobody_picks_up_are_told_apart(house: Clinic, phones: Phones) -> None:
    patient, desk = await house.caller(phones), await house.desk(phones, "201")
    before = len(attempts(house))
    await patient.auto_answer(after=0.1, code=486)
    await rings(house, desk)
    await desk.answer()
    await desk.expect("connected")
    await desk.expect("disconnected", 15)
    assert (await result(house, before))[1] == "busy"
    await desk.auto_answer(after=0.1, code=486)
    await rings(house, desk)
    assert (await result(house, before + 1))[1] == "desk not picked up"


async def test_a_daemon_that_dies_while_the_patient_rings_cuts_nobody_off(house: Clinic, phones: Phones) -> None:
    patient, desk = await house.caller(phones), await house.desk(phones, "201")
    before = len(attempts(house))
    await picks_up(house, desk, patient)
    house.bed.programs["daemon"].kill()
    await patient.answer()
    await patient.expect("connected")
    await eventually(house.bridged, 5)
    house.start_daemon()
    await house.ready(20)
    await asyncio.sleep(1)
    await patient.hangup()
    await desk.expect("disconnected", 15)
    assert (await result(house, before))[1] == "answered"


async def test_a_daemon_that_dies_while_the_desk_rings_leaves_an_outcome(house: Clinic, phones: Phones) -> None:
    desk = await house.desk(phones, "201")
    before = len(attempts(house))
    await rings(house, desk)
    house.bed.programs["daemon"].kill()
    await desk.answer()
    await desk.expect("disconnected", 15)
    house.start_daemon()
    await house.ready(20)
    assert (await result(house, before))[1] == "desk not picked up"
