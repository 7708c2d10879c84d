"""The call machine: total, bounded, replayable."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinicpbx.core import events as ev
from clinicpbx.core.callflow.flow import Flow
from clinicpbx.core.callflow.machine import CallMachine
from clinicpbx.core.callflow.phrases import PHRASES
from clinicpbx.core.callflow.step import STEPS
from clinicpbx.core.commands import ChannelCommand, Continue, Hangup, Note
from clinicpbx.core.oncall.commands import AcceptPage
from clinicpbx.private import Private
from tests.support.books import MAIN, book, node, one_step
from tests.support.tape import T0, Tape, call, check

pytestmark = pytest.mark.unit

IDS = st.sampled_from([f"c1.{visit}.{n}" for visit in range(1, 7) for n in (*range(1, 4), "r")] + ["x"])
WHY = st.sampled_from(ev.Refusal)
AT = st.integers(0, 4000).map(lambda seconds: T0 + timedelta(seconds=seconds))
EVENTS = st.one_of(
    st.builds(ev.DtmfReceived, at=AT, digit=st.sampled_from("0123456789*#")),
    st.builds(ev.PlaybackFinished, at=AT, playback=IDS, whole=st.booleans()),
    st.builds(ev.RecordingFinished, at=AT, recording=IDS, duration=st.timedeltas(timedelta(0), timedelta(minutes=3))),
    st.builds(ev.OfferMade, at=AT, queue=st.just("frontdesk"), phones=st.sampled_from([("201",), ("201", "202")])),
    st.builds(ev.PlaceTold, at=AT, queue=st.just("frontdesk"), position=st.integers(1, 9), staffed=st.booleans()),
    st.builds(ev.DialAnswered, at=AT, phone=st.sampled_from(["201", "204", ""])),
    st.builds(ev.DialEnded, at=AT, status=st.sampled_from(["NOANSWER", "BUSY", "CHANUNAVAIL", "CONGESTION"])),
    st.builds(ev.AgentChanged, at=AT, change=st.sampled_from(["login", "logout", "pause", "unpause", "unknown"])),
    st.builds(ev.MailboxOpened, at=AT, mailbox=st.just("frontdesk"),
              messages=st.lists(st.builds(ev.MessageSummary, st.sampled_from("ab"), st.booleans(), AT)).map(tuple)),
    st.builds(ev.MailboxRefused, at=AT, mailbox=st.just("frontdesk"), why=st.sampled_from(["wrong", "locked", "?"])),
    st.builds(ev.MessageReady, at=AT, message=st.sampled_from("ab"), sound=st.just(Private("/clear/a"))),
    st.builds(ev.MessageDamaged, at=AT, message=st.sampled_from("ab")),
    st.builds(ev.PinTold, at=AT, answer=st.sampled_from(["right", "wrong", "locked", "none", "unreadable"])),
    st.builds(ev.PageTold, at=AT, accepted=st.booleans()),
    st.builds(ev.DeadlineReached, at=AT),
    st.builds(ev.Adopted, at=AT),
    st.builds(ev.HungUp, at=AT, cause=st.just(16), taken=st.booleans()),
    st.builds(ev.CommandRefused, at=AT, command=st.sampled_from(["Play", "Continue", "Record", "StopPlayback"]),
              target=IDS, why=WHY),
)  # fmt: skip
FLOWS = st.sampled_from(
    ["main", "code-login", "code-pause", "code-voicemail", "promise", "ring-back", "call-item", "waits", "flagged"]
)
BOOK = book(
    **{"promise": one_step("callback", queue="frontdesk"), "ring-back": one_step("ring_back")},
    **{"call-item": one_step("call_item")},
    flagged=Flow("flag", {"flag": node("triage", {"done": "tell"}, level="emergency", page="kids"),
                          "tell": node("voicemail", {}, mailbox="frontdesk", page="kids")}),
    page=one_step("page"), handover=one_step("handover"),
    waits=Flow("wait", {"wait": node("enqueue", {"1": "ask", "overflow": "ask"}, queue="frontdesk", keys=("1",),
                                     greeting="hello", comfort=("stay",)),
                        "ask": node("callback", {"no_number": "wait"}, queue="frontdesk")}),
)  # fmt: skip


@given(FLOWS, st.lists(EVENTS, max_size=60))
def test_no_order_of_events_breaks_a_call(flow, tape):
    machine = call(BOOK, flow, "201")
    commands = machine.begin()
    for event in tape:
        commands += machine.handle(event)
        assert machine.over == (machine.deadline is None)
    commands += machine.handle(ev.HungUp(at=T0, cause=16))
    assert machine.over
    assert machine.outcome
    assert [c.kind for c in commands if isinstance(c, Note)].count("ended") == 1


@given(st.sampled_from(["page", "handover"]), st.lists(EVENTS, max_size=60))
def test_no_order_of_events_breaks_the_call_of_a_person_who_is_paged(flow, tape):
    paged = ev.Paged("c1.3", "chen", "message", "kids", "es", "frontdesk", "a", T0)
    arrived = ev.CallArrived(at=T0, flow=flow, entry="chen", version="1", caller=Private("1"), paged=paged)
    machine = CallMachine(arrived, "c1.3.a1", BOOK)
    commands = machine.begin()
    for event in tape:
        commands += machine.handle(event)
        assert machine.over == (machine.deadline is None)
    commands += machine.handle(ev.HungUp(at=T0, cause=16))
    assert machine.over
    pressed = any(isinstance(event, ev.DtmfReceived) for event in tape)
    accepts = [command for command in commands if isinstance(command, AcceptPage)]
    assert pressed or not accepts, "nobody accepts without a key"


@given(FLOWS, st.lists(EVENTS, max_size=40))
def test_the_same_events_give_the_same_commands(flow, tape):
    def run():
        machine = call(BOOK, flow, "201")
        return machine.begin(), [machine.handle(event) for event in tape]

    assert run() == run()


@given(st.lists(EVENTS, max_size=40))
def test_nothing_is_asked_of_a_channel_that_is_gone(tape):
    machine = call(book())
    machine.begin()
    for event in tape:
        machine.handle(event)
    ended = machine.handle(ev.HungUp(at=T0 + timedelta(hours=1), cause=16))
    assert not [command for command in ended if isinstance(command, ChannelCommand)]


@given(st.lists(EVENTS, max_size=60))
def test_an_answer_is_never_undone(tape):
    machine, outcomes = call(book()), []
    machine.begin()
    for event in tape:
        machine.handle(event)
        outcomes.append(machine.outcome)
    if "answered" in outcomes:
        assert set(outcomes[outcomes.index("answered"):]) == {"answered"}  # fmt: skip


def test_a_circle_of_steps_that_never_wait_ends_in_the_fallback():
    circle = Flow(
        "a", {"a": node("check_hours", dict.fromkeys(("open", "closed", "lunch", "holiday"), "a"), hours="clinic")}
    )
    machine = call(book(main=circle))
    commands = machine.begin()
    assert Continue("cpbx-fallback", "+12075550100") in commands
    assert not [c for c in commands if isinstance(c, Hangup)]
    assert machine.over
    assert machine.outcome == "failed"


def test_a_404_about_the_channel_is_a_hangup():
    machine = call(book())
    check(machine, """
         0 | call                 | answer, play prompt@en:choose+prompt@es:choose
         1 | refused StopPlayback gone | -
         2 | refused Play gone    | -
    """)  # fmt: skip
    assert machine.over
    assert machine.version == "1"


def test_a_call_is_silent_before_it_began_and_after_it_ended():
    machine = call(book())
    assert machine.deadline is None
    assert machine.handle(ev.Adopted(at=T0)) == []
    machine.begin()
    machine.handle(ev.HungUp(at=T0, cause=16))
    assert machine.handle(ev.Adopted(at=T0)) == []


def test_digits_are_remembered_and_never_printed():
    flow = Flow("ask", {"ask": node("collect_digits", {"done": "menu"}, prompt="birthday", remember="born", longest=4),
                        "menu": MAIN.nodes["menu"]})  # fmt: skip
    machine = call(book(main=flow))
    tape = check(machine, """
         0 | call         | play birthday
         3 | prompt ends  | -
         4 | keys 12*34   | play menu
    """)  # fmt: skip
    assert machine._scene.memory == {"born": "1234"}
    assert "1234" not in repr(tape.notes)


def test_too_few_digits_are_asked_for_again():
    tape = check(call(book(main=one_step("collect_digits", prompt="born", remember="born", shortest=4))), """
         0 | call         | play born
         2 | keys 12#     | stop, play born
         4 | prompt ends  | -
         9 | silence      | hangup
    """)  # fmt: skip
    assert [n.detail["outcome"] for n in tape.notes if n.kind == "left"] == ["timeout"]


def test_a_dialplan_context_gives_the_call_back():
    for happened in ("back x", "adopted", "refused Continue unreachable"):
        machine = call(book(main=one_step("dialplan", context="clinic-own")))
        check(
            machine,
            f"""
             0 | call       | to clinic-own s
             5 | key 1      | -
             9 | {happened} | hangup
        """,
        )


def test_a_call_away_in_the_dialplan_always_has_a_deadline():
    for flow in (one_step("dial", number="+12075550111"), one_step("dialplan", context="x"), one_step("dial")):
        machine = call(book(main=flow))
        machine.begin()
        machine.handle(ev.DialAnswered(at=T0, phone="204"))
        machine.handle(ev.DeadlineReached(at=machine.deadline))
        assert machine.deadline > T0 + timedelta(hours=4)


@pytest.mark.parametrize("kind", STEPS)
def test_every_step_says_what_it_does(kind):
    step = STEPS[kind]
    assert step.summary
    options = {"menu": {"prompt": "m", "keys": ("1",)}, "play": {"prompt": "m"}, "check_hours": {"hours": "clinic"},
               "language": {"prompt": "m"}, "collect_digits": {"prompt": "m", "remember": "n"},
               "enqueue": {"queue": "q"}, "voicemail": {"mailbox": "frontdesk"}, "dialplan": {"context": "x"},
               "on_call": {"rota": "kids"}, "refer": {"speciality": "kids"},
               "alert": {"prompt": "m", "phones": ("201",)}, "callback": {"queue": "q"},
               "request": {"category": "refill"}, "triage": {"level": "urgent"}}  # fmt: skip
    example = step(**options.get(kind, {}))
    assert bool(example.outcomes()) == (kind != "hangup")
    assert ("m" in example.prompts()) == (options.get(kind, {}).get("prompt") == "m")
    assert step.__doc__ is None or step.__module__.endswith(kind)
    assert step.__module__ == f"clinicpbx.core.callflow.steps.{kind}"


def test_the_tape_refuses_what_it_does_not_know():
    with pytest.raises(ValueError, match="does not know"):
        Tape(call(book())).play("0 | nonsense | -")


@pytest.mark.parametrize("kind", ["answer", "check_hours", "hangup", "request"])
def test_a_step_that_never_waits_accepts_events_all_the_same(kind):
    options = {"check_hours": {"hours": "clinic"}, "request": {"category": "refill"}}
    step = one_step(kind, **options.get(kind, {})).nodes["only"].step
    assert step.handle(None, "state", ev.Adopted(at=T0)).state == "state"


def test_every_phrase_is_said_in_the_same_languages():
    assert {tuple(texts) for texts in PHRASES.values()} == {("en", "es", "fr")}


@pytest.mark.parametrize("taken", [False, True])
def test_who_is_taken_from_a_queue_has_not_abandoned_it(taken: bool) -> None:
    machine = call(book(main=one_step("enqueue", queue="frontdesk")))
    machine.begin()
    said = {
        note.kind: note.detail
        for note in machine.handle(ev.HungUp(at=T0, cause=0, taken=taken))
        if isinstance(note, Note)
    }
    assert said["ended"] == {"outcome": "taken" if taken else "abandoned"}
    assert ("abandoned" in said, "overflowed" in said) == (not taken, taken)
