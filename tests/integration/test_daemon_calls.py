"""Whole calls through the daemon on a real Asterisk."""

import asyncio
import json
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from clinicpbx.demo.phones import Phones
from tests.support.bed import Bed, eventually
from tests.support.clinic_bed import DID, Clinic, clinic
from tests.support.wire import overheard

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def house(bed: Bed) -> Iterator[Clinic]:
    with clinic(bed) as made:
        yield made


@pytest.fixture(autouse=True)
async def running(house: Clinic) -> AsyncIterator[None]:
    if "daemon" not in house.bed.programs or not house.bed.programs["daemon"].alive:
        house.start_daemon()
    await house.ready()
    yield
    await house.empty()


def facts(house: Clinic) -> list[str]:
    with sqlite3.connect(house.instance.journal) as db:
        return [kind for (kind,) in db.execute("SELECT kind FROM fact ORDER BY id")]


def outcomes(house: Clinic) -> list[str]:
    with sqlite3.connect(house.instance.journal) as db:
        return [json.loads(body)["outcome"] for (body,) in db.execute("SELECT body FROM fact WHERE kind = 'ended'")]


async def test_a_key_leads_to_the_next_step_and_the_hang_up_ends_the_call(house: Clinic, phones: Phones) -> None:
    caller = await house.caller(phones)
    await caller.call(house.number)
    await caller.expect("connected")
    await eventually(lambda: house.steps() == ["menu"])
    await caller.dtmf("3")
    await eventually(lambda: house.steps() == ["about"])
    await eventually(lambda: house.steps() == ["menu"])
    await caller.hangup()
    await eventually(lambda: house.ask("calls") == [])
    await eventually(lambda: facts(house)[-1:] == ["ended"])
    assert {"arrived", "step", "left", "menu", "heard", "ended"} <= set(facts(house))
    assert outcomes(house)[-1] == "informed"


async def test_who_hangs_up_while_the_information_is_spoken_was_not_informed(house: Clinic, phones: Phones) -> None:
    before = len(outcomes(house))
    caller = await house.caller(phones)
    await caller.call(house.number)
    await eventually(lambda: house.steps() == ["menu"])
    await caller.dtmf("3")
    await eventually(lambda: house.steps() == ["about"])
    await caller.hangup()
    await eventually(lambda: len(outcomes(house)) > before)
    assert outcomes(house)[-1] == "abandoned"


async def test_a_queued_caller_reaches_the_agent(house: Clinic, phones: Phones) -> None:
    desk = await house.desk(phones, "201", auto_answer={"after": 0.1})
    house.ask("agent.login", agent="ana")
    caller = await house.caller(phones)
    with overheard(house.trunk) as told:
        await caller.call(house.number)
        await eventually(lambda: house.steps() == ["menu"])
        await caller.dtmf("1")
        await desk.expect("connected")
        await eventually(lambda: house.agent("ana") == "talking")
        await asyncio.sleep(0.5)  # what the carrier is told of the agent comes after the answer
        await caller.hangup()
        await eventually(lambda: house.ask("calls") == [])
    assert any(packet.startswith(b"SIP/2.0 200") for packet in told)
    assert [packet for packet in told if b"Desk one" in packet or b"sip:201@" in packet] == [], "no agent's name"
    await eventually(lambda: house.agent("ana") == "free")
    house.ask("agent.logout", agent="ana")


async def test_a_message_is_sealed_and_nothing_of_it_stays_in_clear(house: Clinic, phones: Phones) -> None:
    before = len(list((house.instance.vault / "desk").glob("*.cpx")))
    caller = await house.caller(phones)
    await caller.call(house.number)
    await eventually(lambda: house.steps() == ["menu"])
    await caller.dtmf("2")
    await eventually(lambda: list(house.instance.recordings.glob("*.ulaw")) and True)
    await caller.play(house.instance.prompts / "en" / "menu.wav", loop=True)
    await eventually(lambda: list((house.instance.vault / "desk").glob("*.part")) and True)
    await asyncio.sleep(1.2)  # of speech
    await caller.hangup()
    await eventually(lambda: len(list((house.instance.vault / "desk").glob("*.cpx"))) > before, 8)
    assert not list(house.instance.recordings.glob("*.ulaw"))


async def test_new_rules_are_for_new_calls_and_broken_ones_for_none(house: Clinic, phones: Phones) -> None:
    before = (house.instance.versions / "000001" / "rules" / "clinic.yaml").read_text()
    caller = await house.caller(phones)
    await caller.call(house.number)
    await eventually(lambda: house.steps() == ["menu"])
    house.put_in_force("000002", before.replace("pick_up: {answer: , then: menu}", "pick_up: {answer: , then: about}"))
    assert house.ask("rules.reload") == {"version": "000002"}
    assert [call["version"] for call in house.ask("calls")] == ["000001"]
    second = await phones.phone("second", house.trunk, 5062)
    await second.call(house.number)
    await eventually(lambda: sorted(house.steps()) == ["about", "menu"])

    broken = house.instance.versions / "000003" / "rules" / "clinic.yaml"
    broken.parent.mkdir(parents=True)
    broken.write_text("flows: nothing")
    house.instance.current.unlink()
    house.instance.current.symlink_to("000003")
    with pytest.raises(AssertionError, match=r"clinic\.yaml"):
        house.ask("rules.reload")
    assert house.ask("status")["rules"] == "000002"
    house.put_in_force("000001", before)
    house.ask("rules.reload")


@pytest.mark.parametrize(
    ("name", "left"),
    [("A, x)(b):0:1;${SHELL(id)}&" + "n" * 100, "A"), ("A.;${b}&" + "n" * 100, "A.b" + "n" * 71)],
    ids=["brackets", "long"],
)
async def test_what_a_stranger_calls_himself_is_made_harmless(
    house: Clinic, tmp_path: Path, name: str, left: str
) -> None:
    usual = subprocess.run(["sipp", "-sd", "uac"], capture_output=True, text=True, check=False).stdout  # exits with 99
    assert "From: sipp <sip:sipp@" in usual
    hostile = tmp_path / "hostile.xml"
    hostile.write_text(usual.replace("From: sipp <sip:sipp@", f'From: "{name}" <sip:1555%2C%29%0D%0A77@'))
    before = len(house.bed.cel())
    counts = await house.bed.sipp(hostile, "-i", house.trunk, "-mi", house.trunk, "-p", "5072", to=DID, calls=1)
    assert counts.successful == 1
    await eventually(lambda: any(row["eventtype"] == "CHAN_END" for row in house.bed.cel()[before:]))
    [answered] = [row for row in house.bed.cel()[before:] if row["eventtype"] == "ANSWER"]
    assert (answered["num"], answered["name"]) == ("155577", left)
