"""Situations of calls that wait, leave a message or are interrupted."""

import asyncio
from datetime import UTC, datetime, timedelta

from clinicpbx.demo.phones import Phone, Phones
from tests.support.bed import eventually
from tests.support.clinic_bed import press
from tests.support.recorder import SHORT, Stage, situation


async def speaks(stage: Stage, patient: Phone, seconds: float = 3.0) -> None:
    await patient.play(stage.instance.prompts / "en" / "about.wav", loop=True)
    await asyncio.sleep(seconds)


@situation("hung up in the menu")
async def in_menu(stage: Stage, phones: Phones) -> None:
    patient = await stage.calls(phones)
    await stage.step("menu")
    await asyncio.sleep(1)
    await patient.hangup()


@situation("informed")
async def informed(stage: Stage, phones: Phones) -> None:
    patient = await stage.calls(phones, "6")
    await patient.expect("disconnected", 10)


@situation("hung up while the agent hears what it is about")
async def during_whisper(stage: Stage, phones: Phones) -> None:
    (ana,) = await stage.works(phones, "ana")
    patient = await stage.calls(phones, "1")
    await ana.expect("connected", 10)
    await patient.hangup()


@situation("do not disturb then the next agent")
async def not_disturbed(stage: Stage, phones: Phones) -> None:
    (ana,) = await stage.works(phones, "ana", after=0)
    await asyncio.sleep(1)
    await stage.works(phones, "ben")
    patient = await stage.calls(phones, "1")
    await ana.expect("incoming", 10)
    await ana.answer(603)
    await stage.talking("ben")
    await patient.hangup()


@situation("overflow to a second queue")
async def overflow(stage: Stage, phones: Phones) -> None:
    await stage.works(phones, "ana", after=0)
    stage.ask("agent.pause", agent="ana", reason="no answer")
    await stage.works(phones, "dora")
    patient = await stage.calls(phones, line=SHORT)
    await stage.talking("dora")
    await patient.hangup()


@situation("worse and sooner")
async def worse(stage: Stage, phones: Phones) -> None:
    await stage.works(phones, "ana")
    stage.ask("agent.pause", agent="ana", reason="no answer")
    patient = await stage.calls(phones, "1")
    await stage.step("desk")
    await press(patient, "9")
    await stage.step("worse")
    stage.ask("agent.unpause", agent="ana")
    await stage.talking("ana")
    await patient.hangup()


@situation("cut off in the queue", "calls again and has the place")
async def cut_off(stage: Stage, phones: Phones) -> None:
    await stage.works(phones, "ana")
    stage.ask("agent.pause", agent="ana", reason="no answer")
    number = stage.patient_number()
    patient = await stage.calls(phones, "1", number=number)
    await stage.step("desk")
    await asyncio.sleep(1)
    await patient.hangup()
    await eventually(lambda: not stage.ask("calls"))
    await stage.again(patient, "1", number=number)
    await stage.step("desk")
    stage.ask("agent.unpause", agent="ana")
    await stage.talking("ana")
    await patient.hangup()


@situation("nobody logged in")
async def unstaffed(stage: Stage, phones: Phones) -> None:
    patient = await stage.calls(phones, "1")
    await stage.step("message")
    await speaks(stage, patient)
    await patient.hangup()


@situation("queue closed while waiting")
async def closed(stage: Stage, phones: Phones) -> None:
    await stage.works(phones, "ana")
    stage.ask("agent.pause", agent="ana", reason="no answer")
    patient = await stage.calls(phones, "1")
    await stage.step("desk")
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    stage.ask("queue.mode", queue="desk", mode="closed", until=until)
    await stage.step("message")
    await patient.hangup()
    stage.ask("queue.mode", queue="desk", mode="open")


@situation("message left")
async def message(stage: Stage, phones: Phones) -> None:
    patient = await stage.calls(phones, "2")
    await stage.step("message")
    await speaks(stage, patient)
    await press(patient, "#")
    await patient.expect("disconnected", 15)


@situation("message too short")
async def too_short(stage: Stage, phones: Phones) -> None:
    patient = await stage.calls(phones, "2")
    await eventually(lambda: any(stage.instance.recordings.glob("*.ulaw")), 15)
    await asyncio.sleep(0.3)
    await patient.hangup()


@situation("asks for a refill")
async def refill(stage: Stage, phones: Phones) -> None:
    patient = await stage.calls(phones, "8")
    await stage.step("message")
    await speaks(stage, patient)
    await patient.hangup()


@situation("phone leaves a message")
async def phone_leaves_message(stage: Stage, phones: Phones) -> None:
    ben = await stage.desk(phones, "202")
    await stage.dials(ben, "600")
    await ben.expect("connected", 10)
    await speaks(stage, ben)
    await ben.hangup()


@situation("daemon killed in the menu")
async def killed_in_menu(stage: Stage, phones: Phones) -> None:
    await stage.works(phones, "ana")
    patient = await stage.calls(phones)
    await stage.step("menu")
    await stage.killed()
    await stage.step("menu")
    await asyncio.sleep(0.5)
    await press(patient, "1")
    await stage.talking("ana")
    await patient.hangup()


@situation("daemon killed while waiting")
async def killed_while_waiting(stage: Stage, phones: Phones) -> None:
    await stage.works(phones, "ana")
    stage.ask("agent.pause", agent="ana", reason="no answer")
    patient = await stage.calls(phones, "1")
    await stage.step("desk")
    await stage.killed()
    stage.ask("agent.unpause", agent="ana")
    await stage.talking("ana")
    await patient.hangup()


@situation("daemon killed while talking")
async def killed_while_talking(stage: Stage, phones: Phones) -> None:
    (ana,) = await stage.works(phones, "ana")
    patient = await stage.calls(phones, "1")
    await stage.talking("ana")
    await ana.do("hold")
    await asyncio.sleep(0.5)
    await stage.killed()
    await ana.do("unhold")
    await asyncio.sleep(1)
    await patient.hangup()


@situation("hung up while the daemon was away")
async def gone_meanwhile(stage: Stage, phones: Phones) -> None:
    (ana,) = await stage.works(phones, "ana")
    patient = await stage.calls(phones, "1")
    await stage.talking("ana")
    stage.bed.programs["daemon"].kill()
    await patient.hangup()
    await ana.expect("disconnected")
    await asyncio.sleep(1)
    stage.start_daemon()
    await stage.ready(15)
