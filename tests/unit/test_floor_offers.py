"""Who is offered to whom, and what becomes of an offer."""

from datetime import timedelta

import pytest

from clinicpbx.core.acd.distributor import MOST_TOLD
from clinicpbx.core.acd.results import ToCall
from clinicpbx.core.commands import JoinQueue, QueueCommand, ReturnOffer, TakeOffer
from clinicpbx.core.events import OfferMade
from tests.support.floors import Shift, agent, at, queue

pytestmark = pytest.mark.unit


def test_a_caller_is_offered_at_once_and_another_waits() -> None:
    shift = Shift(queue("q"), agent("ana", "201", q=0))
    assert shift.join(0, "c1") == ["c1: ring 201"]
    assert shift.join(1, "c2") == ["c2: place 1"]
    assert shift.join(2, "c3") == ["c3: place 2"]
    assert shift.state("ana") == "offered"


def test_the_agent_free_the_longest_is_asked_first() -> None:
    shift = Shift(queue("q", wrap_up=timedelta(0)), agent("ana", "201", q=0), agent("ben", "202", q=0))
    assert shift.join(0, "c1") == ["c1: ring 201"]
    shift.take(1, "c1", "201")
    shift.channels(2, "201", 0)
    assert shift.join(3, "c2") == ["c2: ring 202"]


def test_an_agent_who_hung_up_on_a_call_back_as_it_was_taken_does_not_talk() -> None:
    shift = Shift(queue("q", wrap_up=timedelta(0)), agent("ana", "201", q=0))
    shift.do(0, "b1", JoinQueue("q", at(0), callback=True))
    for channels in (1, 0):
        shift.channels(1, "201", channels)
    shift.do(1, "b1", TakeOffer("q", "201", "b1.a1"))
    assert shift.state("ana") == "free"


def test_ringall_reserves_all_of_the_best_penalty_and_frees_the_others_when_one_takes() -> None:
    shift = Shift(
        queue("q", "ringall"), agent("ana", "201", q=0), agent("ben", "202", q=0), agent("cy", "203", q=5)
    )  # fmt: skip
    assert shift.join(0, "c1") == ["c1: ring 201+202"]
    assert shift.join(1, "c2") == ["c2: ring 203"]
    assert shift.join(2, "c3") == ["c3: place 1"]
    assert shift.take(3, "c1", "202") == ["c3: ring 201"]


def test_phones_that_rang_out_together_ring_together_again() -> None:
    shift = Shift(queue("q", "ringall"), agent("ana", "201", q=0), agent("ben", "202", q=0))
    shift.join(0, "c1")
    shift.channels(0, "201", 1), shift.channels(0, "202", 1)
    shift.channels(20, "201", 0)  # the other phone's channel goes a moment later
    assert shift.back(20, "c1", "NOANSWER") == ["c1: place 1"]
    assert shift.channels(20.1, "202", 0) == []
    assert shift.due == 20.5
    assert shift.wait(20.5) == ["c1: ring 201+202"]


def test_a_higher_priority_goes_first_then_the_older_then_the_earlier() -> None:
    shift = Shift(queue("q"), agent("ana", "201", q=0), logged_in=False)
    shift.join(2, "later")
    shift.join(1, "first")
    shift.join(1, "second")
    shift.join(3, "urgent", priority=5)
    line = [caller.call for caller in shift.floor.queues["q"].waiting]
    assert line == ["urgent", "first", "second", "later"]
    shift.floor.log_in("ana", at(4))
    assert shift.floor.callers["urgent"].offer is not None


def test_an_agent_in_five_queues_gets_one_call_that_of_the_first_caller() -> None:
    names = [f"q{n}" for n in range(5)]
    shift = Shift(*map(queue, names), agent("ana", "201", **dict.fromkeys(names, 0)), logged_in=False)
    for n, name in enumerate(names):
        shift.join(10 - n, f"c{n}", name)
    offers = [result for result in shift.floor.log_in("ana", at(20)) if "OfferMade" in repr(result)]
    assert len(offers) == 1
    assert shift.floor.callers["c4"].offer is not None


def test_the_callers_place_and_staff() -> None:
    shift = Shift(queue("q"), agent("ana", "201", q=0))
    shift.join(0, "c1")
    shift.join(1, "c2")
    assert shift.ask(2, "c2") == ["c2: place 1"]
    assert shift.ask(2, "c1") == ["c1: place 1"]
    shift.floor.pause("ana", at(3))
    assert shift.ask(4, "c2") == ["c2: unstaffed"]


@pytest.mark.parametrize("question", ["ask", "back"])
def test_a_call_the_queue_does_not_know_is_sent_where_somebody_is(question: str) -> None:
    shift = Shift(queue("q"), queue("r"), agent("ana", "201", q=0))
    answer = {"ask": lambda call, name: shift.ask(1, call, name), "back": lambda c, n: shift.back(1, c, "BUSY", n)}
    assert answer[question]("nobody", "q") == ["nobody: unstaffed"]
    shift.join(0, "c1")
    assert answer[question]("c1", "r") == ["c1: unstaffed"]


