"""An agent who talks with a patient asks another queue: what is known of the patient goes along."""

import asyncio
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from clinicpbx.core.acd.stages import Stage, speaks
from clinicpbx.core.callflow.flow import Flow
from clinicpbx.core.callflow.machine import CallMachine
from clinicpbx.core.commands import JoinQueue, KeepCallback, Note, SetVariable, TakeOffer
from clinicpbx.core.events import CallArrived, Consulted, DialAnswered, DtmfReceived, Earlier, OfferMade
from clinicpbx.core.records.path import path
from clinicpbx.core.records.rows import Fact
from clinicpbx.core.rulebook import Rulebook
from clinicpbx.private import Private
from tests.support.books import book, node, one_step
from tests.support.floors import Shift, agent, queue
from tests.support.shells import CALL, Shell, channel, destroyed, entered
from tests.support.tape import T0
from tests.support.virtual_loop import run

pytestmark = pytest.mark.unit

OWN = "clinic-9.0"
NURSES = one_step("enqueue", queue="nurse")


def rules() -> Rulebook:
    """The main line leads to the front desk; 301 is the nurses' queue."""
    desk = Flow("desk", {"desk": node("enqueue", queue="frontdesk", priority=4, reason="about-refills")})
    menu = Flow("it", {"it": node("play", prompt="about")})
    ring_back = Flow("it", {"it": node("ring_back")})
    return book(main=desk, **{"queue-nurse": NURSES, "about": menu, "ring-back": ring_back})


def asks(consults: Consulted | None, language: str = "es") -> list[Any]:
    arrived = CallArrived(
        at=T0, flow="queue-nurse", entry="301", version="1", language=language, consults=consults,
        earlier=Earlier(queues=("nurse", "nurse", "frontdesk")),
    )  # fmt: skip
    return CallMachine(arrived, OWN, rules()).begin()


def test_the_place_the_weight_and_the_language_are_the_patients() -> None:
    commands = asks(Consulted("c1", T0 - timedelta(minutes=4), 4, "about-refills"))
    [join] = [each for each in commands if isinstance(each, JoinQueue)]
    assert (join.since, join.priority) == (T0 - timedelta(minutes=4), 4)
    until = timedelta(minutes=4, seconds=45)
    assert join.stages == (Stage(skills=((speaks("es"), 1),)), Stage(until)), "asked for from now on, 45 s"
    [told] = [each.value for each in commands if isinstance(each, SetVariable) and each.name == "CPBX_CALLEE"]
    assert told == "U(cpbx-whisper^call-transferred^speaks-es^about-refills^call-bounced)"
    assert Note("consults", {"call": "c1"}) in commands
    assert [each.value for each in asks(None) if isinstance(each, SetVariable) and each.name == "CPBX_CALLEE"] == []


def test_the_floor_says_with_whom_the_agent_at_a_phone_talks() -> None:
    shift = Shift(queue("q"), agent("ana", "201", q=0))
    assert [shift.floor.talking(phone) for phone in ("201", "209")] == ["", ""]
    shift.join(0, "c1")
    assert shift.floor.talking("201") == ""
    shift.take(1, "c1", "201")
    assert shift.floor.talking("201") == "c1"


def own_call(flow: str = "queue-nurse", call: str = OWN, phone: str = "201") -> dict[str, Any]:
    made = channel(call, f"PJSIP/phone-{phone}-00000007", language="en")
    return {"type": "StasisStart", "args": ["enter", flow, "301"], "channel": made}


async def talks(shell: Shell) -> None:
    """A Spanish-speaking patient talks with the agent at phone 201."""
    arrives = entered()
    arrives["channel"]["language"] = "es"
    await shell.take(arrives)
    at = shell.clock()
    shell.dispatcher.deliver(CALL, OfferMade(at=at, queue="frontdesk", phones=("201",)))
    shell.dispatcher.deliver(CALL, DialAnswered(at=at, phone="201"))
    shell.queues.talks = {"201": CALL}
    await asyncio.sleep(1)


def test_a_call_into_a_queue_is_about_the_patient_whom_the_agent_talks_with(tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path, rules())
        await talks(shell)
        await shell.take(own_call())
        arrived = shell.dispatcher.calls[OWN].arrived
        assert arrived.consults == Consulted(CALL, T0, 4, "about-refills")
        assert (arrived.language, arrived.earlier) == ("es", Earlier(queues=("frontdesk",)))
        with sqlite3.connect(tmp_path / "journal.db") as journal:
            noted = journal.execute("SELECT call, kind FROM fact WHERE kind LIKE 'consult%' ORDER BY id").fetchall()
        assert noted == [(OWN, "consults"), (CALL, "consulted")]

    run(story())


