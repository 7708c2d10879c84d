"""Situations in which a call gets lost on its way: dead phones, forwarded phones, transfers that nobody answers."""

import asyncio
from pathlib import Path

from clinicpbx.demo.phones import Phone, Phones
from tests.support.bed import eventually
from tests.support.recorder import BAY, Stage, situation
from tests.support.situations import OUTSIDE


async def speaks(stage: Stage, *phones: Phone) -> None:
    """All of them send sound: a phone that is silent has stopped by itself."""
    for phone in phones:
        await phone.play(Path(stage.instance.prompts) / "en" / "about.wav", loop=True)


@situation("phone of the patient dies in talk")
async def patient_dies(stage: Stage, phones: Phones) -> None:
    async with Phones() as doomed:
        (ana,) = await stage.works(phones, "ana")
        patient = await stage.calls(doomed, "1")
        await stage.talking("ana", 0)
        await speaks(stage, ana, patient)
        await asyncio.sleep(1)
        doomed.kill()
        await ana.expect("disconnected", 100)


@situation("phone of the patient dies in the queue")
async def patient_dies_waiting(stage: Stage, phones: Phones) -> None:
    async with Phones() as doomed:
        await stage.works(phones, "dora")
        stage.ask("agent.pause", agent="dora", reason="no answer")
        patient = await stage.calls(doomed, "1", line=BAY)
        await stage.step("desk")
        await speaks(stage, patient)
        await asyncio.sleep(1)
        doomed.kill()
        await eventually(lambda: not stage.ask("calls"), 100)


@situation("phone of the agent dies in talk")
async def agent_dies(stage: Stage, phones: Phones) -> None:
    async with Phones() as doomed:
        (ana,) = await stage.works(doomed, "ana")
        patient = await stage.calls(phones, "1")
        await stage.talking("ana", 0)
        await speaks(stage, ana, patient)
        await asyncio.sleep(1)
        doomed.kill()
        await patient.expect("disconnected", 100)


@situation("offered phone forwards to the outside")
async def forwards(stage: Stage, phones: Phones) -> None:
    (ana,) = await stage.works(phones, "ana", after=0)
    await asyncio.sleep(1)
    await stage.works(phones, "ben")
    patient = await stage.calls(phones, "1")
    await ana.expect("incoming", 10)
    await ana.redirect(f"sip:{OUTSIDE}@{stage.bed.sip}")
    await stage.talking("ben")
    await patient.hangup()


@situation("hung up in the moment of the answer")
async def in_that_moment(stage: Stage, phones: Phones) -> None:
    (dora,) = await stage.works(phones, "dora")
    patient = await stage.calls(phones, "3")
    await dora.expect("connected", 10)
    await patient.hangup()


async def handed(stage: Stage, giver: Phone, call: str, to: str, taker: Phone) -> None:
    """*giver* asks *taker*, whose extension is *to*, and joins the far end of *call* to them."""
    await giver.do("hold", call=call)
    second = await stage.dials(giver, to)
    await taker.expect("connected", 10)
    await asyncio.sleep(0.5)
    await giver.attended(call, second)
    await giver.expect("disconnected")
    await asyncio.sleep(1)


@situation("transferred back to the first agent")
async def back(stage: Stage, phones: Phones) -> None:
    (ana,) = await stage.works(phones, "ana")
    ben = await stage.desk(phones, "202", auto_answer={"after": 0.2})
    patient = await stage.calls(phones, "1")
    await stage.talking("ana")
    await ana.expect("connected")
    first = (await ana.expect("incoming"))["call"]
    await handed(stage, ana, first, "202", ben)
    second = (await ben.expect("incoming"))["call"]
    ana.heard.clear()
    await handed(stage, ben, second, "201", ana)
    await patient.hangup()


@situation("transferred to the outside and hung up there")
async def abandoned_outside(stage: Stage, phones: Phones) -> None:
    (ana,) = await stage.works(phones, "ana")
    carrier = await stage.mobile(phones)
    patient = await stage.calls(phones, "1")
    await stage.talking("ana")
    await ana.transfer(f"sip:{OUTSIDE}@{stage.bed.sip}")
    await carrier.expect("incoming", 10)
    await asyncio.sleep(1.5)
    await patient.hangup()


@situation("handed back from a busy phone")
async def handed_back(stage: Stage, phones: Phones) -> None:
    (ana,) = await stage.works(phones, "ana")
    ben = await stage.desk(phones, "202")
    patient = await stage.calls(phones, "1")
    await stage.talking("ana")
    await ana.transfer(f"sip:202@{stage.bed.sip}")
    await ben.expect("incoming", 10)
    await ben.answer(486)
    for _ in ("from the queue", "back again"):
        await ana.expect("incoming", 10)
    await asyncio.sleep(1.5)
    await patient.hangup()


async def joined(stage: Stage, phones: Phones) -> tuple[Phone, Phone]:
    """A patient whom Ana has left to the nurses' queue, and Dora, whose phone has rung for it."""
    (ana,) = await stage.works(phones, "ana")
    (dora,) = await stage.works(phones, "dora", after=0)
    patient = await stage.calls(phones, "1")
    await stage.talking("ana")
    first = (await ana.expect("incoming"))["call"]
    await ana.do("hold", call=first)
    second = await stage.dials(ana, "301")
    await dora.expect("incoming", 10)
    await ana.attended(first, second)
    await ana.expect("disconnected")
    return patient, dora


@situation("joined to a queue and hung up while it rings")
async def hung_up_while_it_rings(stage: Stage, phones: Phones) -> None:
    patient, _ = await joined(stage, phones)
    await asyncio.sleep(1.5)
    await patient.hangup()


@situation("joined to a queue that answers")
async def joined_and_answered(stage: Stage, phones: Phones) -> None:
    patient, dora = await joined(stage, phones)
    await asyncio.sleep(1)
    await dora.answer()
    await stage.talking("dora")
    await patient.hangup()


@situation("joined to a queue and hung up in its line")
async def hung_up_in_line(stage: Stage, phones: Phones) -> None:
    (ana,) = await stage.works(phones, "ana")
    await stage.works(phones, "dora")
    stage.ask("agent.pause", agent="dora", reason="no answer")
    patient = await stage.calls(phones, "1")
    await stage.talking("ana")
    first = (await ana.expect("incoming"))["call"]
    await ana.do("hold", call=first)
    second = await stage.dials(ana, "301")
    await stage.step("enqueue")
    await asyncio.sleep(0.5)
    await ana.attended(first, second)
    await ana.expect("disconnected")
    await asyncio.sleep(1)
    await patient.hangup()


@situation("joined to a queue that nobody is left in")
async def nobody_left(stage: Stage, phones: Phones) -> None:
    patient, dora = await joined(stage, phones)
    stage.ask("agent.pause", agent="dora", reason="meeting")
    await dora.answer(486)
    await patient.expect("disconnected", 10)


@situation("first of two callers of one number", "second of two callers of one number")
async def one_number(stage: Stage, phones: Phones) -> None:
    await stage.works(phones, "ana", "ben")
    number = stage.patient_number()
    first = await stage.calls(phones, number=number)
    other = await phones.phone("same-number", stage.trunk, 5062)
    await stage.again(other, number=number)
    await asyncio.sleep(0.3)
    await asyncio.gather(first.dtmf("1"), other.dtmf("1"))
    await eventually(lambda: {stage.agent(name) for name in ("ana", "ben")} == {"talking"}, 15)
    await asyncio.sleep(1)
    await first.hangup()
    await other.hangup()
