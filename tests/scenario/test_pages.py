"""Somebody on call is paged: what they hear and press, from the PIN to the outcome; who drops out is called back."""

from dataclasses import replace
from datetime import timedelta

import pytest

from clinicpbx.core import events as ev
from clinicpbx.core.callflow.flow import Flow
from clinicpbx.core.callflow.machine import CallMachine
from clinicpbx.core.oncall.duty import Cover
from clinicpbx.core.oncall.rules import PageRules
from clinicpbx.private import Private
from tests.support.books import book, node, one_step
from tests.support.tape import T0, call, check

pytestmark = pytest.mark.scenario
BOOK = replace(
    book(page=one_step("page"), handover=one_step("handover")),
    paging={"kids": PageRules(say="paediatrics", outcomes={"1": "advised", "7": "seen"})},
)
PAGED = ev.Paged("c1.3", "chen", "message", "kids", "es", "desk", "m1")


def paged(flow: str = "page", caller: str = "+12075550142", **more: object) -> CallMachine:
    arrived = ev.CallArrived(
        at=T0, flow=flow, entry="chen", version="1", caller=Private(caller) if caller else None,
        paged=replace(PAGED, **more),  # type: ignore[arg-type]
    )  # fmt: skip
    return CallMachine(arrived, "c1.3.a1", BOOK)


KNOWN = """
         0 | call        | play page-pin
         4 | keys 28     | stop
         6 | key #       | check 28 of chen
         7 | pin right   | “identified”, play page-message+paediatrics+speaks-es"""


def test_the_pin_comes_before_all_else_then_the_message_and_a_key_accepts_it():
    check(paged(), f"""{KNOWN}
        10 | prompt ends | fetch m1
        11 | message m1 ready | play sound:/clear/m1+page-keys
        40 | prompt ends | -
        42 | key 1       | stop, chen accepts
        42 | page accepted | play page-accepted+page-keys-accepted
        45 | key 4       | stop, play page-outcomes
        50 | prompt ends | -
        51 | key 3       | stop, play page-outcomes
        52 | key 7       | stop, chen closes: seen, play page-noted
        54 | prompt ends | hangup
    """)  # fmt: skip


def test_a_machine_presses_no_key():
    check(paged(), """
         0 | call        | play page-pin
         4 | prompt ends | -
        12 | silence     | play page-pin
        16 | prompt ends | -
        24 | silence     | “silent: no key”, hangup
    """)  # fmt: skip


def test_three_wrong_pins_are_enough():
    check(paged(), """
         0 | call        | play page-pin
         4 | key 1       | stop
        12 | silence     | check 1 of chen
        12 | pin wrong   | play page-pin-wrong
        13 | keys 2#     | stop, check 2 of chen
        13 | pin wrong   | play page-pin-wrong
        14 | keys 3#     | stop, check 3 of chen
        14 | pin wrong   | “refused: PIN wrong”, play page-refused
        17 | prompt ends | hangup
    """)  # fmt: skip


@pytest.mark.parametrize("why", ["locked", "none", "unreadable"])
def test_whose_pin_cannot_be_checked_hears_nothing_of_the_patient(why: str):
    check(paged(), f"""
         0 | call        | play page-pin
         4 | keys 3#     | stop, check 3 of chen
         5 | pin {why}   | “refused: PIN {why}”, play page-refused
    """.replace(f"pin {why}   |", f"pin {why} |"))  # fmt: skip


def test_a_decline_passes_it_on():
    check(paged(), f"""{KNOWN}
         8 | key 2       | stop, “declined”, play page-declined
        10 | prompt ends | hangup
    """)  # fmt: skip


def test_who_comes_second_is_told():
    check(paged(), f"""{KNOWN}
         8 | key 1       | stop, chen accepts
         8 | page taken  | stop, play page-taken
        10 | prompt ends | hangup
    """)  # fmt: skip
    check(paged(), f"""{KNOWN}
         8 | page taken  | stop, play page-taken
    """)  # fmt: skip


