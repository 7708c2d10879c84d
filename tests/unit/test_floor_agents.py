"""Logins, pauses, phones, wrap-up, new rules and restarts."""

from datetime import timedelta

import pytest

from clinicpbx.core.acd.floor import Floor
from clinicpbx.core.acd.results import AgentStateChanged
from clinicpbx.core.commands import JoinQueue, TakeOffer, ToggleLogin, TogglePause
from tests.support.floors import START, Shift, agent, at, queue, rules, said

pytestmark = pytest.mark.unit

ONE = (queue("q"), agent("ana", "201", q=0))


def test_before_the_first_word_of_asterisk_nobody_is_in_reach() -> None:
    shift = Shift(*ONE, registered=False)
    assert shift.join(0, "c1") == ["c1: unstaffed"]
    assert shift.state("ana") == "unreachable"
    assert said(shift.floor.snapshot({"201": (True, 0)}, at(1))) == ["c1: ring 201"]


def test_a_phone_toggles_login() -> None:
    shift = Shift(*ONE, logged_in=False)
    assert shift.do(0, "k", ToggleLogin("201")) == ["k: login", "ana: in"]
    assert shift.do(1, "k", ToggleLogin("201")) == ["k: logout", "ana: out"]
    assert shift.do(2, "k", ToggleLogin("999")) == ["k: unknown"]
    assert shift.state("ana") == "logged out"


def test_a_phone_toggles_pause() -> None:
    shift = Shift(*ONE)
    assert shift.do(0, "k", TogglePause("201")) == ["k: pause", "ana: paused (by hand)"]
    assert shift.do(1, "k", TogglePause("201")) == ["k: unpause", "ana: in"]
    shift.floor.log_out("ana", at(2))
    assert shift.do(3, "k", TogglePause("201")) == ["k: logout"]
    assert shift.do(3, "k", TogglePause("999")) == ["k: unknown"]


def test_a_login_ends_a_pause_and_the_same_again_is_no_change() -> None:
    shift = Shift(*ONE)
    assert said(shift.floor.pause("ana", at(1), "lunch")) == ["ana: paused (lunch)"]
    assert said(shift.floor.pause("ana", at(1), "lunch")) == []
    assert said(shift.floor.log_in("ana", at(2))) == ["ana: in"]
    assert said(shift.floor.log_in("ana", at(2))) == []
    assert said(shift.floor.unpause("ana", at(3))) == []


def test_an_agent_without_a_name_in_the_rules_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        Shift(*ONE).floor.log_in("eve", START)


def test_logging_out_during_a_call_lets_it_end() -> None:
    shift = Shift(*ONE)
    shift.join(0, "c1")
    shift.floor.log_out("ana", at(1))
    assert shift.state("ana") == "offered"
    shift.take(2, "c1", "201")
    assert shift.state("ana") == "talking"
    shift.channels(3, "201", 0)
    assert shift.state("ana") == "logged out"


def test_wrap_up_begins_when_the_phones_last_channel_is_gone() -> None:
    shift = Shift(queue("q", wrap_up=timedelta(seconds=30)), agent("ana", "201", q=0))
    shift.join(0, "c1")
    shift.take(5, "c1", "201")
    shift.channels(50, "201", 2)
    shift.gone(60, "c1")
    assert shift.channels(61, "201", 1) == []
    assert shift.state("ana") == "talking"
    shift.channels(70, "201", 0)
    assert shift.state("ana") == "wrap-up"
    assert shift.join(80, "c2") == ["c2: place 1"]
    assert shift.due == 100
    assert shift.wait(100) == ["c2: ring 201"]


def test_a_talk_whose_channel_was_never_seen_ends_with_the_truth() -> None:
    shift = Shift(queue("q", wrap_up=timedelta(0)), agent("ana", "201", q=0))
    shift.join(0, "c1")
    shift.do(1, "c1", TakeOffer("q", "201"))
    shift.channels(2, "201", 0)
    assert shift.state("ana") == "talking"
    assert shift.wait(16) == ["resync"]
    assert shift.due == 31
    shift.floor.snapshot({"201": (True, 0)}, at(17))
    assert shift.state("ana") == "free"


