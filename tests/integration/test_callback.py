"""Called back instead of holding: the place is kept, an agent is reserved first, one live attempt, a known outcome."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

from clinicpbx.demo.phones import Phone, Phones
from tests.support.bed import Bed, eventually
from tests.support.clinic_bed import DID, RULES, Clinic, ended, press
from tests.support.sound import tone

pytestmark = pytest.mark.integration
PATIENT = "+12075550142"
FLOW = """\
  main:
    steps:
      pick_up: {answer: , then: desk}
      desk:
        enqueue: {queue: desk, limit: 5m, greeting: wait-greeting, comfort: wait-callback}
        next: {overflow: message, unstaffed: message, 1: again}
      again: {callback: {queue: desk, again: 5s, tries: 2}, next: {done: bye, no_number: desk}}
      message: {voicemail: {mailbox: desk, confirm_number: false}, next: {done: bye, empty: bye}}
      bye: {hangup: }
""".replace("{", "{{").replace("}", "}}")
SPOKEN = ("wait-greeting", "wait-callback", "number-is", "number-confirm", "callback-kept", "called-back",
          "callback-brief", "callback-reached", "callback-unreached")  # fmt: skip


@pytest.fixture(scope="module")
def house(bed: Bed) -> Iterator[Clinic]:
    with ended(bed):
        text = RULES.replace("agents:\n", 'extensions: {{"300": {{queue: desk}}}}\nagents:\n', 1)
        made = Clinic(bed, text[: text.index("  main:\n    steps:")] + FLOW)
        for number, name in enumerate(SPOKEN):
            tone(made.instance.prompts / "en" / f"{name}.wav", 400 + 60 * number, 0.5)
        made.start_daemon()
        bed.run("listener")
        yield made


@pytest.fixture(autouse=True)
async def tidy(house: Clinic) -> AsyncIterator[None]:
    await house.ready()
    for name in ("ana", "ben"):
        house.ask("agent.login", agent=name)
        house.ask("agent.unpause", agent=name)
    yield
    await house.empty()
    for row in house.ask("callbacks"):
        await eventually(lambda row=row: state(house, row["callback"]) not in ("offered", "live"), 10)
        if state(house, row["callback"]):
            house.ask("callback.close", callback=row["callback"], outcome="end of the test")


def state(house: Clinic, callback: str) -> str:
    return next((row["state"] for row in house.ask("callbacks") if row["callback"] == callback), "")


def only(house: Clinic) -> dict[str, Any]:
    (row,) = house.ask("callbacks")
    return dict(row)


def ended_by(house: Clinic, callback: str) -> list[str]:
    """What the record of the call in which it was promised is told."""
    with closing(sqlite3.connect(house.instance.journal, timeout=10)) as journal:
        call = callback.rpartition(".")[0]
        wanted = "SELECT body FROM fact WHERE call = ? AND kind = 'callback_ended' ORDER BY id"
        return [json.loads(body)["outcome"] for (body,) in journal.execute(wanted, (call,))]


def told(house: Clinic, callback: str) -> list[dict[str, str]]:
    """What people are to be told of the call-back."""
    with closing(sqlite3.connect(house.instance.journal, timeout=10)) as journal:
        rows = journal.execute("SELECT body FROM fact WHERE kind = 'notify' ORDER BY id")
        return [body for body in map(json.loads, (row[0] for row in rows)) if body["about"] == callback]


async def asks(house: Clinic, patient: Phone) -> str:
    """*patient* waits, asks to be called back, and hangs up; the call-back."""
    await patient.call(house.number, sender=f"<sip:{PATIENT}@{house.trunk}>")
    await patient.expect("connected")
    await eventually(lambda: house.steps() == ["desk"])
    await press(patient, "1")
    await eventually(lambda: house.steps() == ["again"])
    await press(patient, "1")
    await patient.expect("disconnected", 10)
    return str(only(house)["callback"])


async def parties(house: Clinic, phones: Phones) -> tuple[Phone, Phone]:
    """A patient and the desk of ana; ben's phone is there, and never asked: he is paused."""
    patient, desk = await house.caller(phones), await house.desk(phones, "201")
    await eventually(lambda: house.agent("ana") == "free")
    house.ask("agent.pause", agent="ana", reason="no answer")
    house.ask("agent.logout", agent="ben")
    return patient, desk


