"""What strangers send as their name and number changes nothing but the record of their own call."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest

from clinicpbx.demo.phones import Phones
from tests.support.bed import eventually
from tests.support.harbor import NURSES, RULES, Harbor, Patient
from tests.support.plaintext import outside, traces

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
async def nobody_left(harbor: Harbor) -> AsyncIterator[None]:
    harbor.in_force(RULES)
    await harbor.ready()
    yield
    await harbor.home_time()


def escaped(text: str) -> str:
    """*text* as the user of a SIP URI."""
    return quote(text, safe="()")


def senders(trap: Path, host: str) -> dict[str, str]:
    """From headers that mean harm, by what they try; *trap* is a file that no dialplan function may make."""
    shell = f"${{SHELL(touch {trap})}}"
    return {
        "evaluate": f'"{shell}" <sip:{escaped(shell)}@{host}>',
        "dial more": f'"A&PJSIP/phone-206" <sip:1&PJSIP%2fphone-206@{host}>',
        "arguments": f'"a,b,c),n,System(touch {trap})" <sip:1,2,3@{host}>',
        "markup": f'"<script>alert(1)</script>" <sip:%3cscript%3e@{host}>',
        "lines": f'"one" <sip:+1207555%0d%0aX-Evil:%20yes@{host}>',
        "quotes": f'"\\"; DROP TABLE interaction; --" <sip:%22%27%60@{host}>',
        "formula": f'"=cmd|calc" <sip:=1+1@{host}>',
        "long": f'"{"N" * 300}" <sip:{"7" * 300}@{host}>',
        "nobody": f'"" <sip:anonymous@{host}>',
    }


async def harmed(harbor: Harbor, patient: Patient, sender: str) -> list[str]:
    """Call the nurses as *sender* and talk to one; what was heard."""
    await patient.call(NURSES, sender)
    await eventually(lambda: any(call["step"] == "language" for call in harbor.ask("calls")))
    await asyncio.sleep(0.4)  # to hear what is asked
    await patient.phone.dtmf("1")
    await eventually(lambda: harbor.agent("dora") == "talking", 20)
    assert harbor.channels() == 2, f"{sender} made a channel of its own"
    await asyncio.sleep(1.2)
    await patient.phone.hangup()
    await patient.phone.expect("recorded")
    await eventually(lambda: harbor.agent("dora") == "free", 10)
    return patient.heard()


async def test_hostile_callers_reach_a_nurse_and_nothing_else(harbor: Harbor, phones: Phones) -> None:
    trap = harbor.instance.home / "trapped"
    before = len(harbor.records())
    hostile = senders(trap, harbor.trunk)
    heard = ["en/choose-language", "voice/dora"]
    async with harbor.at_work(phones, "dora"):
        manager = await harbor.desk(phones, "206")
        for sender in hostile.values():
            assert await harmed(harbor, await harbor.patient(phones, ""), sender) == heard, sender
        assert not any(event["event"] == "incoming" for event in manager.heard)
    assert not trap.exists()
    await eventually(lambda: len(harbor.records()) >= before + len(hostile), 20)
    records = harbor.records()[before:]
    assert len(records) == len(hostile)
    assert {(row["outcome"], row["agent"], row["did"]) for row in records} == {("answered", "204", NURSES)}
    assert all(len(row["number_raw"]) <= 64 and row["number_raw"].isprintable() for row in records)
    assert {row["number"] for row in records} == {""}, "what is no number is not made one"

    shown = harbor.bed.clinicpbx("calls", "list", "--unmask").stdout
    assert all(character.isprintable() for line in shown.splitlines() for character in line)
    assert len(json.loads(harbor.bed.clinicpbx("calls", "list", "--unmask", "--json").stdout)) >= len(hostile)
    for sign in (b"SHELL(", b"<script>", b"DROP TABLE"):
        assert [path for path in traces(harbor.instance, sign) if not outside(path)] == []


async def test_a_phone_that_sends_and_dials_harm_gets_what_it_may(harbor: Harbor, phones: Phones) -> None:
    trap = harbor.instance.home / "trapped"
    async with harbor.at_work(phones, "dora"):
        manager = await harbor.desk(phones, "206")
        for dialled in (
            f"%24%7BSHELL(touch%20{trap})%7D".replace("/", "%2f"),
            "301&PJSIP%2fphone-205",
            "301,1)",
            "%0d%0a",
        ):
            await manager.call(f"sip:{dialled}@{harbor.bed.sip}")
            assert (await manager.expect("disconnected"))["code"] == 404, dialled
        assert harbor.channels() == 0
        sender = f'"${{SHELL(touch {trap})}}" <sip:phone-206@{harbor.bed.sip}>'
        await manager.call(f"sip:301@{harbor.bed.sip}", sender=sender)
        await eventually(lambda: harbor.agent("dora") == "talking", 20)
        assert harbor.channels() == 2
        await manager.hangup()
    assert not trap.exists()
    record = await eventually(lambda: [row for row in harbor.records("206") if row["dialled"] == "301"], 10)
    assert {(row["kind"], row["outcome"]) for row in record} == {("internal", "internal")}