def test_a_key_that_was_pressed_counts_though_the_line_or_the_daemon_is_lost():
    for last in ("hangup", "adopted"):
        check(paged(), f"""{KNOWN}
         8 | key 1       | stop, chen accepts
         9 | {last} | chen accepts
        """)  # fmt: skip


RING = "CPBX_TO=<private>, CPBX_SPEAKS=es, “rings the patient”, to cpbx-page s"


def test_the_patient_is_rung_accepts_with_a_key_and_afterwards_the_outcome_is_asked():
    check(paged(), f"""{KNOWN}
         8 | key 3       | stop, chen accepts
         8 | page accepted | {RING}
        14 | answered s  | -
        15 | answered    | “talks with the patient”
        90 | back ANSWER | “has talked with the patient”, play page-keys-accepted
        92 | key 3       | stop, {RING}
        99 | back BUSY   | “did not reach the patient: busy”, play page-unreached+page-keys-accepted
       100 | key 2       | stop, play page-keys-accepted
       103 | prompt ends | -
       111 | silence     | play page-keys-accepted
       114 | prompt ends | -
       122 | silence     | “silent: no key”, hangup
    """)  # fmt: skip


def test_without_a_number_nobody_is_rung():
    check(paged(caller=""), f"""{KNOWN}
         8 | key 3       | stop, chen accepts
         8 | page accepted | play page-no-number+page-keys-accepted
    """)  # fmt: skip


def test_a_damaged_message_is_said_to_be_and_can_be_accepted():
    for what in ("message m1 damaged", "silence"):
        damaged = "“message damaged”, " if what != "silence" else ""
        check(paged(), f"""{KNOWN}
        10 | prompt ends | fetch m1
        20 | {what} | {damaged}play message-damaged+page-keys
        21 | key 1 | stop, chen accepts
        """)  # fmt: skip


def test_a_red_flag_has_no_message_and_is_heard_again():
    known = KNOWN.replace("message+paediatrics+speaks-es", "red-flag+paediatrics")
    check(paged(kind="red_flag", message="", speaks="en"), f"""{known}
         9 | prompt ends | play page-keys
        10 | key #       | stop, play page-keys
        11 | adopted     | play page-keys
    """)  # fmt: skip


def test_a_new_daemon_asks_what_was_asked():
    check(paged(), """
         0 | call        | play page-pin
         4 | keys 28     | stop
         5 | adopted     | play page-pin
         6 | keys 28#    | stop, check 28 of chen
         7 | adopted     | play page-pin
         8 | keys 28#    | stop, check 28 of chen
         9 | pin right   | “identified”, play page-message+paediatrics+speaks-es
        10 | adopted     | fetch m1
        11 | key 4       | stop, chen accepts
        11 | page accepted | play page-outcomes
        12 | adopted     | stop, play page-outcomes
        13 | key 1       | stop, chen closes: advised, play page-noted
        14 | adopted     | -
    """)  # fmt: skip


# ---------------------------------------------------------------------- shifts


def handover(hours: float = 10) -> CallMachine:
    return paged("handover", kind="handover", message="", until=T0 + timedelta(hours=hours))


SAID = "handover-until+number:20+handover-confirm"  # 10 hours after 10:00 in New York


def test_a_shift_is_confirmed_with_a_key():
    check(handover(), f"""
         0 | call        | play {SAID}
         6 | key 1       | stop, chen accepts
         6 | page accepted | play handover-confirmed
         9 | prompt ends | hangup
    """)  # fmt: skip
    check(handover(25.5), """
         0 | call        | play handover-until+sound:digits/day-2+number:11+digits:30+handover-confirm
    """)  # fmt: skip


def test_who_cannot_says_so_and_a_machine_says_nothing():
    check(handover(), f"""
         0 | call        | play {SAID}
         6 | key 2       | “declined”, stop, play page-declined
         9 | prompt ends | hangup
    """)  # fmt: skip
    check(handover(), f"""
         0 | call        | play {SAID}
         6 | prompt ends | -
        14 | silence     | play {SAID}
        20 | prompt ends | -
        28 | silence     | “silent: no key”, hangup
    """)  # fmt: skip


