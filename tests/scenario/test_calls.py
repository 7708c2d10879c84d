"""Whole calls, named by situation."""

from datetime import timedelta

import pytest

from clinicpbx.core.callflow.flow import Flow
from tests.support.books import MAIN, book, node, one_step
from tests.support.tape import call, check

pytestmark = pytest.mark.scenario


def outcome(tape):
    return next(note.detail["outcome"] for note in tape.notes if note.kind == "ended")


def kinds(tape):
    return [note.kind for note in tape.notes if note.kind not in ("step", "left")]


def test_spanish_caller_waits_and_is_answered():
    tape = check(call(book()), """
         0  | call         | answer, play prompt@en:choose+prompt@es:choose
         2  | key 2        | stop, CHANNEL(language)=es, play menu in es
         5  | prompt ends  | -
         6  | key 1        | join frontdesk since 6
         6  | place 1      | startmusic
         20 | offer 201    | to cpbx-offer 201
         24 | answered 201 | taken by 201
        300 | hangup       | -
    """)  # fmt: skip
    assert kinds(tape) == ["arrived", "language", "menu", "queued", "offered", "answered", "ended"]
    assert outcome(tape) == "answered"


def test_a_silent_caller_hears_the_menu_twice_and_reaches_the_front_desk():
    check(call(book()), """
         0  | call         | answer, play prompt@en:choose+prompt@es:choose
         4  | prompt ends  | -
         9  | silence      | CHANNEL(language)=en, play menu
         12 | prompt ends  | -
         17 | silence      | play menu
         20 | prompt ends  | -
         25 | silence      | join frontdesk since 25
    """)  # fmt: skip


def test_wrong_keys_reach_the_front_desk_too():
    tape = check(call(book()), """
         0  | call         | answer, play prompt@en:choose+prompt@es:choose
         1  | key 1        | stop, CHANNEL(language)=en, play menu
         2  | key 7        | stop, play menu
         3  | key 8        | stop, join frontdesk since 3
    """)  # fmt: skip
    assert [n.detail["why"] for n in tape.notes if n.kind == "left"][-1] == "invalid 2 times"


def test_practice_information_comes_back_to_the_menu():
    tape = check(call(book()), """
         0  | call         | answer, play prompt@en:choose+prompt@es:choose
         1  | key 9        | stop, CHANNEL(language)=en, play menu
         2  | key 4        | stop, play about
         8  | key 1        | -
         9  | prompt ends  | play menu
        10  | hangup       | -
    """)  # fmt: skip
    assert outcome(tape) == "informed"


def test_information_cut_short_is_not_heard():
    tape = check(call(book()), """
         0  | call         | answer, play prompt@en:choose+prompt@es:choose
         1  | keys 14      | stop, CHANNEL(language)=en, play menu, stop, play about
         8  | prompt is cut | play menu
         8  | hangup       | -
    """)  # fmt: skip
    assert outcome(tape) == "abandoned"


def test_who_asks_for_a_person_after_the_information_and_gives_up_has_abandoned():
    tape = check(call(book()), """
         0  | call         | answer, play prompt@en:choose+prompt@es:choose
         1  | keys 14      | stop, CHANNEL(language)=en, play menu, stop, play about
         9  | prompt ends  | play menu
        10  | key 1        | stop, join frontdesk since 10
        30  | hangup       | leavequeue
    """)  # fmt: skip
    assert outcome(tape) == "abandoned"


def test_a_welcome_that_nobody_chose_informs_nobody_who_hangs_up():
    welcome = {"welcome": node("play", {"done": "menu"}, prompt="welcome"), "menu": MAIN.nodes["menu"]}
    tape = check(call(book(main=Flow("welcome", {**MAIN.nodes, **welcome}))), """
         0  | call         | play welcome
         5  | prompt ends  | play menu
         6  | hangup       | -
    """)  # fmt: skip
    assert outcome(tape) == "abandoned"


