"""Agents at phones that are not theirs: one phone, one agent, and nobody is driven away."""

from dataclasses import replace
from datetime import timedelta

import pytest

from clinicpbx.core.acd.board import agent_rows
from clinicpbx.core.acd.floor import Floor
from clinicpbx.core.acd.modes import Mode, QueueMode
from clinicpbx.core.acd.results import AgentStateChanged
from clinicpbx.core.commands import AskMode, DecideMode, JoinQueue, TakeDesk, ToggleLogin
from clinicpbx.core.events import ModeTold, OfferMade
from clinicpbx.core.rulebook import AgentRules, LogOutRules
from tests.support.floors import START, Shift, agent, at, queue, rules, said

pytestmark = pytest.mark.unit


def fay(**more: str) -> AgentRules:
    return AgentRules("fay", "", {"q": 0}, number="4502", **more)  # type: ignore[arg-type]


def shift() -> Shift:
    """Ana and ben have phones of their own, fay has none; phone 204 is nobody's. Nobody is logged in."""
    made = Shift(queue("q"), agent("ana", "201", q=0), agent("ben", "202", q=0), fay(), logged_in=False)
    made.floor.phone_reachable("204", True, START)
    return made


def desks(made: Shift) -> dict[str, str]:
    return {row["agent"]: f"{row['phone']} {row['desk']}".strip() for row in agent_rows(made.floor)}


def sits(made: Shift, seconds: float, name: str, phone: str) -> str:
    """What the phone says to the agent who logs in there."""
    return made.do(seconds, "code", TakeDesk(phone, name))[0].removeprefix("code: ")


def test_any_phone_rings_for_who_logs_in_there() -> None:
    made = shift()
    assert desks(made) == {"ana": "201", "ben": "202", "fay": ""}
    made.floor.pause("fay", at(0))
    assert made.do(1, "code", TakeDesk("204", "fay")) == ["code: login", "fay: in"]
    assert desks(made)["fay"] == "204 hot"
    assert made.floor.agent_at("204") == "fay"
    made.floor.log_in("ben", at(1))
    made.floor.log_out("ben", at(1))
    assert made.join(2, "c1") == ["c1: ring 204"]
    assert made.floor.perform("c2", ToggleLogin("204"), at(3))[0].event.change == "logout"  # type: ignore[union-attr]
    assert desks(made)["fay"] == "204 hot", "the phone rings for this call still"
    assert made.back(4, "c1", "BUSY") == ["c1: unstaffed"]
    assert (desks(made)["fay"], made.floor.agent_at("204")) == ("", "")


def test_logging_in_elsewhere_moves_and_logging_in_again_changes_nothing() -> None:
    made = shift()
    assert sits(made, 0, "fay", "204") == "login"
    assert sits(made, 1, "fay", "204") == "login"
    assert sits(made, 2, "fay", "202") == "moved"
    assert desks(made) == {"ana": "201", "ben": "", "fay": "202 hot"}
    assert made.floor.agent_at("204") == ""
    assert made.do(3, "code", ToggleLogin("202")) == ["code: logout", "fay: out"]
    assert desks(made) == {"ana": "201", "ben": "202", "fay": ""}, "ben's own phone is his again"
    assert sits(made, 4, "ana", "204") == "login"
    assert sits(made, 5, "ana", "201") == "moved"
    assert desks(made)["ana"] == "201", "a phone of one's own is no hot desk"


def test_what_is_kept_of_an_agent_names_the_phone_where_they_are_and_since_when() -> None:
    made = shift()

    def kept(seconds: float, name: str, phone: str) -> list[tuple[str, str, str, float]]:
        _, changes = made.floor.take_desk(name, phone, at(seconds))
        states = [each for each in changes if isinstance(each, AgentStateChanged) and each.name == name]
        return [(each.state, each.phone, each.desk, (each.since - START).total_seconds()) for each in states]

    assert kept(0, "fay", "204") == [("ready", "204", "204", 0.0)]
    assert kept(60, "fay", "202") == [("ready", "202", "202", 60.0)]
    assert kept(90, "ana", "204") == [("ready", "204", "204", 90.0)]
    assert kept(95, "ana", "201") == [("ready", "201", "", 95.0)], "one's own phone is no desk"