def test_a_confirmation_counts_though_the_line_is_lost():
    check(handover(), f"""
         0 | call        | play {SAID}
         6 | key 1       | stop, chen accepts
         7 | adopted     | chen accepts
         8 | hangup      | chen accepts
    """)  # fmt: skip


# ---------------------------------------------------------------------- what pages somebody

MESSAGE = one_step("voicemail", mailbox="frontdesk", page="kids", confirm_number=False)
FLAGGED = Flow("flag", {
    "flag": node("triage", {"done": "tell"}, level="emergency", page="kids"),
    "tell": node("play", {"done": "oncall"}, prompt="dial-911"),
    "oncall": node("on_call", {"nobody": "leave", "unreached": "leave"}, rota="kids"),
    "leave": node("voicemail", mailbox="frontdesk", confirm_number=False),
})  # fmt: skip


def test_a_message_for_on_call_pages_also_half_of_one():
    kept = "keep for frontdesk: call +12075550142, page kids: message 20300107T150000-c1.1"
    check(call(book(main=MESSAGE)), f"""
         0 | call        | stopmusic, play voicemail-greeting
         4 | prompt ends | record for frontdesk
        14 | hangup      | {kept}
    """)  # fmt: skip
    check(call(book(main=MESSAGE)), f"""
         0 | call        | stopmusic, play voicemail-greeting
         4 | prompt ends | record for frontdesk
        14 | recorded 10 | {kept}, play message-kept
        16 | hangup      | -
    """)  # fmt: skip


def test_who_drops_out_of_an_emergency_is_called_back():
    check(call(book(main=FLAGGED)), """
         0 | call        | play dial-911
         3 | hangup      | page kids: red_flag
    """)  # fmt: skip


def test_who_talked_with_somebody_is_not():
    check(call(book(main=FLAGGED)), """
         0 | call        | play dial-911
         3 | prompt ends | CPBX_RING_FOR=25, to cpbx-person +12075550161
         9 | answered    | -
        60 | hangup      | -
    """)  # fmt: skip


def test_whom_nobody_answered_is_called_back_though_there_is_a_message():
    check(call(book(main=FLAGGED)), """
         0 | call        | play dial-911
         3 | prompt ends | CPBX_RING_FOR=25, to cpbx-person +12075550161
         9 | back BUSY   | CPBX_RING_FOR=25, to cpbx-person 206
        12 | hangup      | page kids: red_flag
    """)  # fmt: skip
    paging = {**FLAGGED.nodes, "tell": node("voicemail", mailbox="frontdesk", confirm_number=False, page="kids")}
    check(call(book(main=Flow("flag", paging))), """
         0 | call        | stopmusic, play voicemail-greeting
         4 | prompt ends | record for frontdesk
        14 | hangup      | keep for frontdesk: call +12075550142, page kids: message 20300107T150000-c1.2
    """)  # fmt: skip


def test_no_other_level_calls_anybody_back():
    urgent = Flow("flag", {**FLAGGED.nodes, "flag": node("triage", {"done": "tell"}, level="urgent", page="kids")})
    tape = check(call(book(main=urgent)), """
         0 | call        | play dial-911
         3 | hangup      | -
    """)  # fmt: skip
    assert [note.detail for note in tape.notes if note.kind == "triage"] == [{"level": "urgent"}]


def test_the_caller_reaches_who_covers():
    cover = Cover("kids", "diaz", T0, T0 + timedelta(hours=1), "egan")
    arrived = ev.CallArrived(
        at=T0, flow="main", entry="+12075550100", version="1", caller=Private("1"), covers=(cover,)
    )  # fmt: skip
    machine = CallMachine(arrived, "c1", book(main=one_step("on_call", rota="kids", rounds=1)))
    check(machine, """
         0 | call        | CPBX_RING_FOR=25, to cpbx-person +12075550162
         9 | back BUSY   | CPBX_RING_FOR=25, to cpbx-person 206
    """)  # fmt: skip
