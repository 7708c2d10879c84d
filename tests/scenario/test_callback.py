"""Call-backs: how one is promised, and how the agent makes it."""

import pytest

from clinicpbx.core import events as ev
from clinicpbx.core.callflow.flow import Flow
from clinicpbx.core.callflow.machine import CallMachine
from clinicpbx.core.commands import EndAttempt, KeepCallback
from clinicpbx.private import Private
from tests.support.books import book, node, one_step
from tests.support.tape import T0, Tape, call, check

pytestmark = pytest.mark.scenario
NUMBER = "digits:12075550142"
PROMISE = Flow(
    "desk",
    {
        "desk": node("enqueue", {"overflow": "bye", "unstaffed": "bye", "1": "again"}, queue="frontdesk", keys=("1",)),
        "again": node("callback", {"done": "bye", "no_number": "desk"}, queue="frontdesk"),
        "bye": node("hangup"),
    },
)


def outcome(tape: Tape) -> object:
    return next(note.detail["outcome"] for note in tape.notes if note.kind == "ended")


def test_the_number_is_read_back_and_the_place_kept():
    tape = check(call(book(main=PROMISE)), f"""
         0 | call        | join frontdesk since 0
         0 | place 3     | startmusic
        20 | key 1       | leavequeue, play number-is+{NUMBER}+number-confirm
        24 | prompt ends | -
        25 | key 1       | stop, call +12075550142 back for frontdesk since 0, play callback-kept
        29 | prompt ends | hangup
    """)  # fmt: skip
    assert outcome(tape) == "callback"
    assert [note for note in tape.notes if note.kind == "number"] == [], "it is the caller's own"


def test_the_weight_in_the_line_is_kept_too():
    urgent = dict(PROMISE.nodes) | {"desk": node("enqueue", dict(PROMISE.nodes["desk"].next), queue="frontdesk",
                                                 keys=("1",), priority=7)}  # fmt: skip
    machine = call(book(main=Flow("desk", urgent)))
    machine.begin()
    machine.handle(ev.DtmfReceived(at=T0, digit="1"))
    [keep] = [c for c in machine.handle(ev.HungUp(at=T0, cause=16)) if isinstance(c, KeepCallback)]
    assert keep.join.priority == 7


def test_another_number_may_be_given():
    tape = check(call(book(main=PROMISE)), f"""
         0 | call        | join frontdesk since 0
        20 | key 1       | leavequeue, play number-is+{NUMBER}+number-confirm
        25 | key 2       | stop, play number-enter
        28 | keys 5550123 | stop
        35 | key #       | play number-is+digits:5550123+number-confirm
        38 | key 1       | stop, call 5550123 back for frontdesk since 0, play callback-kept
        40 | adopted     | -
        41 | hangup      | -
    """)  # fmt: skip
    (note,) = [note for note in tape.notes if note.kind == "number"]
    assert note.detail == {"number": Private("5550123")}, "for the inbox"


def test_silence_means_the_number_we_see():
    check(call(book(main=PROMISE)), f"""
         0 | call        | join frontdesk since 0
        20 | key 1       | leavequeue, play number-is+{NUMBER}+number-confirm
        24 | prompt ends | -
        30 | silence     | stop, call +12075550142 back for frontdesk since 0, play callback-kept
       150 | silence     | hangup
    """)  # fmt: skip


def test_who_hangs_up_half_way_is_called_back_all_the_same():
    tape = check(call(book(main=PROMISE)), f"""
         0 | call        | join frontdesk since 0
        20 | key 1       | leavequeue, play number-is+{NUMBER}+number-confirm
        22 | hangup      | call +12075550142 back for frontdesk since 0
    """)  # fmt: skip
    assert outcome(tape) == "callback"


def test_who_shows_no_number_and_gives_none_waits_on_in_the_old_place():
    tape = check(call(book(main=PROMISE), caller="anonymous"), """
         0 | call        | join frontdesk since 0
        20 | key 1       | leavequeue, play number-enter
        22 | prompt ends | -
        28 | silence     | stop, join frontdesk since 0
        30 | hangup      | leavequeue
    """)  # fmt: skip
    assert outcome(tape) == "abandoned"
    tape = check(call(book(main=PROMISE), caller="anonymous"), """
         0 | call        | join frontdesk since 0
        20 | key 1       | leavequeue, play number-enter
        21 | hangup      | -
    """)  # fmt: skip
    assert outcome(tape) == "abandoned"


