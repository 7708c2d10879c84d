"""Feature codes from real phones: one queue, a reason, the time after a call, a count; and supervisors who listen."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

from clinicpbx.core.callflow.phrases import PHRASES
from clinicpbx.demo.phones import Phone, Phones
from tests.support.bed import Bed, eventually
from tests.support.clinic_bed import RULES, Clinic, ended, press
from tests.support.sound import pitch, tone

pytestmark = pytest.mark.integration
CHANGES = {
    "name: Desk two, location: desk": "name: Manager, location: desk, supervises: desk",
    "queues: {{desk: {{ring: 5s, wrap_up: 0s}}}}": "queues: {{desk: {{ring: 5s, wrap_up: 20s, whisper: desk-call}}, "
    'other: {{}}}}\nextensions: {{"300": {{queue: desk}}, "301": {{queue: other}}}}\n'
    "pause_reasons: {{1: lunch, 2: meeting}}\ndispositions: {{1: resolved, 2: referred}}",
    "prompts:\n": "prompts:\n  desk-call: {{en: A call for the desk}}\n",
    'phone: "201", queues: [desk]': 'phone: "201", queues: [desk, other]',
}
MORE = reduce(lambda text, change: text.replace(*change), CHANGES.items(), RULES)


@pytest.fixture(scope="module")
def house(bed: Bed) -> Iterator[Clinic]:
    with ended(bed):
        made = Clinic(bed, MORE)
        for name in PHRASES:
            tone(made.instance.prompts / "en" / f"{name}.wav", 500, 0.4)
        tone(made.instance.prompts / "en" / "desk-call.wav", 1300, 3.0)
        made.start_daemon()
        yield made


@pytest.fixture(autouse=True)
async def tidy(house: Clinic) -> AsyncIterator[None]:
    await house.ready()
    nobody_works(house)
    yield
    await house.empty()
    nobody_works(house)


def nobody_works(house: Clinic) -> None:
    for name in ("ana", "ben"):
        house.ask("agent.unpause", agent=name)
        house.ask("agent.logout", agent=name)


async def dials(house: Clinic, phone: Phone, code: str) -> None:
    """Dial *code*, and hear it to its end."""
    await phone.call(f"sip:{code}@{house.bed.sip}")
    await phone.expect("connected")
    await phone.expect("disconnected", 10)


def agent(house: Clinic, name: str = "ana") -> dict[str, Any]:
    return next(row for row in house.ask("agents") if row["agent"] == name)


def lamp(house: Clinic, name: str) -> str:
    """The state of a hint, as Asterisk tells phones."""
    lines = house.bed.rx("core show hints").splitlines()
    line = next(line for line in lines if line.startswith(f"{name}@"))
    return line.partition("State:")[2].split()[0]


async def shows(house: Clinic, **lamps: str) -> None:
    """Each lamp (`login_201`) is in that state, or soon will be: it follows the change."""
    named = {name.replace("login_", "*45").replace("pause_", "*46"): state for name, state in lamps.items()}
    await eventually(lambda: {name: lamp(house, name) for name in named} == named)


def facts(house: Clinic, kind: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(house.instance.journal, timeout=10)) as journal:
        found = journal.execute("SELECT call, body FROM fact WHERE kind = ? ORDER BY id", (kind,)).fetchall()
    return [{"call": call, **json.loads(body)} for call, body in found]


async def test_codes_change_what_they_say_and_the_lamps_show_it(house: Clinic, phones: Phones) -> None:
    desk = await house.desk(phones, "201")
    await shows(house, login_201="Idle")
    await dials(house, desk, "*45300")
    assert (agent(house)["state"], agent(house)["queues"]) == ("free", ["desk"])
    await shows(house, login_201="InUse", pause_201="Idle")
    await dials(house, desk, "*45301")
    assert agent(house)["queues"] == ["desk", "other"]
    await dials(house, desk, "*45300")
    assert agent(house)["queues"] == ["other"]
    await dials(house, desk, "*461")
    assert (agent(house)["state"], agent(house)["reason"]) == ("paused", "lunch")
    await shows(house, pause_201="InUse")
    await dials(house, desk, "*462")
    assert agent(house)["reason"] == "meeting"
    await dials(house, desk, "*46")
    assert agent(house)["state"] == "free"
    await shows(house, pause_201="Idle")
    await dials(house, desk, "*47300")
    await dials(house, desk, "*441")  # no call yet: says so
    assert facts(house, "disposition") == []
    house.bed.programs["daemon"].kill()
    house.start_daemon()
    await house.ready(15)
    await eventually(lambda: agent(house)["state"] == "free")
    assert agent(house)["queues"] == ["other"]
    await shows(house, login_201="InUse")


async def talk(house: Clinic, phones: Phones) -> tuple[Phone, Phone, Phone]:
    """A patient who talks with ana, and the manager's phone."""
    desk, manager = await house.desk(phones, "201", auto_answer={"after": 0.1}), await house.desk(phones, "202")
    patient = await house.caller(phones)
    house.ask("queue.add", agent="ana", queue="desk")
    house.ask("agent.login", agent="ana")
    if house.agent("ana") == "wrap-up":  # after the call of an earlier test
        await dials(house, desk, "*48")
    await eventually(lambda: house.agent("ana") == "free")
    await patient.call(house.number)
    await patient.expect("connected")
    await eventually(lambda: house.steps() == ["menu"])
    await press(patient, "1")
    await eventually(lambda: house.agent("ana") == "talking", 10)
    return patient, desk, manager