def test_nothing_goes_along_where_nobody_talks_or_no_queue_is_asked(tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path, rules())
        await talks(shell)
        for n, other in enumerate((own_call(phone="202"), own_call("about"), own_call("code-pause"), own_call("none"))):
            other["channel"]["id"] = f"other-{n}"
            await shell.take(other)
        trunk = own_call(call="other-9")
        trunk["channel"]["name"] = "PJSIP/trunk-carrier-00000001"
        await shell.take(trunk)
        await shell.take(destroyed())
        await shell.take(own_call(call="late"))
        others = [call for call in shell.dispatcher.calls.values() if call.call != CALL]
        assert {call.call for call in others} >= {"other-0", "other-9", "late"}
        assert [call.arrived.consults for call in others] == [None] * len(others)

    run(story())


def test_the_next_to_ask_asks_about_the_same_patient_and_the_queue_that_took_it_is_known(tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path, rules())
        await talks(shell)
        await shell.take(own_call())
        at = shell.clock()
        shell.dispatcher.deliver(OWN, OfferMade(at=at, queue="nurse", phones=("204",)))
        shell.dispatcher.deliver(OWN, DialAnswered(at=at, phone="204"))
        await shell.take(destroyed(OWN))  # the transfer is complete: the nurse talks with the patient
        shell.queues.talks = {"204": OWN}
        await shell.take(own_call(call="second", phone="204"))
        arrived = shell.dispatcher.calls["second"].arrived
        assert arrived.consults is not None
        assert arrived.consults.call == CALL
        assert arrived.earlier.queues == ("nurse", "frontdesk")
        await shell.take(destroyed())
        await shell.take(own_call(call="third", phone="204"))
        assert shell.dispatcher.calls["third"].arrived.consults is None

    run(story())


def in_its_place(call: str = CALL, of: str = OWN) -> dict[str, Any]:
    return {"type": "StasisStart", "args": [], "channel": channel(call, language="es"), "replace_channel": {"id": of}}


def test_a_transfer_completed_while_the_agent_waits_gives_the_patient_that_place(tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path, rules())
        await talks(shell)
        await shell.take(own_call())
        await shell.take(in_its_place(), {"type": "StasisEnd", "channel": channel(OWN)}, destroyed(OWN))
        arrived = shell.dispatcher.calls[CALL].arrived
        assert (arrived.flow, arrived.entry, arrived.language) == ("queue-nurse", "301", "es")
        assert arrived.consults == Consulted(CALL, T0, 4, "about-refills")
        assert arrived.earlier.queues == ("frontdesk",)
        [join] = [said[1] for said in shell.queues.said if said[0] == CALL and isinstance(said[1], JoinQueue)][1:]
        assert (join.queue, join.since, join.priority) == ("nurse", T0, 4)
        await shell.take(in_its_place("stray", "unknown"))
        assert shell.sent[-1] == ("POST", "channels/stray/continue"), "to the rescue context"

    run(story())


def test_a_transfer_completed_while_a_phone_rings_that_nobody_answers_does_so_too(tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path, rules())
        await talks(shell)
        await shell.take(own_call())
        await shell.take(destroyed(OWN))
        back = {"type": "StasisStart", "args": ["back", "NOANSWER"], "channel": channel()}
        await shell.take(back)
        assert shell.dispatcher.calls[CALL].arrived.flow == "queue-nurse"
        await shell.take(back)
        assert shell.dispatcher.calls[CALL].arrived.flow == "queue-nurse", "and is an offer not taken from now on"

    run(story())


def test_the_nurse_whose_phone_rang_at_the_transfer_talks_once_she_answers(tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path, rules())
        await talks(shell)
        await shell.take(own_call())
        shell.dispatcher.deliver(OWN, OfferMade(at=shell.clock(), queue="nurse", phones=("204",)))
        await shell.take(answered("205"))
        await shell.take(destroyed(OWN), answered("204"))
        taken = [said for said in shell.queues.said if said[0] == CALL and isinstance(said[1], TakeOffer)]
        assert [command for _, command in taken] == [TakeOffer("frontdesk", "201"), TakeOffer("nurse", "204")]
        assert shell.dispatcher.calls[CALL].arrived.flow == "main", "the call itself goes on"

    run(story())


def answered(phone: str) -> dict[str, Any]:
    peer = channel("clinic-77", f"PJSIP/phone-{phone}-00000009")
    return {"type": "Dial", "dialstatus": "ANSWER", "caller": channel(), "peer": peer}


def test_it_is_the_same_after_a_restart(tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path, rules())
        await talks(shell)
        await shell.take(own_call())
        shell.journal.close()
        again = Shell(tmp_path, rules())
        for kept in again.journal.open_calls():
            assert again.dispatcher.rebuild(kept) is not None
        assert again.dispatcher.calls[OWN].arrived == shell.dispatcher.calls[OWN].arrived
        again.queues.talks = {"204": OWN}
        await again.take(own_call(call="second", phone="204"))
        consults = again.dispatcher.calls["second"].arrived.consults
        assert consults is not None
        assert consults.call == CALL

    run(story())


MADE, PATIENT = "c1.3.a1", "clinic-55"
"""The agent's channel of a call-back, and the patient's."""