def test_joining_twice_keeps_the_place() -> None:
    shift = Shift(queue("q"), agent("ana", "201", q=0))
    shift.join(0, "c1")
    assert shift.join(1, "c1") == []  # its offer is on the way
    shift.join(2, "c2")
    shift.join(3, "c3")
    assert shift.join(4, "c2") == ["c2: place 1"]
    assert len(shift.floor.queues["q"].waiting) == 2


def test_joining_another_queue_leaves_the_first() -> None:
    shift = Shift(queue("q"), queue("r"), agent("ana", "201", q=0))
    shift.join(0, "c1")
    shift.join(1, "c2")
    assert shift.join(2, "c1", "r") == ["c2: ring 201", "c1: unstaffed"]
    assert shift.floor.callers["c1"].queue == "r"


def test_leaving_while_offered_frees_the_agent_at_once() -> None:
    shift = Shift(queue("q"), agent("ana", "201", q=0))
    shift.join(0, "c1")
    shift.join(1, "c2")
    assert shift.leave(2, "c1") == ["c2: ring 201"]


def test_an_agent_whose_phone_still_rings_is_busy_until_it_stops() -> None:
    shift = Shift(queue("q"), agent("ana", "201", q=0))
    shift.join(0, "c1")
    shift.join(1, "c2")
    shift.channels(1, "201", 1)
    assert shift.gone(2, "c1") == []
    assert shift.state("ana") == "busy"
    assert shift.channels(3, "201", 0) == ["c2: ring 201"]


def test_leaving_a_queue_one_is_not_in_does_nothing() -> None:
    shift = Shift(queue("q"), queue("r"), agent("ana", "201", q=0))
    shift.join(0, "c1")
    assert shift.leave(1, "c1", "r") == []
    assert shift.leave(1, "c2") == []
    assert "c1" in shift.floor.callers


def test_misses_pause_the_agent_and_a_pause_by_nobody_is_still_staff() -> None:
    shift = Shift(queue("q", pause_after_misses=2), agent("ana", "201", q=0))
    shift.join(0, "c1")
    assert shift.back(20, "c1", "NOANSWER") == ["c1: ring 201"]
    assert shift.back(40, "c1", "NOANSWER") == ["ana: paused (no answer)", "c1: place 1"]
    assert shift.state("ana") == "paused"


def test_a_call_taken_makes_up_for_misses() -> None:
    shift = Shift(queue("q", wrap_up=timedelta(0)), agent("ana", "201", q=0))
    shift.join(0, "c1")
    shift.back(20, "c1", "NOANSWER")
    shift.take(30, "c1", "201")
    shift.channels(40, "201", 0)
    shift.join(50, "c2")
    assert shift.back(70, "c2", "NOANSWER") == ["c2: ring 201"]


def test_a_paused_agent_who_misses_a_call_keeps_the_reason() -> None:
    shift = Shift(queue("q", pause_after_misses=1), agent("ana", "201", q=0))
    shift.join(0, "c1")
    shift.floor.pause("ana", at(1), "lunch")
    shift.back(20, "c1", "NOANSWER")
    assert shift.floor.agents["ana"].paused == "lunch"


def test_no_number_of_misses_pauses_where_the_rules_say_zero_but_the_phone_rests_if_it_refused_at_once() -> None:
    shift = Shift(queue("q", pause_after_misses=0), agent("ana", "201", q=0))
    shift.join(0, "c1")
    assert shift.back(1, "c1", "NOANSWER") == ["c1: place 1"]
    assert shift.state("ana") == "resting"
    assert shift.due == 11
    assert shift.wait(11) == ["c1: ring 201"]


def test_who_did_not_answer_is_asked_again_only_if_nobody_else_is_free() -> None:
    shift = Shift(queue("q"), agent("ana", "201", q=0), agent("ben", "202", q=9))
    assert shift.join(0, "c1") == ["c1: ring 201"]
    assert shift.back(20, "c1", "NOANSWER") == ["c1: ring 202"]
    assert shift.join(21, "c2") == ["c2: ring 201"]
    assert shift.leave(22, "c2") == []
    assert shift.back(40, "c1", "NOANSWER") == ["c1: ring 201"]


@pytest.mark.parametrize("status", ["BUSY", "CONGESTION", "FAILED"])
def test_a_phone_that_refuses_rests_for_ten_seconds(status: str) -> None:
    shift = Shift(queue("q"), agent("ana", "201", q=0), agent("ben", "202", q=0))
    shift.join(0, "c1")
    assert shift.back(1, "c1", status) == ["c1: ring 202"]
    assert shift.join(2, "c2") == ["c2: place 1"]
    assert shift.state("ana") == "resting"
    assert shift.wait(11) == ["c2: ring 201"]


def test_returning_what_is_not_offered_changes_nothing() -> None:
    shift = Shift(queue("q"), agent("ana", "201", q=0))
    shift.join(0, "c1")
    shift.join(1, "c2")
    assert shift.back(2, "c2", "NOANSWER") == []


