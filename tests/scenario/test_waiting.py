"""Waiting in a queue: what is said, which keys lead out, and whose place counts from when."""

from dataclasses import replace
from datetime import timedelta

import pytest

from clinicpbx.core import events as ev
from clinicpbx.core.acd.stages import Stage, speaks
from clinicpbx.core.callflow.flow import Flow
from clinicpbx.core.callflow.machine import CallMachine
from clinicpbx.core.commands import JoinQueue, Note, Play
from clinicpbx.private import Private
from tests.support.books import book, node
from tests.support.tape import T0, call, check

pytestmark = pytest.mark.scenario

WAITS = Flow(
    "desk",
    {
        "desk": node(
            "enqueue",
            {"overflow": "message", "unstaffed": "message", "1": "message", "9": "worse"},
            queue="frontdesk",
            limit=timedelta(minutes=3),
            greeting="please-wait",
            comfort=("offer-callback", "offer-worse"),
            keys=("1", "9"),
            most=3,
        ),
        "worse": node("play", {"done": "urgent"}, prompt="sorry"),
        "urgent": node("enqueue", {"overflow": "message", "unstaffed": "message"}, queue="frontdesk", priority=9),
        "message": node("voicemail", {"done": "bye", "empty": "bye"}, mailbox="frontdesk"),
        "bye": node("hangup"),
    },
)


def waits(**earlier: object) -> CallMachine:
    rules = book(main=WAITS)
    return _call(replace(rules, queues={**rules.queues, "frontdesk": replace(rules.queues["frontdesk"])}), **earlier)


def _call(rules, **earlier):
    known = ev.Earlier(**earlier)
    arrived = ev.CallArrived(at=T0, flow="main", entry="+12075550100", version="1", caller=Private("1"), earlier=known)
    return CallMachine(arrived, "c1", rules)


def joined(machine: CallMachine) -> JoinQueue:
    return next(command for command in machine.begin() if isinstance(command, JoinQueue))


def test_who_has_to_wait_is_greeted_and_told_the_place_and_comforted_in_turn():
    check(call(book(main=WAITS)), """
         0  | call        | join frontdesk since 0
         0  | place 2     | play please-wait+sound:queue-thereare+number:2+sound:queue-callswaiting
         9  | prompt ends | startmusic
        54  | silence     | askplace
        54  | place 2     | play sound:queue-thereare+number:2+sound:queue-callswaiting+offer-callback
        60  | prompt ends | startmusic
       105  | silence     | askplace
       105  | place 1     | play sound:queue-youarenext+offer-worse
       111  | prompt ends | startmusic
       156  | silence     | askplace
       156  | place 1     | play sound:queue-youarenext+offer-callback
    """)  # fmt: skip


def test_the_estimated_wait_follows_the_place():
    machine = waits()
    machine.begin()
    told = ev.PlaceTold(at=T0, queue="frontdesk", position=2, staffed=True, wait=timedelta(seconds=61))
    [play] = [command for command in machine.handle(told) if isinstance(command, Play)]
    assert play.media[-3:] == ("sound:queue-holdtime", "number:2", "sound:queue-minutes")


def test_an_offer_cuts_the_greeting_short():
    check(call(book(main=WAITS)), """
         0  | call        | join frontdesk since 0
         0  | place 1     | play please-wait+sound:queue-youarenext
         2  | offer 201   | stop, to cpbx-offer 201
    """)  # fmt: skip


def test_a_key_leads_out_and_the_place_is_kept():
    tape = check(call(book(main=WAITS)), """
         0  | call        | join frontdesk since 0
         0  | place 2     | play please-wait+sound:queue-thereare+number:2+sound:queue-callswaiting
         5  | key 5       | -
         6  | key 9       | stop, leavequeue, play sorry
        10  | prompt ends | join frontdesk since 0
    """)  # fmt: skip
    stays = [note.detail for note in tape.notes if note.kind == "queued"]
    assert [(stay["priority"], stay["since"]) for stay in stays] == [(0, T0.isoformat()), (9, T0.isoformat())]
    assert [note.detail["why"] for note in tape.notes if note.kind == "overflowed"] == ["9"]


@pytest.mark.parametrize(("mode", "outcome"), [("full", "overflow"), ("closed", "unstaffed")])
def test_a_full_queue_overflows_and_a_closed_one_is_as_if_nobody_were_there(mode, outcome):
    tape = check(call(book(main=WAITS)), f"""
         0  | call        | join frontdesk since 0
         0  | {mode}      | leavequeue, stopmusic, play voicemail-greeting
    """)  # fmt: skip
    [left] = [note.detail for note in tape.notes if note.kind == "left"]
    assert (left["outcome"], left["why"]) == (outcome, f"the queue is {mode}")


def test_a_queue_that_is_closed_while_one_waits_is_left_at_once():
    check(call(book(main=WAITS)), """
         0  | call        | join frontdesk since 0
         0  | place 2     | play please-wait+sound:queue-thereare+number:2+sound:queue-callswaiting
         5  | closed      | stop, leavequeue, stopmusic, play voicemail-greeting
    """)  # fmt: skip