async def calls_back(shell: Shell) -> None:
    """Ana, at phone 201, has called a Spanish-speaking patient back, and talks."""
    join = JoinQueue("frontdesk", T0 - timedelta(minutes=9), 4, callback=True)
    number, again = Private("+12075550142"), timedelta(minutes=15)
    shell.callbacks.perform(
        KeepCallback("c1.3", number, "es", "+12075550100", join, "", 3, again, "about-refills"), shell.clock()
    )
    shell.callbacks.hear("c1.3", OfferMade(at=shell.clock(), queue="frontdesk", phones=("201",), agents=("ana",)))
    made = channel(MADE, "PJSIP/phone-201-00000003")
    await shell.take({"type": "StasisStart", "args": ["callback", MADE], "channel": made})
    shell.dispatcher.deliver(MADE, DtmfReceived(at=shell.clock(), digit="1"))
    await shell.take(own_call(call="too-early"))
    assert shell.dispatcher.calls["too-early"].arrived.consults is None, "the patient is not on the line yet"
    accepted = {"channel": channel(PATIENT, "PJSIP/trunk-line-00000004"), "eventname": "CPBXAccepted"}
    await shell.take({"type": "ChannelUserevent", "userevent": {"Call": MADE}, **accepted})


def test_a_call_back_is_asked_about_like_any_other_call_also_after_a_restart(tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path, rules())
        await calls_back(shell)
        shell.journal.close()
        again = Shell(tmp_path, rules())
        for kept in again.journal.open_calls():
            again.dispatcher.rebuild(kept)
        await again.take(own_call())
        arrived = again.dispatcher.calls[OWN].arrived
        assert arrived.consults == Consulted(MADE, T0 - timedelta(minutes=9), 4, "about-refills")
        assert arrived.language == "es"
        back = {"type": "StasisStart", "args": ["back", "ANSWER"], "channel": channel(MADE)}
        await again.take(back, own_call(call="late"))
        assert again.dispatcher.calls["late"].arrived.consults is None, "the patient has hung up"

    run(story())


def test_who_was_called_back_takes_the_place_in_which_the_agent_waits(tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path, rules())
        await calls_back(shell)
        await shell.take(own_call())
        await shell.take(in_its_place(PATIENT), destroyed(OWN), destroyed(MADE))
        arrived = shell.dispatcher.calls[PATIENT].arrived
        assert (arrived.flow, arrived.entry, arrived.language) == ("queue-nurse", "301", "es")
        assert arrived.caller == Private("+12075550142"), "not what the channel shows, which was dialled"
        assert shell.callbacks.rows() == [], "the patient was reached"

    run(story())


def test_a_patient_who_is_gone_is_remembered_no_more(tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path, rules())
        await calls_back(shell)
        await shell.take(own_call())
        kept = shell.dispatcher._consultations
        assert (kept.patients(OWN), kept.made(PATIENT)) == (MADE, MADE)
        await shell.take(destroyed(PATIENT))
        assert (kept._about, kept._asked, kept._called_back) == ({}, {}, {})

    run(story())


def test_who_was_called_back_is_not_lost_where_the_ringing_phone_does_not_answer_and_is_known_where_it_does(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        shell = Shell(tmp_path, rules())
        await calls_back(shell)
        await shell.take(own_call())
        shell.dispatcher.deliver(OWN, OfferMade(at=shell.clock(), queue="nurse", phones=("204",)))
        await shell.take(destroyed(OWN))
        peer = channel("clinic-77", "PJSIP/phone-204-00000009")
        rings = {"type": "Dial", "dialstatus": "ANSWER", "caller": channel(PATIENT), "peer": peer}
        await shell.take(rings, {"type": "StasisStart", "args": ["back", "ANSWER"], "channel": channel(MADE)})
        assert (PATIENT, TakeOffer("nurse", "204")) in shell.queues.said
        assert shell.dispatcher.calls[MADE].machine.flow == "ring-back", "the agent is asked what came of it"
        await shell.take(destroyed(MADE))
        await shell.take({"type": "StasisStart", "args": ["back", "NOANSWER"], "channel": channel(PATIENT)})
        assert shell.dispatcher.calls[PATIENT].arrived.flow == "queue-nurse"
        await shell.take(destroyed(PATIENT))
        await shell.take({"type": "StasisStart", "args": ["back", "NOANSWER"], "channel": channel(PATIENT)})
        assert shell.sent[-1] == ("POST", f"channels/{PATIENT}/continue"), "nobody's any more: to the rescue"

    run(story())


def test_both_sides_are_told_in_the_way_of_the_call() -> None:
    facts = [
        Fact(OWN, T0, "consults", {"call": CALL}),
        Fact(CALL, T0, "consulted", {"call": OWN, "entry": "301", "phone": "201"}),
    ]
    assert [(line.step, line.outcome, line.why) for line in path(facts)] == [
        ("", "consults", f"call {CALL}"),
        ("301", "consulted", f"call {OWN}"),
    ]
