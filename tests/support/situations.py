"""Situations of calls that are connected: holds, transfers, call-backs, pages, the outside."""

import asyncio

from clinicpbx.demo.phones import Phone, Phones
from tests.support.bed import eventually
from tests.support.clinic_bed import press
from tests.support.recorder import BAY, PIN, Stage, situation

OUTSIDE = "12075550190"


@situation("hold and resume")
async def hold(stage: Stage, phones: Phones) -> None:
    (ana,) = await stage.works(phones, "ana")
    patient = await stage.calls(phones, "1")
    await stage.talking("ana")
    for _ in range(2):
        await ana.do("hold")
        await asyncio.sleep(1)
        await ana.do("unhold")
        await asyncio.sleep(0.5)
    await patient.hangup()


@situation("hung up on hold")
async def hung_up_on_hold(stage: Stage, phones: Phones) -> None:
    (ana,) = await stage.works(phones, "ana")
    patient = await stage.calls(phones, "1")
    await stage.talking("ana")
    await ana.do("hold")
    await asyncio.sleep(1.5)
    await patient.hangup()


@situation("agent hangs up")
async def agent_hangs_up(stage: Stage, phones: Phones) -> None:
    (ana,) = await stage.works(phones, "ana")
    await stage.calls(phones, "1")
    await stage.talking("ana")
    await ana.hangup()


@situation("both hang up at once")
async def both(stage: Stage, phones: Phones) -> None:
    (ana,) = await stage.works(phones, "ana")
    patient = await stage.calls(phones, "1")
    await stage.talking("ana")
    await asyncio.gather(ana.hangup(), patient.hangup())


@situation("disposed while worked on")
async def disposed(stage: Stage, phones: Phones) -> None:
    (ana,) = await stage.works(phones, "ana")
    patient = await stage.calls(phones, "1")
    await stage.talking("ana")
    await patient.hangup()
    await eventually(lambda: stage.agent("ana") == "wrap-up", 5)
    await ana.auto_answer(off=True)
    await stage.dials(ana, "*441")
    await ana.expect("disconnected", 10)
    await asyncio.sleep(0.5)


@situation("work after a call ended by a code")
async def ready(stage: Stage, phones: Phones) -> None:
    (ana,) = await stage.works(phones, "ana")
    patient = await stage.calls(phones, "1")
    await stage.talking("ana")
    await patient.hangup()
    await eventually(lambda: stage.agent("ana") == "wrap-up", 5)
    await stage.dials(ana, "*49")
    await asyncio.sleep(2.5)
    await stage.dials(ana, "*48")
    await asyncio.sleep(1)


@situation("transfer to the outside")
async def to_outside(stage: Stage, phones: Phones) -> None:
    (ana,) = await stage.works(phones, "ana")
    carrier = await stage.mobile(phones, auto_answer={"after": 0.2})
    patient = await stage.calls(phones, "1")
    await stage.talking("ana")
    await ana.transfer(f"sip:{OUTSIDE}@{stage.bed.sip}")
    await carrier.expect("connected", 10)
    await asyncio.sleep(1)
    await patient.hangup()


@situation("transfer to voicemail")
async def to_voicemail(stage: Stage, phones: Phones) -> None:
    (ana,) = await stage.works(phones, "ana")
    patient = await stage.calls(phones, "1")
    await stage.talking("ana")
    await ana.transfer(f"sip:600@{stage.bed.sip}")
    await stage.step("voicemail")
    await patient.play(stage.instance.prompts / "en" / "about.wav", loop=True)
    await asyncio.sleep(3)
    await patient.hangup()


@situation("consultation refused")
async def refused(stage: Stage, phones: Phones) -> None:
    (ana,) = await stage.works(phones, "ana")
    ben = await stage.desk(phones, "202")
    patient = await stage.calls(phones, "1")
    await stage.talking("ana")
    first = (await ana.expect("incoming"))["call"]
    await ana.do("hold", call=first)
    second = await stage.dials(ana, "202")
    await ben.expect("incoming")
    await ben.answer(486)
    await ana.expect("disconnected", call=second)
    await ana.do("unhold", call=first)
    await asyncio.sleep(1)
    await patient.hangup()


@situation("transferred three times")
async def chain(stage: Stage, phones: Phones) -> None:
    ana, ben, dora = await stage.works(phones, "ana", "ben", "dora")
    stage.ask("agent.pause", agent="ben", reason="meeting")
    patient = await stage.calls(phones, "1")
    await stage.talking("ana")
    await ana.transfer(f"sip:202@{stage.bed.sip}")
    await ben.expect("connected", 10)
    await asyncio.sleep(1)
    await ben.transfer(f"sip:301@{stage.bed.sip}")
    await stage.talking("dora")
    last = await stage.desk(phones, "203", auto_answer={"after": 0.2})
    await dora.transfer(f"sip:203@{stage.bed.sip}")
    await last.expect("connected", 10)
    await asyncio.sleep(1)
    await patient.hangup()