def test_a_talks_channel_may_be_seen_late() -> None:
    shift = Shift(*ONE)
    shift.join(0, "c1")
    shift.do(1, "c1", TakeOffer("q", "201"))
    shift.channels(2, "201", 1)
    assert shift.due is None
    shift.channels(3, "201", 0)
    assert shift.state("ana") == "wrap-up"


def test_a_call_that_ends_before_its_answer_is_told_is_followed_by_wrap_up() -> None:
    shift = Shift(*ONE)
    shift.join(0, "c1")
    shift.channels(1, "201", 1)
    shift.channels(2, "201", 0)
    shift.channels(2, "201", 0)
    shift.do(3, "c1", TakeOffer("q", "201"))
    assert shift.state("ana") == "wrap-up"


def test_a_caller_who_hangs_up_on_an_unseen_talk_ends_it() -> None:
    shift = Shift(*ONE)
    shift.join(0, "c1")
    shift.do(1, "c1", TakeOffer("q", "201"))
    shift.gone(2, "c1")
    assert shift.state("ana") == "wrap-up"
    assert shift.gone(3, "c1") == []


def test_the_end_of_an_old_call_does_not_end_the_next_talk() -> None:
    shift = Shift(queue("q", wrap_up=timedelta(0)), agent("ana", "201", q=0))
    for call, begin in (("c1", 0), ("c2", 10)):
        shift.join(begin, call)
        shift.take(begin + 1, call, "201")
        if call == "c1":
            shift.channels(begin + 2, "201", 0)
    shift.gone(12, "c1")
    assert shift.state("ana") == "talking"
    shift.channels(13, "201", 0)
    shift.gone(14, "c2")
    assert shift.state("ana") == "free"


def test_a_phone_in_use_is_not_rung_and_one_that_is_nobodys_does_no_harm() -> None:
    shift = Shift(*ONE)
    shift.channels(0, "201", 1)
    shift.channels(0, "777", 1)
    assert shift.state("ana") == "busy"
    assert shift.join(1, "c1") == ["c1: place 1"]
    assert shift.channels(2, "201", 0) == ["c1: ring 201"]


def test_a_snapshot_leaves_out_phones_that_are_out_of_reach() -> None:
    shift = Shift(*ONE)
    shift.floor.phone_reachable("777", True, at(0))
    shift.floor.snapshot({}, at(1))
    assert shift.state("ana") == "unreachable"
    assert shift.floor.agents["ana"].state_since == at(1)


def test_a_queue_that_is_gone_tells_its_callers_and_ends_with_the_last() -> None:
    shift = Shift(*ONE)
    for n in range(3):
        shift.join(n, f"c{n}")
    assert said(shift.floor.rules(rules(agent("ana", "201", q=0)), at(5))) == ["c1: unstaffed", "c2: unstaffed"]
    shift.leave(6, "c1")
    shift.leave(6, "c2")
    shift.take(7, "c0", "201")
    assert "q" not in shift.floor.queues
    shift.channels(8, "201", 0)
    assert shift.state("ana") == "free"


def test_an_offer_of_a_queue_that_is_gone_can_still_be_returned() -> None:
    shift = Shift(*ONE)
    shift.join(0, "c1")
    shift.floor.rules(rules(agent("ana", "201", q=0)), at(5))
    assert shift.back(20, "c1", "NOANSWER") == ["c1: unstaffed"]
    assert said(shift.floor.rules(rules(*ONE), at(21))) == ["c1: ring 201"]


def test_a_queue_without_callers_goes_at_once() -> None:
    shift = Shift(*ONE)
    shift.floor.rules(rules(), at(5))
    assert (dict(shift.floor.queues), dict(shift.floor.agents)) == ({}, {})


def test_an_unknown_queue_drains() -> None:
    shift = Shift(*ONE)
    assert shift.join(0, "c1", "nowhere") == ["c1: unstaffed"]
    assert shift.gone(1, "c1") == []
    assert "nowhere" not in shift.floor.queues


def test_an_unknown_strategy_is_refused_before_anything_changes() -> None:
    shift = Shift(*ONE)
    with pytest.raises(KeyError):
        shift.floor.rules(rules(queue("q", "coin")), at(1))
    assert shift.join(2, "c1") == ["c1: ring 201"]


