"""What phones dial: counts, dispositions, supervision."""

from collections.abc import Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from clinicpbx.core import events as ev
from clinicpbx.core.callflow.machine import CallMachine
from clinicpbx.core.commands import AskWaiting, DisposeCall, Note
from clinicpbx.core.rulebook import AgentRules, PhoneRules
from tests.support.books import book, one_step
from tests.support.tape import T0, Tape, check, homes

pytestmark = pytest.mark.scenario


NEW_YORK = ZoneInfo("America/New_York")
FAY = {"fay": AgentRules("fay", "", {"frontdesk": 0}, number="4502")}


def dialled(
    kind: str, phone: str, argument: str = "", agents: Mapping[str, AgentRules] = FAY, **options: object
) -> CallMachine:
    rules = book(code=one_step(kind, **options))
    rules = replace(rules, phones={**rules.phones, "206": PhoneRules("206", supervises=("frontdesk",))}, zone=NEW_YORK)
    rules = replace(rules, agents={**rules.agents, **agents})
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


def test_at_a_phone_that_is_nobodys_number_and_pin_are_asked_for():
    check(dialled("agent_login", "204"), """
         0 | call            | play login-number
         2 | keys *45        | stop
         3 | keys 02#        | play login-pin
         4 | prompt ends     | -
         5 | keys 2580       | stop
        13 | silence         | check 2580 of fay at 204
        14 | pin right       | fay at 204
        14 | agent moved     | play agent-moved
        16 | prompt ends     | hangup
    """)  # fmt: skip
    check(dialled("agent_login", "201", agents={}), "0 | call | togglelogin")
    check(dialled("agent_login", "204", agents={}), "0 | call | togglelogin")
    check(dialled("agent_login", "204", "frontdesk"), "0 | call | togglelogin")


def test_what_is_wrong_is_not_said_and_three_tries_are_all():
    check(dialled("agent_login", "204"), """
         0 | call            | play login-number
         1 | keys 4502#      | stop, play login-pin
         2 | keys 1#         | stop, check 1 of fay at 204
         2 | pin wrong       | play login-wrong+login-number
         3 | keys 99#        | stop, play login-pin
         4 | keys 2580#      | stop, check 2580 of nobody at 204
         4 | pin right       | play login-wrong+login-number
         5 | keys 4502#      | stop, play login-pin
         6 | keys 1#         | stop, check 1 of fay at 204
         6 | key 1           | -
         6 | pin locked      | play login-refused
         6 | key 1           | -
         8 | prompt ends     | hangup
    """)  # fmt: skip


def test_of_a_number_without_end_no_more_is_kept_than_the_longest_has():
    fay = {"fay": replace(FAY["fay"], number="4" * 12)}
    check(dialled("agent_login", "204", agents=fay), f"""
         0 | call            | play login-number
         1 | keys {"4" * 30}# | stop, play login-pin
         2 | keys 2580#      | stop, check 2580 of fay at 204
    """)  # fmt: skip


@pytest.mark.parametrize("happened", ["pin unreadable", "silence"])
def test_where_no_pin_can_be_checked_nobody_is_logged_in(happened: str):
    check(dialled("agent_login", "201", "4502"), f"""
         0 | call            | play login-pin
         1 | keys 2580#      | stop, check 2580 of fay at 201
        11 | {happened}      | play login-away
       131 | silence         | hangup
    """)  # fmt: skip


def test_a_login_goes_on_after_a_restart_and_ends_with_silence():
    check(dialled("agent_login", "204"), """
         0 | call            | play login-number
         1 | key 4           | stop
         1 | prompt fails    | -
         2 | adopted         | play login-number
         3 | keys 4502#      | stop, play login-pin
         4 | keys 25         | stop
         5 | adopted         | play login-pin
         6 | keys 2580#      | stop, check 2580 of fay at 204
         7 | adopted         | play login-number
         9 | prompt fails    | -
        17 | silence         | hangup
    """)  # fmt: skip


def test_a_supervisor_hears_and_changes_the_mode_of_a_queue():
    tape = check(dialled("queue_mode", "206", "frontdesk"), """
         0 | call            | askmode
         0 | mode full 24    | play queue-is-full+queue-until+sound:digits/day-2+number:10+queue-mode-keys
         1 | prompt ends     | -
         2 | key 7           | -
         2 | key 3           | stop, play queue-mode-hours
         3 | key 0           | -
         3 | key 2           | stop, frontdesk is closed until 2030-01-07T17:00+00:00, says phone 206
         3 | mode closed 2   | play queue-is-closed+queue-until+number:12
         4 | key 1           | -
         5 | prompt ends     | hangup
    """)  # fmt: skip
    [decided] = [note.detail for note in tape.notes if note.kind == "mode_decided"]
    assert {key: decided[key] for key in ("by", "queue", "mode")} == {
        "by": "206", "queue": "frontdesk", "mode": "closed"
    }  # fmt: skip


def test_a_mode_ends_with_the_clinics_day_or_at_once():
    check(dialled("queue_mode", "206", "frontdesk"), """
         0 | call            | askmode
         0 | mode open       | play queue-is-open+queue-mode-keys
         1 | key 2           | stop, play queue-mode-hours
         2 | key #           | stop, frontdesk is full until 2030-01-08T00:00-05:00, says phone 206
         5 | silence         | hangup
    """)  # fmt: skip
    check(dialled("queue_mode", "206", "frontdesk"), """
         0 | call            | askmode
         0 | mode closed 1   | play queue-is-closed+queue-until+number:11+queue-mode-keys
         1 | adopted         | askmode
         1 | mode closed 1   | play queue-is-closed+queue-until+number:11+queue-mode-keys
         2 | key 1           | stop, frontdesk is open, says phone 206
         3 | adopted         | askmode
         3 | mode open       | play queue-is-open+queue-mode-keys
    """)  # fmt: skip


def test_the_clinics_day_ends_at_its_own_midnight_also_in_the_evening():
    check(dialled("queue_mode", "206", "frontdesk"), """
         0     | call            | askmode
         0     | mode closed 14  | play queue-is-closed+queue-until+number:24+queue-mode-keys
         0     | mode closed 38  | -
         39600 | key 2           | stop, play queue-mode-hours
         39601 | key #           | stop, frontdesk is full until 2030-01-08T00:00-05:00, says phone 206
         39601 | mode full 3     | play queue-is-full+queue-until+number:24
    """)  # fmt: skip
    check(dialled("queue_mode", "206", "frontdesk"), """
         0     | call            | askmode
         0     | mode closed 38  | play queue-is-closed+queue-until+sound:digits/day-2+number:24+queue-mode-keys
    """)  # fmt: skip


@pytest.mark.parametrize(("phone", "queue"), [("201", "frontdesk"), ("206", "nurse"), ("299", "frontdesk")])
def test_a_phone_that_does_not_supervise_a_queue_does_not_change_it(phone: str, queue: str):
    tape = check(dialled("queue_mode", phone, queue), """
         0 | call            | play not-allowed
         2 | prompt ends     | hangup
    """)  # fmt: skip
    assert [note.detail for note in tape.notes if note.kind == "mode_refused"] == [{"by": phone, "queue": queue}]