@situation("attended transfer to a phone")
async def attended(stage: Stage, phones: Phones) -> None:
    (ana,) = await stage.works(phones, "ana")
    ben = await stage.desk(phones, "202", auto_answer={"after": 0.2})
    patient = await stage.calls(phones, "1")
    await stage.talking("ana")
    first = (await ana.expect("incoming"))["call"]
    await ana.do("hold", call=first)
    second = await stage.dials(ana, "202")
    await ben.expect("connected", 10)
    await asyncio.sleep(1)
    await ana.attended(first, second)
    await ana.expect("disconnected")
    await asyncio.sleep(1.5)
    await patient.hangup()


@situation("picked up by a colleague")
async def picked_up(stage: Stage, phones: Phones) -> None:
    caller = await stage.desk(phones, "203")
    ana, ben = await stage.desk(phones, "201"), await stage.desk(phones, "202")
    await stage.dials(caller, "201")
    await ana.expect("incoming")
    await stage.dials(ben, "*8201")
    await caller.expect("connected", 10)
    await asyncio.sleep(1)
    await caller.hangup()


async def promised(stage: Stage, phones: Phones) -> tuple[Phone, Phone]:
    """A patient who is to be called back, and Ana, who is paused and does not pick up by herself."""
    (ana,) = await stage.works(phones, "ana", after=0)
    stage.ask("agent.pause", agent="ana", reason="no answer")
    patient = await stage.calls(phones, "1")
    await stage.step("desk")
    await press(patient, "1")
    await stage.step("again")
    await press(patient, "1")
    await patient.expect("disconnected", 15)
    stage.ask("agent.unpause", agent="ana")
    return patient, ana


async def reached(stage: Stage, patient: Phone, ana: Phone) -> None:
    await ana.expect("incoming", 20)
    await ana.answer()
    await patient.expect("incoming", 15)
    await patient.answer()
    await patient.expect("connected")
    await press(patient, "1")
    await eventually(stage.bridged, 5)
    await asyncio.sleep(1)
    await patient.hangup()
    await eventually(lambda: not stage.ask("calls")[0]["in_dialplan"], 5)
    await press(ana, "1")
    await ana.expect("disconnected", 10)
    await asyncio.sleep(2.5)


@situation("call-back promised", "call-back made")
async def called_back(stage: Stage, phones: Phones) -> None:
    patient, ana = await promised(stage, phones)
    await reached(stage, patient, ana)


@situation("call-back reached at the second try", "call-back met a machine", "call-back made again")
async def second_try(stage: Stage, phones: Phones) -> None:
    patient, ana = await promised(stage, phones)
    await ana.expect("incoming", 15)
    await ana.answer()
    await patient.expect("incoming", 15)
    await patient.answer()
    await ana.expect("disconnected", 40)
    await patient.expect("disconnected", 10)
    await reached(stage, patient, ana)


@situation("call-back unreached", "call-back busy", "call-back busy again")
async def unreached(stage: Stage, phones: Phones) -> None:
    patient, ana = await promised(stage, phones)
    for _ in range(2):
        await ana.expect("incoming", 20)
        await ana.answer()
        await patient.expect("incoming", 15)
        await patient.answer(486)
        await ana.expect("disconnected", 40)
    await asyncio.sleep(2.5)


@situation("patient calls again before the call-back", "")
async def calls_again(stage: Stage, phones: Phones) -> None:
    await stage.works(phones, "ana")
    stage.ask("agent.pause", agent="ana", reason="no answer")
    number = stage.patient_number()
    patient = await stage.calls(phones, "1", number=number)
    await stage.step("desk")
    await press(patient, "1")
    await stage.step("again")
    await press(patient, "1")
    await patient.expect("disconnected", 15)
    await stage.again(patient, "1", number=number)
    await stage.step("desk")
    stage.ask("agent.unpause", agent="ana")
    await stage.talking("ana")
    await patient.hangup()


async def paged(stage: Stage, phones: Phones) -> tuple[Phone, Phone]:
    """A patient who left a message for who is on call, and the mobile that rings for it."""
    mobile = await stage.mobile(phones)
    patient = await stage.calls(phones, "4")
    await stage.step("urgent-message")
    await patient.play(stage.instance.prompts / "en" / "about.wav", loop=True)
    await asyncio.sleep(3)
    await patient.hangup()
    await mobile.expect("incoming", 20)
    return patient, mobile


async def identified(stage: Stage, mobile: Phone) -> None:
    await mobile.answer()
    await mobile.expect("connected")
    await asyncio.sleep(0.5)
    await press(mobile, f"{PIN}#")
    await asyncio.sleep(2)