def test_nobody_is_driven_away_and_no_call_is_moved() -> None:
    made = shift()
    made.floor.log_in("ana", at(0))
    assert sits(made, 1, "fay", "201") == "taken"
    made.join(2, "c1")
    made.take(3, "c1", "201")
    assert sits(made, 4, "ana", "204") == "engaged"
    made.floor.log_out("ana", at(5))
    assert sits(made, 6, "fay", "201") == "taken", "the call goes on"
    made.channels(7, "201", 0)
    assert sits(made, 8, "fay", "201") == "login"
    assert sits(made, 9, "eve", "204") == "unknown"
    assert made.floor.take_desk("ana", "201", at(9)) == ("taken", [])
    with pytest.raises(KeyError):
        made.floor.take_desk("eve", "204", at(9))


def test_the_automatic_log_out_frees_the_desk() -> None:
    made = shift()
    made.floor.rules(replace(made.book, log_out=LogOutRules(timedelta(minutes=5), timedelta(minutes=2))), START)
    sits(made, 0, "fay", "204")
    made.floor.snapshot({"204": (True, 0)}, at(1))
    made.floor.phone_reachable("204", False, at(10))
    assert made.state("fay") == "unreachable"
    assert made.join(11, "c1") == ["c1: unstaffed"]
    assert [change.why for change in made.floor.log_out_absent(at(130))] == ["unreachable"]  # type: ignore[union-attr]
    assert desks(made)["fay"] == ""


def test_a_desk_outlasts_a_restart_and_new_rules() -> None:
    made = shift()
    kept = [each for each in made.floor.take_desk("fay", "202", at(0))[1] if isinstance(each, AgentStateChanged)]
    assert [(each.name, each.desk) for each in kept] == [("fay", "202")]
    again = Floor(made.book, at(9), kept)
    assert {name: each.phone.extension for name, each in again.agents.items()} == {
        "ana": "201",
        "ben": "",
        "fay": "202",
    }
    again.phone_reachable("202", True, at(9))
    again.rules(rules(queue("q"), agent("cy", "202", q=0), fay()), at(10))
    assert {name: each.phone.extension for name, each in again.agents.items()} == {"cy": "", "fay": "202"}
    gone = again.rules(rules(queue("q"), agent("cy", "202", q=0)), at(11))
    assert [(each.logged_in, each.desk) for each in gone if isinstance(each, AgentStateChanged)] == [(False, "")]
    assert again.agents["cy"].phone.extension == "202"


def test_an_offer_names_who_works_at_the_phones() -> None:
    made = Shift(queue("q", "ringall"), agent("ana", "201", q=0), fay(), logged_in=False)
    made.floor.phone_reachable("204", True, START)
    sits(made, 0, "fay", "204")
    made.floor.log_in("ana", at(0))
    made.join(1, "c1")
    made.floor.call_gone("c1", at(2))
    [*_, told] = made.floor.perform("c2", JoinQueue("q", at(3)), at(3))
    assert isinstance(told.event, OfferMade)  # type: ignore[union-attr]
    assert dict(zip(told.event.phones, told.event.agents, strict=True)) == {"201": "ana", "204": "fay"}  # type: ignore[union-attr]


def test_a_call_asks_for_a_queues_mode_and_decides_it() -> None:
    made = shift()
    made.floor.log_in("ana", at(0))
    [told] = made.floor.perform("code", AskMode("q"), at(0))
    assert told.event == ModeTold(at=at(0), queue="q", mode=Mode.OPEN)  # type: ignore[union-attr]
    decided, told = made.floor.perform("code", DecideMode("q", Mode.CLOSED, at(60), "ana"), at(1))
    assert decided == QueueMode("q", Mode.CLOSED, at(1), at(60), "ana")
    assert told.event == ModeTold(at=at(1), queue="q", mode=Mode.CLOSED, until=at(60))  # type: ignore[union-attr]
    assert made.join(2, "c1") == ["c1: closed"]
    assert said(made.floor.deadline_reached(at(60))) == ["q: open"]
    [told] = made.floor.perform("code", DecideMode("none", Mode.CLOSED, at(99), "ana"), at(61))
    assert told.event.mode is Mode.OPEN  # type: ignore[union-attr]