def test_an_apology_after_a_wait_in_vain_informs_nobody():
    sorry = {
        "menu": MAIN.nodes["menu"],
        "desk": node("enqueue", {"unstaffed": "sorry"}, queue="frontdesk"),
        "sorry": node("play", prompt="sorry"),
    }
    tape = check(call(book(main=Flow("menu", {**MAIN.nodes, **sorry}))), """
         0  | call         | play menu
         1  | key 1        | stop, join frontdesk since 1
         1  | place 0      | leavequeue, play sorry
         5  | prompt ends  | hangup
    """)  # fmt: skip
    assert outcome(tape) == "abandoned"


def test_a_closed_clinic_that_says_so_and_hangs_up_has_informed():
    tape = check(call(book(main=one_step("play", prompt="closed"))), """
         0  | call         | play closed
         5  | prompt ends  | hangup
    """)  # fmt: skip
    assert outcome(tape) == "informed"


def test_a_phone_of_ours_that_rings_a_queue_is_internal():
    tape = check(call(book(**{"queue-desk": one_step("enqueue", queue="frontdesk")}), "queue-desk", "300", "204"), """
         0  | call         | join frontdesk since 0
         0  | offer 201    | to cpbx-offer 201
         5  | answered 201 | taken by 201
        20  | hangup       | -
    """)  # fmt: skip
    assert outcome(tape) == "internal"


def test_the_place_is_announced_and_the_wait_overflows_to_a_message():
    tape = check(call(book()), """
         0  | call          | answer, play prompt@en:choose+prompt@es:choose
         1  | key 1         | stop, CHANNEL(language)=en, play menu
         1  | key 1         | stop, join frontdesk since 1
         1  | place 3       | startmusic
        46  | silence       | askplace
        46  | place 2       | play sound:queue-thereare+number:2+sound:queue-callswaiting
        52  | prompt ends   | startmusic
        97  | silence       | askplace
        99  | silence       | startmusic
       144  | silence       | askplace
       144  | place 1       | play sound:queue-youarenext
       150  | prompt fails  | startmusic
       181  | silence       | leavequeue, stopmusic, play voicemail-greeting
       190  | prompt ends   | record for frontdesk
       200  | recorded 9    | play number-is+digits:12075550142+number-confirm
       202  | key 1         | stop, keep for frontdesk: call +12075550142 confirmed, play message-kept
       210  | prompt ends   | hangup
    """)  # fmt: skip
    assert outcome(tape) == "voicemail"
    assert kinds(tape)[-4:] == ["queued", "overflowed", "message", "ended"]


def test_an_unanswered_offer_comes_back_and_keeps_the_place():
    tape = check(call(book()), """
         0  | call          | answer, play prompt@en:choose+prompt@es:choose
         1  | keys 11       | stop, CHANNEL(language)=en, play menu, stop, join frontdesk since 1
         1  | offer 201     | to cpbx-offer 201
        21  | back NOANSWER | returned NOANSWER
        21  | offer 201 202 | CPBX_RING=PJSIP/phone-201&PJSIP/phone-202, to cpbx-offer ring
        25  | answered 202  | taken by 202
        26  | answered 201  | -
    """)  # fmt: skip
    assert kinds(tape)[-4:] == ["offered", "refused", "offered", "answered"]


def test_the_caller_who_gives_up_while_a_phone_rings_frees_it():
    tape = check(call(book()), """
         0  | call          | answer, play prompt@en:choose+prompt@es:choose
         1  | keys 11       | stop, CHANNEL(language)=en, play menu, stop, join frontdesk since 1
         1  | offer 201     | to cpbx-offer 201
         5  | hangup        | leavequeue
         6  | answered 201  | -
    """)  # fmt: skip
    assert outcome(tape) == "abandoned"


def test_nobody_is_logged_in_so_a_message_is_taken_at_once():
    check(call(book()), """
         0  | call          | answer, play prompt@en:choose+prompt@es:choose
         1  | keys 10       | stop, CHANNEL(language)=en, play menu, stop, join frontdesk since 1
         1  | place 0       | leavequeue, stopmusic, play voicemail-greeting
    """)  # fmt: skip