def test_who_comes_back_from_a_transfer_that_nobody_took_waits_again():
    check(call(book(main=WAITS)), """
         0  | call        | join frontdesk since 0
         0  | offer 201   | to cpbx-offer 201
         2  | answered 201 | taken by 201
        60  | back NOANSWER | join frontdesk since 0
       240  | silence     | leavequeue, stopmusic, play voicemail-greeting
    """)  # fmt: skip


def test_the_limit_of_the_next_queue_counts_from_there():
    check(call(book(main=WAITS)), """
         0  | call        | join frontdesk since 0
         0  | place 2     | play please-wait+sound:queue-thereare+number:2+sound:queue-callswaiting
       100  | key 9       | stop, leavequeue, play sorry
       110  | prompt ends | join frontdesk since 0
       111  | place 1     | startmusic
    """)  # fmt: skip


def test_one_more_than_may_wait_goes_on_at_once_but_nobody_who_waits_already():
    check(call(book(main=WAITS)), """
         0  | call        | join frontdesk since 0
         0  | place 4     | leavequeue, stopmusic, play voicemail-greeting
    """)  # fmt: skip
    check(call(book(main=WAITS)), """
         0  | call        | join frontdesk since 0
         0  | place 3     | play please-wait+sound:queue-thereare+number:3+sound:queue-callswaiting
         9  | prompt ends | startmusic
        54  | silence     | askplace
        54  | place 4     | play sound:queue-thereare+number:4+sound:queue-callswaiting+offer-callback
    """)  # fmt: skip


@pytest.mark.parametrize(("calls", "priority"), [(0, 0), (1, 0), (2, 1), (3, 1), (40, 1)])
def test_who_calls_again_and_again_goes_ahead_a_little(calls: int, priority: int):
    assert joined(waits(calls=calls)).priority == priority


@pytest.mark.parametrize(
    ("queue", "gone", "since"), [("frontdesk", 299, -400), ("frontdesk", 301, 0), ("nurse", 10, 0)]
)
def test_who_was_cut_off_has_the_place_back_for_a_while(queue: str, gone: int, since: int):
    lost, ended = T0 - timedelta(seconds=400), T0 - timedelta(seconds=gone)
    machine = waits(queue=queue, lost=lost, ended=ended)
    assert joined(machine).since == T0 + timedelta(seconds=since)


def test_needs_follow_the_language_and_the_agent_who_knows_the_caller():
    rules = book(main=Flow("desk", {"desk": node(
        "enqueue", dict.fromkeys(("overflow", "unstaffed"), "bye"), queue="frontdesk", needs={"billing": 2},
        relax={timedelta(seconds=60): {}}), "bye": node("hangup")}))  # fmt: skip
    sticky = replace(rules.queues["frontdesk"], same_agent=timedelta(seconds=20))
    asked = joined(_call(replace(rules, queues={"frontdesk": sticky}), agent="ana"))
    english = (speaks("en"), 1)
    assert asked.stages == (
        Stage(skills=(("billing", 2), english), agent="ana"),
        Stage(timedelta(seconds=20), (("billing", 2), english)),
        Stage(timedelta(seconds=45), (("billing", 2),)),
        Stage(timedelta(seconds=60)),
    )
    assert [c.detail for c in waits().begin() if isinstance(c, Note) and c.kind == "queued"]


def whispering(language: str = "en", queues: tuple[str, ...] = (), reason: str = "about-refills") -> CallMachine:
    rules = book(main=Flow("desk", {"desk": node("enqueue", queue="frontdesk", reason=reason)}))
    desk = replace(rules.queues["frontdesk"], whisper="desk-call")
    rules = replace(rules, queues={"frontdesk": desk})
    arrived = ev.CallArrived(at=T0, flow="main", entry="+12075550100", version="1", language=language,
                             earlier=ev.Earlier(queues=queues))  # fmt: skip
    return CallMachine(arrived, "c1", rules)


@pytest.mark.parametrize(
    ("machine", "told"),
    [
        (whispering(), "U(cpbx-whisper^desk-call^about-refills)"),
        (whispering("es", reason=""), "U(cpbx-whisper^desk-call^speaks-es)"),
        (whispering(queues=("frontdesk",)), "U(cpbx-whisper^desk-call^about-refills)"),
        (whispering(queues=("frontdesk", "frontdesk")), "U(cpbx-whisper^desk-call^about-refills^call-bounced)"),
    ],
)
def test_the_agent_hears_what_the_call_is_before_it_is_theirs(machine: CallMachine, told: str):
    tape = check(machine, f"""
         0 | call        | CPBX_CALLEE={told}, join frontdesk since 0
         9 | place 0     | leavequeue, CPBX_CALLEE=, hangup
    """)  # fmt: skip
    assert ("bounced" in [note.kind for note in tape.notes]) == ("call-bounced" in told)
