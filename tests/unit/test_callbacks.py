"""Call-backs: one live attempt, none without a reserved agent, none forgotten."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinicpbx.core.acd.callbacks import Action, Ask, Callbacks, Keep, State
from clinicpbx.core.acd.stages import Stage
from clinicpbx.core.commands import (
    EndAttempt,
    JoinQueue,
    KeepCallback,
    LeaveQueue,
    ReturnOffer,
    RingAgent,
    TakeOffer,
)
from clinicpbx.daemon import callback_codec
from clinicpbx.private import Private
from tests.support.books import book

pytestmark = pytest.mark.unit
NOON = datetime(2030, 1, 7, 16, tzinfo=UTC)  # a Monday, 11:00 in New York
MINUTE = timedelta(minutes=1)
BOOK = book()


def wish(name: str = "c1", number: str = "+12075550142", queue: str = "frontdesk", **more: object) -> KeepCallback:
    join = JoinQueue(queue, NOON - MINUTE, 2, stages=(Stage(skills=(("speaks es", 1),)),), callback=True)
    made = KeepCallback(name, Private(number), "es", "+12075550100", join, "", 2, timedelta(minutes=15))
    return replace(made, **more)  # type: ignore[arg-type]


def words(actions: list[Action]) -> list[str]:
    found = []
    for action in actions:
        match action:
            case Keep(callback=kept):
                found.append(f"{kept.id} {kept.state.value}")
            case Ask(command=RingAgent(attempt=attempt, phone=phone)):
                found.append(f"ring {phone} as {attempt}")
            case Ask(callback=callback, command=command):
                found.append(f"{callback} {type(command).__name__}")
    return found


def begun(**more: object) -> Callbacks:
    made = Callbacks(BOOK)
    made.keep(wish(**more), NOON)  # type: ignore[arg-type]
    return made


def live(**more: object) -> Callbacks:
    made = begun(**more)
    made.offered("c1", "201", NOON)
    assert made.taken("c1.a1", NOON)[0] is not None
    return made


def test_from_the_promise_to_the_patient() -> None:
    made = Callbacks(BOOK)
    assert words(made.keep(wish(), NOON)) == ["c1 waiting", "c1 JoinQueue"]
    assert words(made.offered("c1", "201", NOON)) == ["c1 offered", "ring 201 as c1.a1"]
    assert made.offered("c1", "202", NOON)[0] == Ask("c1", LeaveQueue("frontdesk"))
    kept, actions = made.taken("c1.a1", NOON)
    assert kept is not None
    assert words(actions) == ["c1 live", "c1 TakeOffer"]
    assert actions[1] == Ask("c1", TakeOffer("frontdesk", "201", "c1.a1"))
    assert words(made.ended(EndAttempt("c1", True), NOON)) == ["c1 done"]
    assert made.known == {}
    assert made.deadline is None


def test_an_agent_who_does_not_answer_is_asked_no_second_time_by_the_same_attempt() -> None:
    made = begun()
    made.offered("c1", "201", NOON)
    assert made.not_taken("c1.a1", "BUSY", NOON)[1] == Ask("c1", ReturnOffer("frontdesk", "BUSY"))
    assert made.not_taken("c1.a1", "BUSY", NOON) == []
    assert made.taken("c1.a1", NOON) == (None, [])
    assert words(made.offered("c1", "202", NOON)) == ["c1 offered", "ring 202 as c1.a2"]


def test_the_patient_is_rung_as_often_as_may_be_then_a_person_is_told() -> None:
    made = live()
    assert words(made.ended(EndAttempt("c1", False, "busy"), NOON)) == ["c1 later"]
    assert made.deadline == NOON + 15 * MINUTE
    assert made.due(NOON + 14 * MINUTE) == []
    assert words(made.due(NOON + 15 * MINUTE)) == ["c1 waiting", "c1 JoinQueue"]
    made.offered("c1", "201", NOON)
    made.taken("c1.a2", NOON)
    assert words(made.ended(EndAttempt("c1", False, "noanswer"), NOON)) == ["c1 unreached"]
    assert (made.known["c1"].tried, made.known["c1"].outcome) == (2, "noanswer")
    assert words(made.close("c1", "written to", NOON)) == ["c1 done"]


def test_an_attempt_that_rang_nobody_does_not_count() -> None:
    made = live()
    made.ended(EndAttempt("c1", False, "the patient was not rung", counts=False), NOON)
    assert (made.known["c1"].tried, made.deadline) == (0, NOON + MINUTE)


def test_one_number_has_one_call_back_with_the_better_place() -> None:
    made = begun()
    earlier = JoinQueue("frontdesk", NOON - 9 * MINUTE, 1, callback=True)
    again = wish("c2", "2075550142", join=earlier)
    assert words(made.keep(again, NOON)) == ["c1 LeaveQueue", "c1 waiting", "c1 JoinQueue"]
    assert (made.known["c1"].wish.join.since, made.known["c1"].wish.join.priority) == (NOON - 9 * MINUTE, 2)
    made.offered("c1", "201", NOON)
    assert words(made.keep(again, NOON)) == ["c1 offered"], "it is being made"
    assert words(made.keep(wish("c3", "+12075550143"), NOON)) == ["c3 waiting", "c3 JoinQueue"]


def test_who_was_not_reached_and_asks_again_is_tried_anew() -> None:
    made = live(tries=1)
    made.ended(EndAttempt("c1", False, "busy"), NOON)
    assert made.known["c1"].state is State.UNREACHED
    made.keep(wish("c2"), NOON)
    assert (made.known["c1"].state, made.known["c1"].tried) == (State.WAITING, 0)


def test_whom_one_of_us_calls_otherwise_is_not_called_back_meanwhile() -> None:
    made, number = begun(), Private("2075550142")
    assert words(made.called(number, NOON)) == ["c1 LeaveQueue", "c1 later"]
    assert made.deadline == NOON + 15 * MINUTE
    assert words(made.called(number, NOON - MINUTE)) == ["c1 later"]
    assert made.deadline == NOON + 15 * MINUTE, "never sooner than it would have been"
    assert words(made.due(NOON + 15 * MINUTE)) == ["c1 waiting", "c1 JoinQueue"], "who was not reached is not forgotten"
    assert made.known["c1"].wish.join.since == NOON - MINUTE, "nor the place"
    for being_tried in (live(), begun()):
        being_tried.offered("c1", "201", NOON)
        assert being_tried.called(number, NOON) == []


def test_whom_one_of_us_reached_otherwise_is_not_called_back() -> None:
    made = begun()
    made.called(Private("2075550142"), NOON)
    (kept,) = made.talked(Private("2075550142"), NOON, "reached")
    assert isinstance(kept, Keep)
    assert (kept.callback.state, kept.callback.outcome, made.known) == (State.DONE, "reached", {})


def test_a_request_that_is_done_needs_no_call_back() -> None:
    made = begun(callback="call.1")
    assert made.settled(["other"], "resolved", NOON) == []
    made.offered("call.1", "201", NOON)
    assert made.settled(["call"], "resolved", NOON) == [], "the agent's phone rings for it"
    made.not_taken("call.1.a1", "NOANSWER", NOON)
    assert words(made.settled(["call"], "resolved", NOON)) == ["call.1 LeaveQueue", "call.1 done"]
    assert made.known == {}


def test_nobody_is_called_outside_the_hours() -> None:
    night = NOON + timedelta(hours=9)
    made = Callbacks(BOOK)
    assert words(made.keep(wish(hours="clinic"), night)) == ["c1 later"]
    assert made.deadline == night + 10 * MINUTE
    made = begun(hours="clinic")
    assert words(made.offered("c1", "201", night)) == ["c1 LeaveQueue", "c1 later"]


def test_a_queue_that_is_gone_leaves_it_to_a_person() -> None:
    made = begun()
    assert made.gone("c1", NOON) == [], "nobody is there now, somebody will be"
    made.book = replace(BOOK, queues={})
    assert words(made.gone("c1", NOON)) == ["c1 LeaveQueue", "c1 unreached"]
    assert words(Callbacks(made.book).keep(wish(), NOON)) == ["c1 unreached"]
    assert made.gone("other", NOON) == []


def test_who_called_again_and_talked_is_not_called() -> None:
    made = begun()
    assert made.talked(Private("+12075550199"), NOON) == []
    assert words(made.talked(Private("12075550142"), NOON)) == ["c1 LeaveQueue", "c1 done"]
    made = live()
    assert made.talked(Private("+12075550142"), NOON) == [], "the agent is on the line already"


def test_who_calls_again_has_the_place_and_is_not_called_meanwhile() -> None:
    made = begun()
    place, actions = made.calls(Private("2075550142"), NOON)
    assert (place, words(actions)) == (made.known["c1"].wish.join, ["c1 LeaveQueue", "c1 calling"])
    assert made.calls(Private("2075550142"), NOON) == (None, [])
    assert words(made.hung_up(Private("2075550142"), NOON)) == ["c1 waiting", "c1 JoinQueue"]
    assert made.hung_up(Private("2075550142"), NOON) == []
    made.calls(Private("2075550142"), NOON)
    kept = list(made.known.values())
    assert words(Callbacks(BOOK).restore(kept, {}, NOON)) == ["c1 waiting", "c1 JoinQueue"]
    on_the_line = {"other": None, "call": Private("2075550142")}
    assert Callbacks(BOOK).restore(kept, on_the_line, NOON) == [], "the daemon restarted, the patient is still there"
    assert words(made.talked(Private("2075550142"), NOON)) == ["c1 done"]


def test_what_is_being_tried_is_not_closed() -> None:
    for made, name in ((live(), "c1"), (begun(), "c9")):
        with pytest.raises(KeyError):
            made.close(name, "x", NOON)
    assert words(begun().close("c1", "x", NOON)) == ["c1 LeaveQueue", "c1 done"]


def test_after_a_start_everything_goes_on() -> None:
    def restored(made: Callbacks, *calls: str) -> list[str]:
        return words(Callbacks(BOOK).restore(list(made.known.values()), dict.fromkeys(calls), NOON))

    offered = begun()
    offered.offered("c1", "201", NOON)
    assert restored(begun()) == ["c1 waiting", "c1 JoinQueue"]
    assert restored(offered) == ["c1 waiting", "c1 JoinQueue"]
    assert restored(live()) == ["c1 later"]
    assert restored(live(), "c1.a1") == []


def test_it_is_kept_to_the_letter_and_printed_without_the_number() -> None:
    [kept] = live().known.values()
    assert callback_codec.decode(callback_codec.encode(kept)) == kept
    assert "2075550142" not in repr(kept)


PATIENT = ("keep", "talked", "calls", "over")
INPUT_KINDS = (*PATIENT, "offered", "not_taken", "taken", "reached", "unreached", "idle", "due")
INPUTS = st.lists(
    st.tuples(
        st.sampled_from(
            (
                *("keep", "offered", "not_taken", "taken", "reached", "unreached", "idle", "talked"),
                *("calls", "over", "called", "settled", "due"),
            )
        ),
        st.sampled_from(("c1", "c2")),
        st.integers(1, 3),
    ),
    max_size=60,
)


@given(INPUTS)
def test_whatever_happens_no_attempt_without_a_reservation_and_no_promise_lost(
    inputs: list[tuple[str, str, int]],
) -> None:
    made, promised, reserved, live_ = Callbacks(BOOK), set[str](), set[str](), set[str]()
    at = NOON
    for what, name, number in inputs:
        at += 5 * MINUTE
        match what:
            case "keep":
                actions = made.keep(wish(name, f"+1207555014{number}"), at)
            case "offered":
                waits = name in made.known and made.known[name].state is State.WAITING
                actions = made.offered(name, "201", at)
                assert any(isinstance(a, Ask) and isinstance(a.command, RingAgent) for a in actions) == waits
                reserved |= {name} if waits else set()
            case "not_taken":
                actions = made.not_taken(f"{name}.a{number}", "BUSY", at)
            case "taken":
                kept, actions = made.taken(f"{name}.a{number}", at)
                if kept is not None:
                    assert name in reserved
                    assert name not in live_, "two live attempts"
                    reserved.discard(name)
                    live_.add(name)
            case "reached" | "unreached" | "idle":
                actions = made.ended(EndAttempt(name, what == "reached", what, counts=what != "idle"), at)
                live_.discard(name)
            case "calls":
                _, actions = made.calls(Private(f"+1207555014{number}"), at)
            case "over":
                actions = made.hung_up(Private(f"+1207555014{number}"), at)
            case "called":
                actions = made.called(Private(f"+1207555014{number}"), at)
            case "settled":
                actions = made.settled([name], "done", at)
            case "talked":
                actions = made.talked(Private(f"+1207555014{number}"), at)
            case _:
                actions = made.due(at)
        for action in actions:
            if isinstance(action, Keep):
                kept_ = action.callback
                promised = promised | {kept_.id} if kept_.open else promised - {kept_.id}
        assert set(made.known) == promised
        numbers = [each.wish.number.value for each in made.known.values()]
        assert len(numbers) == len(set(numbers)), "two for one number"
        for each in made.known.values():
            assert each.state is not State.LATER or each.when > at - timedelta(hours=10)
            assert each.tried <= each.wish.tries
