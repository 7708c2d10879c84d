"""A test call walks as a caller's does, and asks for nothing that reaches a person or leaves something behind."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinicpbx.adapters.ari.decode import Entered, decode
from clinicpbx.core import commands as do
from clinicpbx.core import events as ev
from clinicpbx.core.callflow.flow import Flow
from clinicpbx.core.callflow.machine import CallMachine
from clinicpbx.core.callflow.rehearsal import CONTEXT, HARMLESS, REACHED, Rehearsal, is_test, machine_of
from tests.support.books import book, node, one_step
from tests.support.tape import T0

pytestmark = pytest.mark.unit
LEG = do.Continue(CONTEXT, REACHED)
REACHING = {
    "enqueue": node("enqueue", queue="frontdesk"),
    "dial": node("dial", extension="204"),
    "outside": node("dial", number="+12075550199"),
    "on_call": node("on_call", rota="kids"),
    "refer": node("refer", speciality="kids"),
    "dialplan": node("dialplan", context="own"),
    "hangup": node("hangup"),
    "agent_login": node("agent_login"),
    "agent_pause": node("agent_pause"),
    "queue_count": node("queue_count"),
}
IDS = st.sampled_from([f"c1.{visit}.{n}" for visit in range(1, 9) for n in (*range(1, 4), "r")])
GAP = st.integers(0, 200)
HAPPENS = st.one_of(
    st.sampled_from("0123456789*#").map(lambda key: ("key", key)),
    IDS.map(lambda name: ("played", name)),
    st.integers(0, 30).map(lambda seconds: ("recorded", seconds)),
    st.just(("deadline", "")),
    st.just(("adopted", "")),
    st.just(("gone", "")),
)


def rehearsal(flow: Flow) -> Rehearsal:
    arrived = ev.CallArrived(at=T0, flow="tested", entry="+12075550100", version="1", test=True)
    machine = machine_of(arrived, "c1", book(tested=flow))
    assert isinstance(machine, Rehearsal)
    return machine


@pytest.mark.parametrize("kind", REACHING)
def test_in_place_of_a_person_the_test_leg_is_reached(kind: str) -> None:
    flow = Flow("hello", {"hello": node("play", {"done": "it"}, prompt="hello"), "it": REACHING[kind]})
    machine = rehearsal(flow)
    (playback,) = [command.playback for command in machine.begin() if isinstance(command, do.Play)]
    said = machine.handle(ev.PlaybackFinished(at=T0 + timedelta(seconds=3), playback=playback))
    assert said[-3:] == [do.SetVariable("CPBX_REACHED", "it"), LEG, do.Note("ended", {"outcome": "selftest"})]
    assert all(isinstance(command, HARMLESS) for command in said if command != LEG)
    assert (machine.over, machine.outcome, machine.deadline) == (True, "selftest", None)
    assert machine.handle(ev.DeadlineReached(at=T0 + timedelta(hours=1))) == []


def test_a_message_is_asked_for_and_not_taken() -> None:
    machine = rehearsal(one_step("voicemail", mailbox="frontdesk"))
    (greeting,) = [command.playback for command in machine.begin() if isinstance(command, do.Play)]
    said = machine.handle(ev.PlaybackFinished(at=T0 + timedelta(seconds=3), playback=greeting))
    assert LEG in said
    assert not [command for command in said if isinstance(command, do.Record | do.KeepMessage)]


def test_it_goes_on_past_an_alert_of_which_nobody_is_told() -> None:
    tells = node("alert", {"done": "it"}, phones=("201", "204"), prompt="menu")
    said = rehearsal(Flow("tell", {"tell": tells, "it": REACHING["enqueue"]})).begin()
    assert [command for command in said if not isinstance(command, do.Note)] == [
        do.SetVariable("CPBX_REACHED", "it"),
        LEG,
    ]


def test_who_walks_in_a_circle_comes_to_the_fallback_which_has_a_leg_of_its_own() -> None:
    circle = Flow(
        "a", {"a": node("check_hours", dict.fromkeys(("open", "lunch", "closed", "holiday"), "a"), hours="clinic")}
    )
    said = rehearsal(circle).begin()
    assert do.Continue("cpbx-fallback", "+12075550100") in said
    assert LEG not in said


def test_a_caller_is_no_test() -> None:
    arrived = ev.CallArrived(at=T0, flow="main", entry="+12075550100", version="1")
    assert type(machine_of(arrived, "c1", book())) is CallMachine


@given(st.lists(st.tuples(GAP, HAPPENS), max_size=25), st.sampled_from(["main", "code-voicemail"]))
def test_whatever_happens_nothing_is_asked_for_that_reaches_anybody(happens, flow) -> None:
    arrived = ev.CallArrived(at=T0, flow=flow, entry="+12075550100", version="1", test=True)
    machine, at = machine_of(arrived, "c1", book()), T0
    said = machine.begin()
    for gap, (what, detail) in happens:
        at += timedelta(seconds=gap)
        said += machine.handle(_event(what, detail, at))
    assert [command for command in said if not isinstance(command, HARMLESS) and command != LEG] == []


def _event(what: str, detail, at) -> ev.Event:
    match what:
        case "key":
            return ev.DtmfReceived(at=at, digit=detail)
        case "played":
            return ev.PlaybackFinished(at=at, playback=detail)
        case "recorded":
            return ev.RecordingFinished(at=at, recording="c1.1.r", duration=timedelta(seconds=detail))
        case "deadline":
            return ev.DeadlineReached(at=at)
        case "adopted":
            return ev.Adopted(at=at)
    return ev.HungUp(at=at, cause=16)


TEST_NAME = "Local/+12075550100@cpbx-selftest-0000002a;2"


@pytest.mark.parametrize("name", [TEST_NAME, "Local/300@cpbx-selftest-fallback-00000000;2"])
def test_a_test_is_known_by_the_name_of_its_channel(name: str) -> None:
    assert is_test(name)
    assert not is_test(name.replace(";2", ";1")), "the listening end"


@pytest.mark.parametrize(
    "name",
    [
        "PJSIP/trunk-carrier-0000002a",
        "PJSIP/Local/1@cpbx-selftest-0000002a;2",
        "Local/1@cpbx-phones-0000002a;2",
        f"{TEST_NAME}\n",
        "",
    ],
)
def test_no_other_channel_is_a_test(name: str) -> None:
    assert not is_test(name)


def test_the_mark_comes_with_the_channel_and_with_nothing_a_caller_sends() -> None:
    def enters(name: str, *args: str):
        caller = {"number": "selftest", "name": TEST_NAME}
        channel = {"id": "x", "name": name, "caller": caller, "language": "en", "accountcode": "selftest"}
        return decode({"type": "StasisStart", "args": ["enter", "main", "100", *args], "channel": channel}, T0)

    tested, called = enters(TEST_NAME), enters("PJSIP/trunk-carrier-00000001", "selftest")
    assert isinstance(tested, Entered)
    assert isinstance(called, Entered)
    assert (tested.test, called.test) == (True, False)
    assert replace(tested, test=False) == replace(called, argument="")