def test_an_offer_after_the_limit_overflows_when_it_comes_back():
    check(call(book()), """
         0  | call          | answer, play prompt@en:choose+prompt@es:choose
         1  | keys 11       | stop, CHANNEL(language)=en, play menu, stop, join frontdesk since 1
       170  | offer 201     | to cpbx-offer 201
       190  | back NOANSWER | returned NOANSWER, leavequeue, stopmusic, play voicemail-greeting
    """)  # fmt: skip


def test_a_waiting_call_is_adopted_in_its_old_place():
    check(call(book()), """
         0  | call          | answer, play prompt@en:choose+prompt@es:choose
         1  | keys 11       | stop, CHANNEL(language)=en, play menu, stop, join frontdesk since 1
         1  | place 3       | startmusic
        30  | adopted       | join frontdesk since 1, startmusic
        40  | offer 202     | to cpbx-offer 202
        41  | adopted       | join frontdesk since 1 anew
    """)  # fmt: skip


def test_a_caller_who_hangs_up_half_way_has_left_a_message():
    tape = check(call(book(main=one_step("voicemail", mailbox="nurse"))), """
         0  | call          | stopmusic, play voicemail-greeting
         8  | prompt ends   | record for nurse
        12  | hangup        | keep for nurse: call +12075550142
    """)  # fmt: skip
    assert outcome(tape) == "voicemail"
    assert next(n.detail["seconds"] for n in tape.notes if n.kind == "message") == 4


def test_a_caller_who_hangs_up_at_the_tone_has_left_nothing():
    tape = check(call(book(main=one_step("voicemail", mailbox="nurse"))), """
         0  | call          | stopmusic, play voicemail-greeting
         8  | prompt ends   | record for nurse
       8.5  | hangup        | dropmessage
    """)  # fmt: skip
    assert outcome(tape) == "abandoned"


def test_another_number_is_entered_and_confirmed():
    check(call(book(main=one_step("voicemail", mailbox="nurse"))), """
         0  | call            | stopmusic, play voicemail-greeting
         2  | key #           | stop, record for nurse
        12  | recorded 9      | play number-is+digits:12075550142+number-confirm
        14  | key 2           | stop, play number-enter
        16  | keys 2075550199 | stop
        17  | key #           | play number-is+digits:2075550199+number-confirm
        20  | key 1           | stop, keep for nurse: call 2075550199 confirmed, play message-kept
        21  | hangup          | -
    """)  # fmt: skip


def test_a_caller_without_a_number_is_asked_for_one():
    check(call(book(main=one_step("voicemail", mailbox="nurse")), caller="anonymous"), """
         0  | call            | stopmusic, play voicemail-greeting
         2  | prompt fails    | record for nurse
        12  | recorded 9      | play number-enter
        16  | prompt ends     | -
        22  | silence         | stop, keep for nurse: call nobody, play message-kept
    """)  # fmt: skip


def test_nothing_said_is_not_a_message():
    tape = check(call(book(main=one_step("voicemail", mailbox="nurse"))), """
         0  | call            | stopmusic, play voicemail-greeting
         2  | prompt ends     | record for nurse
         3  | recorded 0.4    | dropmessage, hangup
    """)  # fmt: skip
    assert outcome(tape) == "abandoned"


def test_a_dialled_phone_that_is_busy():
    tape = check(call(book()), """
         0  | call          | answer, play prompt@en:choose+prompt@es:choose
         1  | keys 12       | stop, CHANNEL(language)=en, play menu, stop, CPBX_RING_FOR=25, to cpbx-dial 204
         2  | back BUSY     | stopmusic, play voicemail-greeting
    """)  # fmt: skip
    assert "dial_ended" in kinds(tape)


def test_an_agent_logs_in_by_feature_code():
    tape = check(call(book(), "code-login", "201"), """
         0  | call          | answer, togglelogin
         0  | agent login   | play sound:agent-loginok
         2  | prompt ends   | hangup
    """)  # fmt: skip
    assert outcome(tape) == "internal"