async def test_the_agent_is_reserved_first_then_the_patient_is_rung(house: Clinic, phones: Phones) -> None:
    since = datetime.now(UTC)
    patient, desk = await parties(house, phones)
    callback = await asks(house, patient)
    assert (state(house, callback), only(house)["number"]) == ("waiting", "…42")
    house.ask("agent.unpause", agent="ana")
    await desk.expect("incoming", 5)
    assert (house.agent("ana"), state(house, callback)) == ("offered", "offered")
    await desk.answer()
    await desk.expect("connected")
    await eventually(lambda: house.agent("ana") == "talking", 5)
    rung = await patient.expect("incoming", 10)
    assert DID in rung["from"], "the clinic's number"
    await patient.answer()
    await patient.expect("connected")
    await press(patient, "1")
    await eventually(house.bridged, 5)
    await patient.hangup()
    await eventually(lambda: not house.ask("calls")[0]["in_dialplan"], 5)  # asked whether the patient was reached
    await press(desk, "1")
    await desk.expect("disconnected", 10)
    await eventually(lambda: not house.ask("callbacks"))
    await eventually(lambda: house.agent("ana") == "free")
    await eventually(lambda: ended_by(house, callback) == ["reached"], 5)
    first, second = await house.recorded(since, 2)
    assert (first["outcome"], first["kind"]) == ("callback", "inbound")
    assert (second["kind"], second["agent"]) == ("outbound", "201")


async def test_a_machine_that_answers_presses_no_key_and_it_is_tried_again_until_a_person_is_told(
    house: Clinic, phones: Phones
) -> None:
    patient, desk = await parties(house, phones)
    callback = await asks(house, patient)
    await patient.auto_answer(after=0.1)
    house.ask("agent.unpause", agent="ana")
    for attempt in (1, 2):
        await desk.expect("incoming", 15)
        await desk.answer()
        await desk.expect("connected")
        await patient.expect("connected", 10)
        await desk.expect("disconnected", 30)
        wanted = "later" if attempt == 1 else "unreached"
        await eventually(lambda wanted=wanted: state(house, callback) == wanted)  # type: ignore[misc]
        assert (only(house)["tried"], only(house)["outcome"]) == (attempt, "busy")
    assert house.ask("callback.number", callback=callback) == PATIENT
    house.ask("callback.close", callback=callback, outcome="written to")
    assert house.ask("callbacks") == []
    await eventually(lambda: ended_by(house, callback) == ["busy", "written to"], 5)
    assert told(house, callback) == [{"kind": "callback_unreached", "about": callback}]


async def test_an_agent_who_does_not_answer_costs_the_patient_nothing(house: Clinic, phones: Phones) -> None:
    patient, desk = await parties(house, phones)
    callback = await asks(house, patient)
    house.ask("agent.unpause", agent="ana")
    await desk.expect("incoming", 5)
    await desk.answer(486)
    await eventually(lambda: state(house, callback) == "waiting")
    assert house.agent("ana") == "resting"
    assert only(house)["tried"] == 0
    other = await house.desk(phones, "202")
    house.ask("agent.login", agent="ben")
    await other.expect("incoming", 5)
    await other.answer()
    await other.expect("connected")
    await patient.expect("incoming", 10)
    await other.hangup()  # before the patient answers
    await patient.expect("disconnected", 5)
    await eventually(lambda: state(house, callback) == "later")
    assert only(house)["tried"] == 0


async def called_back(house: Clinic, patient: Phone, desk: Phone) -> str:
    """Ana talks with the *patient* whom she called back; her call."""
    await asks(house, patient)
    house.ask("agent.unpause", agent="ana")
    first = str((await desk.expect("incoming", 5))["call"])
    await desk.answer()
    await desk.expect("connected")
    await press(desk, "1")
    await patient.expect("incoming", 10)
    await patient.answer()
    await patient.expect("connected")
    await press(patient, "1")
    await eventually(house.bridged, 5)
    return first


