"""Agents at phones that are not theirs, by number and PIN; queue modes from a phone; both without the daemon."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from functools import reduce
from typing import Any

import pytest

from clinicpbx.core.callflow.phrases import PHRASES
from clinicpbx.daemon.audit_trail import waiting
from clinicpbx.demo.phones import Phone, Phones
from tests.support.bed import Bed, eventually
from tests.support.clinic_bed import RULES, Clinic, ended, press
from tests.support.sound import tone

pytestmark = pytest.mark.integration
PIN = "2580"
CHANGES = {
    "name: Desk two, location: desk": "name: Manager, location: desk, supervises: desk",
    '  "203": {{': '  "204": {{name: Spare, location: desk}}\n  "203": {{',
    'extension: "': 'extension: "',
    '  ana: {{name: Ana, phone: "201",': '  ana: {{name: Ana, phone: "201", number: "4501",',
    "  ben: {{": '  fay: {{name: Fay, number: "4502", queues: [desk]}}\n  ben: {{',
    "agents:\n": 'extensions: {{"300": {{queue: desk}}}}\nagents:\n',
}
HOT = reduce(lambda text, change: text.replace(*change), CHANGES.items(), RULES)


@pytest.fixture(scope="module")
def house(bed: Bed) -> Iterator[Clinic]:
    with ended(bed):
        made = Clinic(bed, HOT)
        for name in PHRASES:
            tone(made.instance.prompts / "en" / f"{name}.wav", 500, 0.3)
        made.start_daemon()
        for agent in ("ana", "fay"):
            bed.clinicpbx("agent", "pin", agent, given=PIN + "\n")
        yield made


@pytest.fixture(autouse=True)
async def tidy(house: Clinic) -> AsyncIterator[None]:
    await house.ready()
    yield
    await house.empty()
    if not house.bed.programs["daemon"].alive:
        house.start_daemon()
        await house.ready(15)
    for name in ("ana", "ben", "fay"):
        house.ask("agent.logout", agent=name)
    house.ask("queue.mode", queue="desk", mode="open")


async def dials(house: Clinic, phone: Phone, code: str, *keys: str) -> None:
    """Dial *code*, press *keys* one after the other, and hear it to its end."""
    await phone.call(f"sip:{code}@{house.bed.sip}")
    await phone.expect("connected")
    for some in keys:
        await press(phone, some)
    await phone.expect("disconnected", 15)


def agent(house: Clinic, name: str) -> dict[str, Any]:
    return next(row for row in house.ask("agents") if row["agent"] == name)


def at(house: Clinic, name: str) -> tuple[str, str]:
    """Where the agent is, and whether that is a hot desk."""
    row = agent(house, name)
    return row["phone"], row["desk"]


def lamps(house: Clinic, *names: str) -> list[str]:
    """The states of hints, as Asterisk tells phones."""
    lines = house.bed.rx("core show hints").splitlines()
    found = {line.partition("@")[0].strip(): line.partition("State:")[2].split()[0] for line in lines if "@" in line}
    return [found[name] for name in names]


async def shows(house: Clinic, **wanted: str) -> None:
    names = [name.replace("login_", "*45").replace("mode_", "*42") for name in wanted]
    await eventually(lambda: lamps(house, *names) == list(wanted.values()))


def audited(house: Clinic, action: str) -> list[tuple[str, str]]:
    """Who did so with what, of entries that wait for the database."""
    return [(one.entry.actor, one.entry.object) for one in waiting(house.instance) if one.entry.action == action]


async def asks_for_the_desk(house: Clinic, patient: Phone) -> None:
    await patient.call(house.number)
    await patient.expect("connected")
    await eventually(lambda: house.steps() == ["menu"])
    await press(patient, "1")


async def test_a_phone_is_the_desk_of_whoever_logs_in_there(house: Clinic, phones: Phones) -> None:
    spare, patient = await house.desk(phones, "204"), await house.caller(phones)
    await shows(house, login_204="Idle", login_4502="Idle")
    await dials(house, spare, "*45", "4502#", f"{PIN}#")
    assert (agent(house, "fay")["state"], at(house, "fay")) == ("free", ("204", "hot"))
    await shows(house, login_204="InUse", login_4502="InUse")
    house.bed.programs["daemon"].kill()
    house.start_daemon()
    await house.ready(15)
    await eventually(lambda: house.agent("fay") == "free")
    assert at(house, "fay") == ("204", "hot")
    await asks_for_the_desk(house, patient)
    await spare.expect("incoming", 10)
    await spare.answer()
    await eventually(lambda: house.agent("fay") == "talking")
    await patient.hangup()
    await spare.expect("disconnected")
    await eventually(lambda: house.agent("fay") == "free")
    manager = await house.desk(phones, "202")
    await dials(house, manager, "*454502", f"{PIN}#")
    assert (at(house, "fay"), at(house, "ben")) == (("202", "hot"), ("", ""))
    await shows(house, login_204="Idle", login_202="InUse", login_4502="InUse")
    await dials(house, manager, "*45")
    assert (agent(house, "fay")["state"], at(house, "ben")) == ("logged out", ("202", ""))
    await shows(house, login_202="Idle", login_4502="Idle")


async def test_a_wrong_pin_and_a_number_that_is_nobodys_are_the_same_and_noted(house: Clinic, phones: Phones) -> None:
    spare, before = await house.desk(phones, "204"), len(audited(house, "agent.pin_refused"))
    await dials(house, spare, "*454502", "1111#", "1111#", "1111#")
    await dials(house, spare, "*45", "4599#", f"{PIN}#", "4599#", f"{PIN}#", "4502#", "1112#")
    refused = audited(house, "agent.pin_refused")[before:]
    assert refused == [("phone:204", "fay")] * 3 + [("phone:204", "unknown")] * 2 + [("phone:204", "fay")]
    assert agent(house, "fay")["state"] == "logged out"


async def test_nobody_is_driven_from_a_desk(house: Clinic, phones: Phones) -> None:
    desk = await house.desk(phones, "201")
    house.ask("agent.login", agent="fay", phone="201")
    await dials(house, desk, "*454501", f"{PIN}#")
    assert (at(house, "fay"), at(house, "ana")) == (("201", "hot"), ("", ""))
    told = house.bed.clinicpbx("agent", "login", "ana", "--phone", "201", check=False)
    assert (told.returncode, "fay is logged in at 201" in told.stderr) == (1, True)
    told = house.bed.clinicpbx("agent", "login", "ana", check=False)
    assert "ana has no phone now" in told.stderr


async def test_a_supervisors_phone_closes_a_queue_and_without_the_daemon_it_is_closed_still(
    house: Clinic, phones: Phones
) -> None:
    desk, manager = await house.desk(phones, "201", auto_answer={"after": 0.1}), await house.desk(phones, "202")
    spare, patient = await house.desk(phones, "204"), await house.caller(phones)
    house.ask("agent.login", agent="fay", phone="204")
    await dials(house, desk, "*42300")  # may not
    assert [row["mode"] for row in house.ask("queues")] == ["open"]
    await dials(house, manager, "*42300", "3", "2")
    [row] = house.ask("queues")
    assert (row["mode"], row["by"]) == ("closed", "ben")
    await shows(house, mode_300="InUse")
    house.bed.programs["daemon"].kill()
    await asyncio.sleep(6)  # until the dialplan sees that nobody beats
    await patient.call(house.number)
    await patient.expect("connected")
    await eventually(lambda: list(house.instance.recordings.rglob("*.ulaw")), 15)
    assert "incoming" not in [event["event"] for event in (*desk.heard, *spare.heard)]
    await patient.hangup()
    house.start_daemon()
    await house.ready(15)
    await dials(house, manager, "*42300", "1")
    assert [row["mode"] for row in house.ask("queues")] == ["open"]
    await shows(house, mode_300="Idle")
    house.bed.programs["daemon"].kill()
    await desk.auto_answer(code=486)
    await asyncio.sleep(6)
    await patient.call(house.number)
    await spare.expect("incoming", 10)
    await spare.answer()
    await spare.expect("connected")