def test_the_floor_does_not_answer_a_feature_code():
    check(call(book(), "code-pause", "201"), """
         0  | call          | answer, togglepause
         3  | silence       | hangup
    """)  # fmt: skip


def test_adopted_callers_hear_the_question_again():
    voicemail = book(main=one_step("voicemail", mailbox="nurse"))
    check(call(book(main=one_step("menu", prompt="menu", keys=("1",)))), """
         0  | call       | play menu
         1  | adopted    | play menu
         2  | prompt fails | -
         7  | silence    | play menu
         9  | key 1      | stop, hangup
    """)  # fmt: skip
    check(call(book(main=one_step("play", prompt="about"))), """
         0  | call         | play about
         1  | adopted      | play about
         5  | prompt fails | hangup
    """)  # fmt: skip
    check(call(voicemail), """
         0  | call         | stopmusic, play voicemail-greeting
         1  | adopted      | play voicemail-greeting
         5  | key 5        | -
         6  | prompt ends  | record for nurse
         7  | key 5        | -
        18  | recorded 9   | play number-is+digits:12075550142+number-confirm
        19  | adopted      | play number-is+digits:12075550142+number-confirm
        20  | key 2        | stop, play number-enter
        21  | adopted      | play number-enter
        22  | key 5        | stop
        28  | silence      | play number-is+digits:5+number-confirm
        30  | prompt ends  | -
        36  | silence      | stop, keep for nurse: call 5, play message-kept
        37  | key 1        | -
       156  | silence      | hangup
    """)  # fmt: skip


def test_prompts_that_never_end_do_not_hold_the_caller():
    check(call(book(main=one_step("play", prompt="about"))), """
         0  | call         | play about
       120  | silence      | stop, hangup
    """)  # fmt: skip
    check(call(book(main=one_step("voicemail", mailbox="nurse", confirm_number=False))), """
         0  | call         | stopmusic, play voicemail-greeting
       120  | silence      | stop, record for nurse
       310  | silence      | keep for nurse: call +12075550142, play message-kept
    """)  # fmt: skip


def test_hanging_up_during_the_greeting_leaves_nothing():
    tape = check(call(book(main=one_step("voicemail", mailbox="nurse"))), """
         0  | call         | stopmusic, play voicemail-greeting
         2  | hangup       | -
    """)  # fmt: skip
    assert outcome(tape) == "abandoned"


def test_hanging_up_while_the_number_is_confirmed_keeps_the_message():
    check(call(book(main=one_step("voicemail", mailbox="nurse"))), """
         0  | call         | stopmusic, play voicemail-greeting
         2  | prompt ends  | record for nurse
         9  | recorded 7   | play number-is+digits:12075550142+number-confirm
        10  | key 2        | stop, play number-enter
        11  | hangup       | keep for nurse: call +12075550142
    """)  # fmt: skip


def test_an_outside_number_answers():
    tape = check(call(book(main=one_step("dial", number="+12075550111", ring=timedelta(seconds=20)))), """
         0  | call         | CPBX_RING_FOR=20, to cpbx-dial +12075550111
         8  | answered +12075550111 | -
         9  | answered +12075550111 | -
        60  | hangup       | -
    """)  # fmt: skip
    assert outcome(tape) == "answered"


def test_the_dialplan_refuses_a_call():
    check(call(book(main=one_step("dial", extension="204"))), """
         0  | call         | CPBX_RING_FOR=25, to cpbx-dial 204
         1  | refused Continue unreachable | hangup
    """)  # fmt: skip
    check(call(book(main=one_step("enqueue", queue="nurse"))), """
         0  | call         | CPBX_RING_FOR=25, CPBX_MUSIC=calm, join nurse since 0
         1  | offer 204    | to cpbx-offer 204
         1  | refused Continue unreachable | returned FAILED
         2  | offer 204    | to cpbx-offer 204
         3  | key 5        | -
        42  | silence      | -
        57  | silence      | -
    """)  # fmt: skip