async def test_the_time_after_a_call_and_what_came_of_it(house: Clinic, phones: Phones) -> None:
    patient, desk, _ = await talk(house, phones)
    call = agent(house)["call"]
    await patient.hangup()
    await eventually(lambda: house.agent("ana") == "wrap-up", 5)
    await dials(house, desk, "*442")
    await eventually(lambda: facts(house, "disposition"), 5)
    assert facts(house, "disposition") == [{"call": call, "agent": "ana", "disposition": "referred"}]
    await dials(house, desk, "*49")
    assert house.agent("ana") == "wrap-up"
    await dials(house, desk, "*48")
    await eventually(lambda: house.agent("ana") == "free", 5)


@pytest.mark.parametrize(
    ("code", "by_agent", "by_patient"), [("*50", False, False), ("*51", True, False), ("*52", True, True)]
)
async def test_supervisors_hear_whisper_and_join_and_it_is_noted(
    house: Clinic, phones: Phones, tmp_path: Path, code: str, by_agent: bool, by_patient: bool
) -> None:
    patient, desk, manager = await talk(house, phones)
    tone(tmp_path / "patient.wav", 600, 6)
    tone(tmp_path / "manager.wav", 1100, 6)
    before = len(facts(house, "supervised"))
    await manager.call(f"sip:{code}201@{house.bed.sip}")
    await manager.expect("connected")
    await eventually(lambda: house.in_context("cpbx-supervise") == 1)
    for phone in (patient, desk, manager):
        await phone.record(tmp_path / f"{phone.name}.heard.wav")
    await manager.play(tmp_path / "manager.wav", loop=True)
    await asyncio.sleep(1.5)  # so long the recordings are: what was heard is measured on them
    heard = {phone.name: tmp_path / f"{phone.name}.heard.wav" for phone in (patient, desk, manager)}
    await patient.hangup()
    await manager.expect("disconnected", 10)  # with the call
    for phone in (patient, desk):
        await phone.expect("recorded", 5)
    assert (near(heard[desk.name], 1100), near(heard[patient.name], 1100)) == (by_agent, by_patient)
    assert len(facts(house, "supervised")) == before + 1
    assert facts(house, "supervised")[-1]["agent"] == "ana"
    await eventually(lambda: len(facts(house, "supervision_ended")) == before + 1, 5)


def near(recorded: Path, hertz: int) -> bool:
    """Whether what was heard is that tone."""
    return abs(pitch(recorded) - hertz) < 50


async def test_a_phone_without_permission_is_told_so_and_that_is_noted(house: Clinic, phones: Phones) -> None:
    desk = await house.desk(phones, "201")
    await dials(house, desk, "*50201")
    assert facts(house, "supervision_refused")[-1]["by"] == "201"


async def test_the_agent_hears_what_the_call_is_and_the_patient_does_not(
    house: Clinic, phones: Phones, tmp_path: Path
) -> None:
    desk, patient = await house.desk(phones, "201"), await house.caller(phones)
    house.ask("queue.add", agent="ana", queue="desk")
    house.ask("agent.login", agent="ana")
    await patient.call(house.number)
    await patient.expect("connected")
    await eventually(lambda: house.steps() == ["menu"])
    await press(patient, "1")
    await desk.expect("incoming", 30)
    await desk.answer()
    await desk.expect("connected")
    for phone in (desk, patient):
        await phone.record(tmp_path / f"{phone.name}.wav")
    assert house.agent("ana") == "offered", "the call is theirs once that is said"
    await eventually(lambda: house.agent("ana") == "talking", 8)
    await patient.hangup()
    for phone in (desk, patient):
        await phone.expect("recorded", 5)
    assert near(tmp_path / f"{desk.name}.wav", 1300)
    assert not near(tmp_path / f"{patient.name}.wav", 1300)


async def test_a_call_that_is_sent_back_twice_is_flagged(house: Clinic, phones: Phones) -> None:
    patient, desk, _ = await talk(house, phones)
    for _ in range(2):
        assert len(facts(house, "bounced")) == 0
        await desk.transfer(f"sip:300@{house.bed.sip}")
        await eventually(lambda: house.agent("ana") == "wrap-up", 10)
        await dials(house, desk, "*48")
        await eventually(lambda: house.agent("ana") == "talking", 10)
    assert [(fact["queue"], fact["times"]) for fact in facts(house, "bounced")] == [("desk", 2)]
    await patient.hangup()