@pytest.mark.parametrize("when", ["waiting", "ringing", "talking"])
async def test_a_colleague_is_asked_about_a_patient_who_was_called_back(
    house: Clinic, phones: Phones, when: str
) -> None:
    since = datetime.now(UTC)
    patient, desk = await parties(house, phones)
    ben = await house.desk(phones, "202")
    first = await called_back(house, patient, desk)
    await desk.do("hold", call=first)
    if when != "waiting":
        house.ask("agent.login", agent="ben")
    second = await desk.call(f"sip:300@{house.bed.sip}")
    if when == "waiting":
        await eventually(lambda: len(house.ask("callers", queue="desk")) == 1)
        assert house.ask("callers", queue="desk")[0]["waited"] > 1, "the place is the patient's"
    else:
        rings = (await ben.expect("incoming", 5))["call"]
    if when == "talking":
        await ben.answer(call=rings)
        await eventually(lambda: house.agent("ben") == "talking", 10)
    house.ask("agent.pause", agent="ana", reason="no answer")  # she is free with the transfer
    await desk.attended(first, second)
    await desk.expect("disconnected")
    if when == "waiting":
        await asyncio.sleep(1.5)  # longer than it takes to see that a call was taken from us
        house.ask("agent.login", agent="ben")
        rings = (await ben.expect("incoming", 5))["call"]
    if when != "talking":
        await ben.answer(call=rings)
    await eventually(lambda: house.agent("ben") == "talking" and house.bridged(), 10)
    await eventually(lambda: not house.ask("callbacks"), 5)
    assert house.channels() == 2
    await patient.hangup()
    await ben.expect("disconnected", 5)
    made = (await house.recorded(since, 2))[1]
    assert (made["kind"], made["agent"], made["language"]) == ("outbound", "201", "en")
    with closing(sqlite3.connect(house.instance.database, timeout=10)) as database:
        wanted = "SELECT queue, outcome, agent FROM queue_entry WHERE call = ?"
        assert database.execute(wanted, (made["call"],)).fetchall() == [("desk", "answered", "202")]


async def test_it_outlasts_the_daemon_at_every_stage_and_is_never_made_twice(house: Clinic, phones: Phones) -> None:
    patient, desk = await parties(house, phones)
    callback = await asks(house, patient)

    async def killed() -> None:
        house.bed.programs["daemon"].kill()
        house.start_daemon()
        await house.ready(15)

    await killed()
    assert state(house, callback) == "waiting"
    house.ask("agent.unpause", agent="ana")
    await desk.expect("incoming", 5)
    await killed()  # while the agent's phone rings
    assert state(house, callback) in ("waiting", "offered")
    await desk.answer(486)
    await desk.expect("incoming", 20)
    await desk.answer()
    await desk.expect("connected")
    await patient.expect("incoming", 10)
    await killed()  # while the patient's phone rings
    await patient.answer()
    await patient.expect("connected")
    await press(patient, "1")
    await eventually(house.bridged, 5)
    assert state(house, callback) == "live"
    await desk.hangup()
    await eventually(lambda: not house.ask("callbacks"), 10)


async def test_who_calls_again_has_the_place_and_is_not_called_back(house: Clinic, phones: Phones) -> None:
    patient, desk = await parties(house, phones)
    callback = await asks(house, patient)
    asked = only(house)["asked"]
    assert await asks(house, patient) == callback, "one for one number"
    assert only(house)["asked"] == asked

    async def calls_again() -> None:
        await patient.call(house.number, sender=f"<sip:{PATIENT}@{house.trunk}>")
        await patient.expect("connected")
        await eventually(lambda: state(house, callback) == "calling")

    await calls_again()
    await patient.hangup()
    await eventually(lambda: state(house, callback) == "waiting", 5)
    await calls_again()
    await desk.auto_answer(after=0.1)
    house.ask("agent.unpause", agent="ana")
    await eventually(lambda: house.agent("ana") == "talking", 10)
    await patient.hangup()
    await eventually(lambda: not house.ask("callbacks"), 5)
