"""What a phone that hears a message does with its item of the inbox."""

import pytest

from clinicpbx.core import events as ev
from clinicpbx.core.callflow.machine import CallMachine
from clinicpbx.private import Private
from tests.support.books import book, one_step
from tests.support.tape import ATTEMPT, T0, Tape, call, check

pytestmark = pytest.mark.scenario
NUMBER = Private("+12075550142")

HEARD = """
         0  | call             | answer, play sound:vm-password
         1  | keys 1#          | stop, open frontdesk with 1
         3  | mailbox opens m1 m2 | play sound:vm-youhave+number:2+sound:vm-INBOX+sound:vm-messages
         5  | prompt ends      | fetch m1
         5  | message m1 ready | play sound:/clear/m1
"""


def test_a_message_is_made_ones_own_called_back_and_closed_from_the_phone():
    check(call(book(), "code-voicemail", "201"), HEARD.rstrip() + """
         9  | key 1            | stop, claim m1 for ana
         9  | item claimed m9  | -
         9  | item claimed m1  | play item-claimed
        11  | key 2            | stop, call m1 for ana
        11  | item called m1   | no call-back now, CPBX_TO=<private>, to cpbx-callback item
        12  | key 7            | -
        13  | answered s       | met
        14  | back ANSWER      | play mailbox-keys
        15  | key 3            | stop, outcomes m1 for ana
        15  | item outcomes m1 sent refused | play item-outcomes+number:1+outcome-sent+number:2+outcome-refused
        16  | prompt ends      | -
        18  | key 2            | stop, close m1 for ana: refused
        18  | item closed m1   | play item-closed
        20  | prompt ends      | -
        21  | key #            | stop, mark m1, fetch m2
    """)  # fmt: skip


def test_hearing_goes_on_where_the_inbox_does_not_answer():
    check(call(book(), "code-voicemail", "201"), HEARD.rstrip() + """
         9  | key 1            | stop, claim m1 for ana
        17  | silence          | play item-away
        18  | key 3            | stop, outcomes m1 for ana
        18  | item none m1     | play item-none
        19  | key 3            | stop, outcomes m1 for ana
        19  | item outcomes m1 sent | play item-outcomes+number:1+outcome-sent
        20  | key 9            | stop, play mailbox-keys
        21  | key 3            | stop, outcomes m1 for ana
        21  | adopted          | fetch m1
        21  | message m1 ready | play sound:/clear/m1
        22  | key 3            | stop, outcomes m1 for ana
        22  | item outcomes m1 sent | play item-outcomes+number:1+outcome-sent
        23  | adopted          | fetch m1
        23  | message m1 ready | play sound:/clear/m1
        24  | key #            | stop, mark m1, fetch m2
    """)  # fmt: skip


@pytest.mark.parametrize(
    ("happened", "asked", "result"),
    [
        ("back BUSY", "play item-unreached", "busy"),
        ("back NOANSWER", "play item-unreached", "no answer"),
        ("back CHANUNAVAIL", "play item-unreached", "could not be dialled"),
        ("refused Continue not_ours", "play item-unreached", "could not be dialled"),
        ("adopted", "play item-unreached", "interrupted"),
        ("hangup", "-", "hung up"),
    ],
)
def test_what_came_of_a_call_from_the_phone_is_noted_and_hearing_goes_on(happened: str, asked: str, result: str):
    tape = check(call(book(), "code-voicemail", "201"), HEARD.rstrip() + f"""
        11 | key 2            | stop, call m1 for ana
        11 | item called m1   | no call-back now, CPBX_TO=<private>, to cpbx-callback item
        40 | {happened}       | {asked}
    """)  # fmt: skip
    assert results(tape) == ["", result], "before it has an end, and then"


DESK = "         0  | call             | no call-back now, CPBX_TO=<private>, to cpbx-callback item"


def desk(number: Private[str] | None = NUMBER, why: str = "") -> CallMachine:
    arrived = ev.CallArrived(
        at=T0, flow="call", entry="201", version="1", caller=number, callback=ATTEMPT, argument=why
    )  # fmt: skip
    return CallMachine(arrived, ATTEMPT, book(call=one_step("call_item")))


def results(tape: Tape) -> list[object]:
    """What is noted on the item."""
    noted = [note.detail for note in tape.notes if note.kind == "item"]
    assert all((one["item"], one["attempt"]) == (17, ATTEMPT) for one in noted)
    return [one["result"] for one in noted]


@pytest.mark.parametrize(
    ("then", "result"),
    [
        ("20 | answered s | met\n 60 | back ANSWER | hangup", "answered"),
        ("20 | answered s | met\n 60 | hangup | -", "answered"),
        ("20 | answered s | met\n 60 | adopted | hangup", "answered"),
        ("20 | hangup | -", "hung up"),
        ("20 | back BUSY | play item-unreached\n 24 | prompt ends | hangup", "busy"),
        ("45 | back NOANSWER | play item-unreached\n 165 | silence | hangup", "no answer"),
        ("20 | back CONGESTION | play item-unreached\n 24 | prompt fails | hangup", "could not be dialled"),
        ("20 | adopted | play item-unreached\n 24 | hangup | -", "interrupted"),
        ("14400 | silence | -\n 14401 | back ANSWER | hangup", "answered"),
    ],
)
def test_the_phone_that_was_rung_for_an_item_calls_its_patient(then: str, result: str):
    tape = check(desk(), f"{DESK}\n{then}")
    assert results(tape) == ["", result], "before it has an end, and then"


@pytest.mark.parametrize(("why", "result"), [("refused", "not wanted any more"), ("away", "could not be dialled")])
def test_nobody_is_called_for_an_item_that_is_closed_or_cannot_be_read(why: str, result: str):
    tape = check(desk(None, why), f"""
         0  | call             | play item-{why}
         3  | prompt ends      | hangup
    """)  # fmt: skip
    assert results(tape) == [result]