def test_it_keeps_the_language_and_the_needs():
    machine = call(book(main=one_step("callback", queue="frontdesk", priority=3, needs={"billing": 2})))
    machine.begin()
    [keep] = [c for c in machine.handle(ev.HungUp(at=T0, cause=16)) if isinstance(c, KeepCallback)]
    assert (keep.language, keep.join.priority, keep.join.callback, keep.tries) == ("en", 3, True, 3)
    assert keep.join.stages[0].skills == (("billing", 2), ("speaks en", 1))
    assert "2075550142" not in repr(keep)


def attempt(language: str = "en") -> CallMachine:
    arrived = ev.CallArrived(at=T0, flow="ring", entry="201", version="1", caller=Private("+12075550142"),
                             language=language, callback="c9")  # fmt: skip
    return CallMachine(arrived, "c9.a1", book(ring=one_step("ring_back")))


RING = "CPBX_TO=<private>, CPBX_SPEAKS=en, to cpbx-callback s"


def test_the_agent_hears_who_and_why_then_the_patient_is_rung_and_the_agent_says_what_came_of_it():
    tape = check(attempt(), f"""
         0 | call        | play callback-brief+{NUMBER}
         6 | prompt ends | {RING}
        12 | answered s  | -
        15 | answered    | -
        90 | back ANSWER | play callback-reached
        93 | prompt ends | -
        95 | key 1       | stop, reached, hangup
    """)  # fmt: skip
    assert [note.kind for note in tape.notes if note.kind in ("dialled", "answered")] == ["dialled", "answered"]


@pytest.mark.parametrize(
    ("last", "said"),
    [("key 2", "stop, unreached: the agent asks for another try, hangup"), ("silence", "reached, hangup")],
)
def test_the_agent_may_ask_for_another_try_and_silence_means_reached(last: str, said: str):
    check(attempt(), f"""
         0 | call        | play callback-brief+{NUMBER}
         6 | prompt ends | {RING}
        15 | answered    | -
        90 | back ANSWER | play callback-reached
        93 | prompt ends | -
        94 | adopted     | play callback-reached
        96 | prompt ends | -
       102 | {last}      | {said}
    """.replace(" 102 | key 2", "  99 | key 2"))  # fmt: skip


def test_the_language_is_told_where_it_is_not_the_clinics_own():
    check(attempt("es"), f"""
         0 | call        | play callback-brief+speaks-es+{NUMBER}
         2 | key 1       | stop, CPBX_TO=<private>, CPBX_SPEAKS=es, to cpbx-callback s
    """)  # fmt: skip


def test_who_presses_no_key_was_not_reached():
    check(attempt(), f"""
         0 | call        | play callback-brief+{NUMBER}
         1 | key 1       | stop, {RING}
        12 | answered s  | -
        25 | back BUSY   | unreached: busy, play callback-unreached
        28 | prompt ends | hangup
    """)  # fmt: skip


def test_nobody_was_rung_if_the_agent_passes_or_hangs_up_first():
    check(attempt(), f"""
         0 | call        | play callback-brief+{NUMBER}
         1 | adopted     | play callback-brief+{NUMBER}
         2 | key 2       | stop, unreached: the patient was not rung, hangup
    """)  # fmt: skip
    for happened in ((), (ev.DeadlineReached(at=T0),)):
        machine = attempt()
        machine.begin()
        for event in happened:
            machine.handle(event)
        [end] = [c for c in machine.handle(ev.HungUp(at=T0, cause=16)) if isinstance(c, EndAttempt)]
        assert (end.callback, end.reached, end.counts) == ("c9", False, False)


@pytest.mark.parametrize("happened", ["adopted", "refused Continue unreachable"])
def test_a_dial_that_is_lost_was_none(happened: str):
    check(attempt(), f"""
         0 | call        | play callback-brief+{NUMBER}
         1 | key 1       | stop, {RING}
         2 | {happened}  | unreached: the patient was not rung, play callback-unreached
         5 | hangup      | -
    """)  # fmt: skip


def test_who_hangs_up_after_the_talk_has_reached_the_patient():
    check(attempt(), f"""
         0 | call        | play callback-brief+{NUMBER}
         1 | key 1       | stop, {RING}
        15 | answered    | -
        40 | hangup      | reached
    """)  # fmt: skip