def test_an_agent_removed_during_a_call_goes_when_it_is_over() -> None:
    shift = Shift(*ONE)
    shift.join(0, "c1")
    shift.take(1, "c1", "201")
    assert said(shift.floor.rules(rules(queue("q")), at(2))) == []
    assert shift.state("ana") == "talking"
    assert shift.channels(3, "201", 0) == ["ana: out"]
    assert "ana" not in shift.floor.agents
    assert shift.due is None


def test_a_new_agent_waits_for_a_phone_that_is_on_a_call() -> None:
    shift = Shift(*ONE)
    shift.join(0, "c1")
    shift.floor.rules(rules(queue("q"), agent("ben", "201", q=0)), at(1))
    assert {name: a.phone.extension for name, a in shift.floor.agents.items()} == {"ana": "201", "ben": ""}
    assert shift.leave(2, "c1") == ["ana: out"]
    assert set(shift.floor.agents) == {"ben"}


def test_an_agent_changes_phones_after_the_call_and_the_one_there_waits() -> None:
    shift = Shift(queue("q"), agent("ana", "201", q=0), agent("ben", "202", q=0))
    assert shift.join(0, "c1") == ["c1: ring 201"]
    shift.floor.rules(rules(queue("q"), agent("ana", "202", q=0), agent("ben", "201", q=0)), at(1))
    assert {name: a.phone.extension for name, a in shift.floor.agents.items()} == {"ana": "201", "ben": ""}
    assert shift.state("ben") == "unreachable"
    shift.back(20, "c1", "NOANSWER")
    assert {name: a.phone.extension for name, a in shift.floor.agents.items()} == {"ana": "202", "ben": "201"}
    assert shift.floor.agents["ben"].logged_in


def test_new_rules_keep_logins_pauses_and_offers() -> None:
    shift = Shift(*ONE, queue("r"))
    shift.join(0, "c1")
    shift.floor.rules(rules(queue("q"), queue("r"), agent("ana", "201", q=0, r=0)), at(1))
    assert shift.state("ana") == "offered"
    shift.join(2, "c2", "r")
    assert shift.leave(3, "c1") == ["c2: ring 201"]


def test_of_two_agents_with_one_phone_the_first_has_it() -> None:
    shift = Shift(queue("q"), agent("ana", "201", q=0))
    shift.floor.rules(rules(queue("q"), agent("ben", "201", q=0), agent("ana", "201", q=0)), at(1))
    assert {name: a.phone.extension for name, a in shift.floor.agents.items()} == {"ana": "201", "ben": ""}


def test_an_agents_queue_that_the_clinic_does_not_have_is_passed_over() -> None:
    shift = Shift(queue("q"), agent("ana", "201", q=0, ghost=0))
    assert shift.join(0, "c1") == ["c1: ring 201"]
    assert shift.join(1, "c2", "ghost") == ["c2: unstaffed"]


def test_a_restart_keeps_logins_places_offers_and_talks() -> None:
    book = rules(queue("q"), *(agent(name, phone, q=0) for name, phone in (("ana", "201"), ("ben", "202"))))
    states = [AgentStateChanged(name, True, "", START) for name in ("ana", "ben")]
    floor = Floor(book, at(100), states)
    floor.restore("younger", JoinQueue("q", at(20)), at(100))
    floor.restore("older", JoinQueue("q", at(10)), at(100))
    floor.restore("ringing", JoinQueue("q", at(5)), at(100), ("201", "999"))
    floor.perform("talks", TakeOffer("q", "202"), at(100))
    assert said(floor.snapshot({"201": (True, 1), "202": (True, 1)}, at(101))) == []
    assert [floor.agents[name].state for name in ("ana", "ben")] == ["offered", "talking"]
    floor.phone_channels("202", 0, at(110))
    assert said(floor.deadline_reached(at(120))) == ["older: ring 202"]
    floor.restore("double", JoinQueue("q", at(5)), at(121), ("201",))
    assert floor.callers["double"].offer is not None
    assert floor.callers["double"].offer.agents == ()