def test_an_offer_cuts_the_announcement_short():
    check(call(book(main=one_step("enqueue", queue="frontdesk"))), """
         0  | call         | join frontdesk since 0
         0  | place 2      | startmusic
        45  | silence      | askplace
        45  | place 2      | play sound:queue-thereare+number:2+sound:queue-callswaiting
        46  | key 1        | -
        47  | offer 201    | stop, to cpbx-offer 201
    """)  # fmt: skip


def reached(tape):
    return [note.detail["target"] for note in tape.notes if note.kind == "dialled"]


def told(tape):
    """The kinds of notices that people are to get."""
    return [note.detail["kind"] for note in tape.notes if note.kind == "notify"]


def test_on_call_the_backup_is_rung_where_the_first_passes_it_on():
    tape = check(call(book(main=one_step("on_call", rota="kids"))), """
         0  | call         | CPBX_RING_FOR=25, to cpbx-person +12075550161
        20  | back BUSY    | CPBX_RING_FOR=25, to cpbx-person 206
        30  | answered 206 | -
        90  | hangup       | -
    """)  # fmt: skip
    assert reached(tape) == ["chen", "egan"]
    assert [note.detail["agent"] for note in tape.notes if note.kind == "answered"] == ["egan"]
    why = [note.detail["why"] for note in tape.notes if note.kind == "dialled"]
    assert why == ["on call for kids until Tue 07:00", "backup for kids until Tue 07:00"]
    assert outcome(tape) == "answered"
    assert told(tape) == []


def test_on_call_nobody_takes_it():
    tape = check(call(book(main=one_step("on_call", rota="kids", rounds=1))), """
         0  | call         | CPBX_RING_FOR=25, to cpbx-person +12075550161
        25  | back NOANSWER | CPBX_RING_FOR=25, to cpbx-person 206
        26  | adopted      | hangup
    """)  # fmt: skip
    assert [note.detail["outcome"] for note in tape.notes if note.kind == "left"] == ["unreached"]
    assert outcome(tape) == "abandoned"
    assert told(tape) == ["page_unanswered"]


def test_on_call_nobody_is():
    tape = check(call(book(main=one_step("on_call", rota="empty"))), """
         0  | call         | hangup
    """)  # fmt: skip
    assert [note.detail["outcome"] for note in tape.notes if note.kind == "left"] == ["nobody"]


def test_referred_to_those_who_speak_the_language_first():
    spanish = Flow("ask", {
        "ask": node("language", {"done": "refer"}, prompt="choose", keys={"2": "es"}),
        "refer": node("refer", speciality="kids"),
    })  # fmt: skip
    tape = check(call(book(main=spanish)), """
         0  | call         | play prompt@es:choose
         1  | key 2        | stop, CHANNEL(language)=es, CPBX_RING_FOR=20, to cpbx-person 205
         9  | back NOANSWER | CPBX_RING_FOR=20, to cpbx-person +12075550162
        12  | refused Continue unreachable | CPBX_RING_FOR=20, to cpbx-person 206
        13  | back CHANUNAVAIL | hangup
    """)  # fmt: skip
    assert reached(tape) == ["chen", "diaz", "egan"]


def test_an_alert_rings_phones_and_the_call_goes_on():
    flagged = Flow("tell", {
        "tell": node("alert", {"done": "desk"}, prompt="red-flag", phones=("201", "204")),
        "desk": node("enqueue", queue="frontdesk"),
    })  # fmt: skip
    check(call(book(main=flagged)), """
         0  | call         | alert 201 red-flag, alert 204 red-flag, join frontdesk since 0
    """)  # fmt: skip


def test_what_a_queue_set_for_itself_does_not_outlast_it():
    two = Flow("nurse", {
        "nurse": node("enqueue", {"unstaffed": "desk", "overflow": "desk"}, queue="nurse"),
        "desk": node("enqueue", queue="frontdesk"),
    })  # fmt: skip
    check(call(book(main=two)), """
         0  | call         | CPBX_RING_FOR=25, CPBX_MUSIC=calm, join nurse since 0
         1  | place 0      | leavequeue, CPBX_RING_FOR=, CPBX_MUSIC=, join frontdesk since 0
    """)  # fmt: skip
