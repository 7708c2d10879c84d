"""What phones dial: counts, dispositions, supervision."""

from dataclasses import replace

import pytest

from clinicpbx.core import events as ev
from clinicpbx.core.callflow.machine import CallMachine
from clinicpbx.core.commands import AskWaiting, DisposeCall, Note
from clinicpbx.core.rulebook import PhoneRules
from tests.support.books import book, one_step
from tests.support.tape import T0, Tape, check, homes

pytestmark = pytest.mark.scenario


def dialled(kind: str, phone: str, argument: str = "", **options: object) -> CallMachine:
    rules = book(code=one_step(kind, **options))
    rules = replace(rules, phones={**rules.phones, "206": PhoneRules("206", supervises=("frontdesk",))})
    seats = homes(rules, phone, argument)
    arrived = ev.CallArrived(at=T0, flow="code", entry=phone, version="1", argument=argument, seats=seats)
    return CallMachine(arrived, "c1", rules)


def notes(tape: Tape) -> list[str]:
    return [note.kind for note in tape.notes if note.kind.startswith("supervis")]


@pytest.mark.parametrize("mode", ["listen", "whisper", "barge"])
def test_a_supervisor_is_let_in_and_noted_from_beginning_to_end(mode: str):
    tape = check(dialled("supervise", "206", "201", mode=mode), f"""
         0 | call      | CPBX_TARGET=201, to cpbx-supervise {mode}
        60 | key 1     | -
        90 | hangup    | -
    """)  # fmt: skip
    assert notes(tape) == ["supervised", "supervision_ended"]
    begun = next(note.detail for note in tape.notes if note.kind == "supervised")
    assert begun == {"by": "206", "phone": "201", "agent": "ana", "mode": mode}


@pytest.mark.parametrize(("phone", "target"), [("201", "202"), ("206", "204"), ("206", "999"), ("+12075550100", "201")])
def test_who_may_not_is_told_so_and_that_is_noted_too(phone: str, target: str):
    tape = check(dialled("supervise", phone, target), """
         0 | call        | play not-allowed
         2 | prompt ends | hangup
    """)  # fmt: skip
    assert notes(tape) == ["supervision_refused"]


def test_a_supervision_that_does_not_come_about_ends():
    check(dialled("supervise", "206", "201"), """
         0 | call                         | CPBX_TARGET=201, to cpbx-supervise listen
         1 | refused Continue unreachable | hangup
    """)  # fmt: skip


def test_the_count_of_a_queue_is_spoken():
    machine = dialled("queue_count", "201", "frontdesk")
    assert AskWaiting("frontdesk") in machine.begin()
    [play] = machine.handle(ev.WaitingTold(at=T0, queue="frontdesk", waiting=3))
    assert play.media == ("prompt:queue-waiting", "number:3")
    machine.handle(ev.PlaybackFinished(at=T0, playback=play.playback))
    assert machine.over
    assert [
        c.detail["why"] for c in dialled("queue_count", "201", "x").begin() if isinstance(c, Note) and c.kind == "left"
    ]


def test_a_disposition_is_for_the_floor():
    machine = dialled("agent_dispose", "201", "resolved")
    assert DisposeCall("201", "resolved") in machine.begin()
    [play] = machine.handle(ev.AgentChanged(at=T0, change="disposed"))
    assert play.media == ("prompt:agent-noted",)