@situation("page accepted", "page that was accepted")
async def page_accepted(stage: Stage, phones: Phones) -> None:
    _, mobile = await paged(stage, phones)
    await identified(stage, mobile)
    await press(mobile, "1")
    await asyncio.sleep(1.5)
    await press(mobile, "4")
    await asyncio.sleep(1)
    await press(mobile, "1")
    await mobile.expect("disconnected", 15)


@situation("page declined by everybody", "page that was declined", "page to the backup")
async def page_declined(stage: Stage, phones: Phones) -> None:
    backup = await stage.desk(phones, "205")
    _, mobile = await paged(stage, phones)
    await identified(stage, mobile)
    await press(mobile, "2")
    await backup.expect("incoming", 20)
    await backup.answer(486)
    await asyncio.sleep(3)


@situation("emergency by triage", "page of a red flag")
async def red_flag(stage: Stage, phones: Phones) -> None:
    mobile = await stage.mobile(phones)
    await stage.works(phones, "dora", after=0)
    patient = await stage.calls(phones, "5")
    await stage.step("nurse")
    await asyncio.sleep(1)
    await patient.hangup()
    await mobile.expect("incoming", 20)
    await identified(stage, mobile)
    await press(mobile, "1")
    await asyncio.sleep(1)
    await mobile.hangup()


@situation("on call accepts with a key")
async def doctor(stage: Stage, phones: Phones) -> None:
    mobile = await stage.mobile(phones)
    patient = await stage.calls(phones, "7")
    await mobile.expect("incoming", 10)
    await mobile.answer()
    await mobile.expect("connected")
    await press(mobile, "1")
    await eventually(stage.bridged, 10)
    await asyncio.sleep(1)
    await patient.hangup()


@situation("nobody on call answers")
async def nobody(stage: Stage, phones: Phones) -> None:
    mobile = await stage.mobile(phones)
    patient = await stage.calls(phones, "7")
    await mobile.expect("incoming", 10)
    await mobile.answer(486)
    await stage.step("message")
    await patient.play(stage.instance.prompts / "en" / "about.wav", loop=True)
    await asyncio.sleep(3)
    await patient.hangup()


@situation("outbound busy")
async def busy(stage: Stage, phones: Phones) -> None:
    ana = await stage.desk(phones, "201")
    carrier = await stage.mobile(phones)
    await stage.dials(ana, OUTSIDE)
    await carrier.expect("incoming", 10)
    await carrier.answer(486)
    await ana.expect("disconnected", 10)


@situation("outbound not answered")
async def not_answered(stage: Stage, phones: Phones) -> None:
    ana = await stage.desk(phones, "201")
    carrier = await stage.mobile(phones)
    await stage.dials(ana, OUTSIDE)
    await carrier.expect("incoming", 10)
    await asyncio.sleep(2)
    await ana.hangup()


@situation("outbound held")
async def outbound_held(stage: Stage, phones: Phones) -> None:
    ana = await stage.desk(phones, "201")
    carrier = await stage.mobile(phones, auto_answer={"after": 0.5})
    await stage.dials(ana, OUTSIDE)
    await carrier.expect("connected", 10)
    await asyncio.sleep(1)
    await ana.do("hold")
    await asyncio.sleep(1)
    await ana.do("unhold")
    await asyncio.sleep(0.5)
    await ana.hangup()


@situation("outbound refused")
async def never(stage: Stage, phones: Phones) -> None:
    ana = await stage.desk(phones, "201")
    await stage.dials(ana, "19005550000")
    await ana.expect("disconnected", 10)


@situation("internal busy")
async def internal_busy(stage: Stage, phones: Phones) -> None:
    ana, ben = await stage.desk(phones, "201"), await stage.desk(phones, "202")
    await stage.dials(ana, "202")
    await ben.expect("incoming")
    await ben.answer(486)
    await ana.expect("disconnected", 10)


@situation("phone asks a queue")
async def phone_asks(stage: Stage, phones: Phones) -> None:
    await stage.works(phones, "dora")
    ben = await stage.desk(phones, "202")
    await stage.dials(ben, "301")
    await stage.talking("dora")
    await ben.hangup()


@situation("bay line in Spanish")
async def bay(stage: Stage, phones: Phones) -> None:
    await stage.works(phones, "dora")
    patient = await stage.calls(phones, "2", line=BAY)
    await stage.talking("dora")
    await patient.hangup()


@situation("supervisor listens", "supervisor listening")
async def listens(stage: Stage, phones: Phones) -> None:
    await stage.works(phones, "ana")
    manager = await stage.desk(phones, "203")
    patient = await stage.calls(phones, "1")
    await stage.talking("ana")
    await stage.dials(manager, "*50201")
    await manager.expect("connected", 10)
    await asyncio.sleep(1.5)
    await manager.hangup()
    await patient.hangup()
