"""What agents dial for themselves: a queue alone, a reason, the time after a call, what came of it."""

import pytest

from clinicpbx.core.acd.board import caller_rows
from clinicpbx.core.acd.results import CallDisposed, WrappedUp
from clinicpbx.core.commands import (
    AskWaiting,
    DisposeCall,
    EndWrapUp,
    ExtendWrapUp,
    JoinQueue,
    TakeOffer,
    ToggleLogin,
    TogglePause,
)
from tests.support.floors import Shift, agent, at, queue

pytestmark = pytest.mark.unit


def shift() -> Shift:
    return Shift(queue("q"), queue("r"), agent("ana", "201", q=0, r=0), agent("ben", "202", q=0), logged_in=False)


def test_into_and_out_of_one_queue_alone() -> None:
    floor = shift()
    assert floor.do(0, "code", ToggleLogin("201", "r")) == ["code: login", "ana: in"]
    assert floor.join(1, "c1", "q") == ["c1: unstaffed"]
    assert floor.join(1, "c2", "r") == ["c2: ring 201"]
    floor.leave(2, "c2", "r")
    assert floor.do(3, "code", ToggleLogin("201", "q")) == ["code: login", "ana: in", "c1: ring 201"]
    assert floor.do(4, "code", ToggleLogin("201", "q")) == ["code: logout", "ana: in"]
    assert floor.floor.callers["c1"].offer is not None, "what rings goes on"
    assert floor.do(5, "code", ToggleLogin("202", "r")) == ["code: none"]
    assert floor.do(5, "code", ToggleLogin("209", "r")) == ["code: unknown"]


def test_who_logs_in_anew_serves_every_queue_of_the_rules() -> None:
    floor = shift()
    floor.do(0, "code", ToggleLogin("201", "r"))
    assert floor.floor.agents["ana"].queues == {"r": 0}
    floor.do(1, "code", ToggleLogin("201"))
    floor.do(2, "code", ToggleLogin("201"))
    assert floor.floor.agents["ana"].queues == {"q": 0, "r": 0}
    floor.floor.leave_queue("ana", "q", at(3))
    floor.floor.log_in("ana", at(4))
    assert floor.floor.agents["ana"].queues == {"r": 0}, "logged in all the time"


def test_a_supervisor_adds_and_removes_members_at_run_time() -> None:
    floor = shift()
    floor.floor.log_in("ben", at(0))
    floor.join(1, "c1", "r")
    assert "OfferMade" in repr(floor.floor.join_queue("ben", "r", 3, at(2)))
    assert floor.floor.agents["ben"].queues == {"q": 0, "r": 3}
    floor.leave(3, "c1", "r")
    [kept] = floor.floor.leave_queue("ben", "r", at(4))
    assert (kept.left, kept.joined) == ((), ())  # type: ignore[union-attr]
    floor.floor.join_queue("ben", "q", 0, at(5))
    assert floor.floor.agents["ben"].joined == {}, "as the rules say"
    for name, line in (("eve", "q"), ("ben", "none")):
        with pytest.raises(KeyError):
            floor.floor.join_queue(name, line, 0, at(6))


def test_who_has_no_licence_is_not_added_to_a_clinical_queue() -> None:
    floor = Shift(queue("nurse", clinical=True), queue("q"), agent("ana", "201", q=0))
    floor.floor.join_queue("ana", "nurse", 0, at(0))
    assert floor.join(1, "c1", "nurse") == ["c1: unstaffed"]


def test_what_was_joined_and_left_outlasts_a_restart() -> None:
    from clinicpbx.core.acd.floor import Floor

    floor = shift()
    floor.floor.log_in("ana", at(0))
    [left] = floor.floor.leave_queue("ana", "q", at(1))
    [joined] = [r for r in floor.floor.join_queue("ben", "r", 2, at(2)) if hasattr(r, "joined")]
    again = Floor(floor.book, at(9), [left, joined])  # type: ignore[list-item]
    assert (again.agents["ana"].queues, again.agents["ben"].queues) == ({"r": 0}, {"q": 0, "r": 2})


def test_a_pause_has_a_reason_and_another_one_takes_its_place() -> None:
    floor = shift()
    assert floor.do(0, "code", TogglePause("201", "lunch")) == ["code: logout"]
    floor.floor.log_in("ana", at(0))
    assert floor.do(1, "code", TogglePause("201", "lunch")) == ["code: pause", "ana: paused (lunch)"]
    assert floor.do(2, "code", TogglePause("201", "meeting")) == ["code: pause", "ana: paused (meeting)"]
    assert floor.do(3, "code", TogglePause("201")) == ["code: unpause", "ana: in"]
    assert floor.do(4, "code", TogglePause("201")) == ["code: pause", "ana: paused (by hand)"]


def test_the_time_after_a_call_is_ended_or_doubled() -> None:
    floor = shift()
    floor.floor.log_in("ana", at(0))
    assert floor.do(0, "code", EndWrapUp("201")) == ["code: none"]
    assert floor.do(0, "code", DisposeCall("201", "resolved")) == ["code: none"]
    floor.join(1, "c1")
    floor.take(2, "c1", "201")
    floor.channels(30, "201", 0)
    assert (floor.state("ana"), floor.due) == ("wrap-up", 40)
    assert floor.do(35, "code", ExtendWrapUp("201")) == ["code: more"]
    assert floor.due == 50
    told = floor.floor.perform("code", EndWrapUp("201"), at(36))
    assert told[1:] == [WrappedUp("c1", "ana", "201", "q", at(30), at(36))]
    assert floor.state("ana") == "free"
    assert floor.do(37, "code", ExtendWrapUp("201")) == ["code: none"]
    told = floor.floor.perform("code", DisposeCall("201", "resolved"), at(38))
    assert told[1:] == [CallDisposed("c1", "ana", "resolved", at(38))]


def test_what_an_agent_did_after_a_call_back_is_told_of_the_call_that_was_made() -> None:
    floor = shift()
    floor.floor.log_in("ana", at(0))
    floor.do(1, "c1.5", JoinQueue("q", at(1), callback=True))
    floor.do(2, "c1.5", TakeOffer("q", "201", "c1.5.a1"))
    floor.channels(2, "201", 1)
    assert floor.floor.talking("201") == "c1.5.a1"
    floor.channels(30, "201", 0)
    assert floor.floor.deadline_reached(at(40)) == [WrappedUp("c1.5.a1", "ana", "201", "q", at(30), at(40))]
    told = floor.floor.perform("code", DisposeCall("201", "resolved"), at(50))
    assert told[1:] == [CallDisposed("c1.5.a1", "ana", "resolved", at(50))]


def test_how_many_wait() -> None:
    floor = shift()
    floor.join(0, "c1")
    floor.join(1, "c2", priority=3)
    [told] = floor.floor.perform("code", AskWaiting("q"), at(2))
    assert told.event.waiting == 2  # type: ignore[union-attr]
    [told] = floor.floor.perform("code", AskWaiting("none"), at(2))
    assert told.event.waiting == 0  # type: ignore[union-attr]
    rows = caller_rows(floor.floor, "q", at(10))
    assert [(row["call"], row["waited"], row["priority"]) for row in rows] == [("c2", 9.0, 3), ("c1", 10.0, 0)]