def test_a_phone_that_cannot_be_called_is_out_of_reach_until_it_registers_again() -> None:
    shift = Shift(queue("q"), agent("ana", "201", q=0))
    shift.join(0, "c1")
    assert shift.back(1, "c1", "CHANUNAVAIL") == ["c1: unstaffed"]
    assert shift.state("ana") == "unreachable"
    shift.floor.phone_reachable("201", True, at(2))  # the same word again is no news
    assert shift.state("ana") == "unreachable"
    shift.floor.phone_reachable("201", False, at(3))
    shift.floor.phone_reachable("201", True, at(4))
    assert shift.floor.callers["c1"].offer is not None


def test_doubt_about_a_phone_asks_for_the_truth_each_minute() -> None:
    shift = Shift(queue("q"), agent("ana", "201", q=0))
    shift.join(0, "c1")
    shift.back(1, "c1", "CHANUNAVAIL")
    assert shift.wait(61) == ["resync"]
    assert shift.wait(121) == ["resync"]
    shift.floor.snapshot({"201": (True, 0)}, at(122))
    assert shift.floor.callers["c1"].offer is not None


def test_an_offer_without_an_answer_frees_the_agent_and_keeps_the_caller() -> None:
    shift = Shift(queue("q", ring=timedelta(seconds=20)), agent("ana", "201", q=0))
    shift.join(0, "c1")
    assert shift.due == 35
    assert shift.wait(34) == []
    assert shift.wait(35) == ["resync"]
    assert shift.state("ana") == "free"
    assert shift.due == 50
    assert shift.join(36, "c2") == ["c2: ring 201"]
    assert shift.wait(50) == ["resync"]
    assert shift.back(51, "c1", "NOANSWER") == ["c1: place 1"]


def test_a_caller_whose_offer_is_overdue_may_join_again() -> None:
    shift = Shift(queue("q"), agent("ana", "201", q=0))
    shift.join(0, "c1")
    shift.wait(35)
    assert shift.join(36, "c1") == ["c1: ring 201"]
    assert shift.due == 71


def test_an_answer_from_a_phone_that_rings_for_another_call_counts() -> None:
    shift = Shift(queue("q"), agent("ana", "201", q=0))
    shift.join(0, "c1")
    shift.wait(35)
    shift.join(36, "c2")
    shift.take(37, "c1", "201")
    agent_row = shift.floor.agents["ana"]
    assert (agent_row.state, "c1" in shift.floor.callers) == ("talking", False)
    assert shift.back(38, "c2", "BUSY") == ["c2: place 1"]
    assert shift.state("ana") == "talking"


def test_an_answer_from_an_unknown_phone_ends_the_wait() -> None:
    shift = Shift(queue("q"), agent("ana", "201", q=0))
    shift.join(0, "c1")
    shift.join(1, "c2")
    assert shift.take(2, "c1", "999") == ["c2: ring 201"]
    assert "c1" not in shift.floor.callers


def test_an_unknown_command_is_no_command() -> None:
    assert Shift(queue("q")).do(0, "c1", QueueCommand()) == []


def test_who_joins_anew_gets_one_offer_whatever_became_of_the_last() -> None:
    for overdue in (False, True):
        shift = Shift(queue("q", wrap_up=timedelta(0)), agent("ana", "201", q=0), agent("ben", "202", q=1))
        assert shift.join(0, "c1") == ["c1: ring 201"]
        if overdue:
            shift.wait(60)
        again = shift.do(61, "c1", JoinQueue("q", at(0), anew=True))
        assert again == ["c1: ring 201"]
        assert (shift.state("ana"), shift.state("ben")) == ("offered", "free")


def test_an_offer_says_who_was_not_asked_and_why() -> None:
    shift = Shift(
        queue("q"), *(agent(name, f"20{n}", q=n // 4) for n, name in enumerate(("ana", "ben", "cy", "di", "eve")))
    )
    shift.floor.pause("ben", at(0), "lunch")
    assert shift.join(1, "c1") == ["c1: ring 200"]
    shift.floor.perform("c1", ReturnOffer("q", "NOANSWER"), at(30))
    (told,) = [
        result.event.skipped
        for result in shift.floor.perform("c2", JoinQueue("q", at(31)), at(31))
        if isinstance(result, ToCall) and isinstance(result.event, OfferMade)
    ]
    assert told == ("ana: free, others come first", "ben: paused, lunch", "cy: offered", "eve: penalty 1")


def test_a_large_queue_does_not_make_an_offer_larger() -> None:
    shift = Shift(queue("q"), *(agent(f"a{n}", str(300 + n), q=0) for n in range(200)))
    (offer,) = [
        result.event for result in shift.floor.perform("c", JoinQueue("q", at(0)), at(0)) if isinstance(result, ToCall)
    ]
    assert isinstance(offer, OfferMade)
    assert len(offer.skipped) == MOST_TOLD
