"""Skills, their relaxation, priorities and who may overtake whom."""

from datetime import timedelta

import pytest

from clinicpbx.core.acd.distributor import STRATEGIES, Turn
from clinicpbx.core.acd.results import ToCall
from clinicpbx.core.acd.stages import ANYBODY, Stage, speaks, stages
from clinicpbx.core.commands import AskPlace, JoinQueue
from clinicpbx.core.events import OfferMade, PlaceTold
from tests.support.floors import Shift, agent, at, queue

pytestmark = pytest.mark.unit
ES = speaks("es")
SPANISH = (Stage(skills=((ES, 1),)), Stage(timedelta(seconds=30)))
NOW = timedelta(0)


def join(shift: Shift, seconds: float, call: str, needs: tuple[Stage, ...], priority: int = 0) -> list[str]:
    return shift.do(seconds, call, JoinQueue("q", at(seconds), priority, stages=needs))


def test_every_strategy_picks_from_what_it_is_given() -> None:
    shift = Shift(queue("q"), agent("ana", "201", q=0), agent("ben", "202", q=0))
    both = list(shift.floor.agents.values())
    for name, strategy in STRATEGIES.items():
        chosen = strategy(both, Turn("c1"))
        assert set(map(id, chosen)) <= set(map(id, both))
        assert len(chosen) == (2 if name == "ringall" else 1)
        assert strategy(both[:1], Turn("c1")) == both[:1]
    assert list(STRATEGIES) == ["fewestcalls", "leastrecent", "linear", "random", "ringall", "rrmemory"]


@pytest.mark.parametrize(
    ("strategy", "rung"),
    [
        ("linear", ["203", "203", "203", "203"]),
        ("rrmemory", ["201", "202", "203", "201"]),
        ("fewestcalls", ["201", "202", "203", "201"]),
        ("leastrecent", ["201", "202", "203", "201"]),
    ],
)
def test_whom_a_strategy_asks_call_after_call(strategy: str, rung: list[str]) -> None:
    staff = [agent(name, phone, q=0) for name, phone in (("cy", "203"), ("ana", "201"), ("ben", "202"))]
    shift = Shift(queue("q", strategy, wrap_up=NOW), *staff)
    found = []
    for n in range(4):
        [offer] = shift.join(10 * n, f"c{n}")
        phone = offer.rpartition(" ")[2]
        found.append(phone)
        shift.take(10 * n + 1, f"c{n}", phone)
        shift.channels(10 * n + 2, phone, 0)
    assert found == rung


def test_who_logs_in_late_does_not_get_every_call() -> None:
    shift = Shift(queue("q", "fewestcalls", wrap_up=NOW), agent("ana", "201", q=0), agent("zoe", "209", q=0))
    shift.floor.log_out("zoe", at(0))
    for n in range(5):
        shift.join(n, f"c{n}")
        shift.take(n + 0.1, f"c{n}", "201")
        shift.channels(n + 0.2, "201", 0)
    shift.floor.log_in("zoe", at(10))
    assert shift.join(11, "next") == ["next: ring 201"], "both have as many: ana has waited longer"


def test_random_is_the_same_for_the_same_call_and_spreads_over_calls() -> None:
    names = [agent(f"a{n}", f"{200 + n}", q=0) for n in range(4)]
    agents = list(Shift(queue("q"), *names).floor.agents.values())
    draw = STRATEGIES["random"]
    picked = [draw(agents, Turn(f"c{n}"))[0].name for n in range(400)]
    assert picked == [draw(agents, Turn(f"c{n}"))[0].name for n in range(400)]
    assert all(60 < picked.count(name.name) < 140 for name in names)


def test_a_caller_waits_for_who_speaks_the_language_then_anybody_is_asked() -> None:
    shift = Shift(queue("q"), agent("ana", "201", q=0), agent("eva", "202", {ES: 1}, q=0))
    assert shift.join(0, "english") == ["english: ring 201"]
    assert shift.back(20, "english", "NOANSWER") == ["english: ring 202"]
    assert join(shift, 21, "spanish", SPANISH) == ["spanish: place 1"], "ana is free, and does not speak it"
    assert shift.join(22, "second") == ["second: ring 201"], "who asks for less does not wait behind"
    assert shift.back(42, "second", "NOANSWER") == ["ana: paused (no answer)", "second: place 2"]
    shift.floor.unpause("ana", at(43))
    assert shift.floor.callers["second"].offer is not None
    shift.leave(44, "second")
    assert shift.due == 51
    assert shift.wait(51) == ["spanish: ring 201"]


def test_relaxing_goes_on_while_an_agent_lets_it_ring() -> None:
    shift = Shift(queue("q"), agent("ana", "201", q=0), agent("eva", "202", {ES: 1}, q=0))
    assert join(shift, 0, "spanish", SPANISH) == ["spanish: ring 202"]
    assert shift.back(31, "spanish", "NOANSWER") == ["spanish: ring 201"], "thirty seconds are over: anybody"


def test_what_nobody_who_is_there_can_give_is_not_asked_for() -> None:
    shift = Shift(queue("q"), agent("ana", "201", q=0), agent("eva", "202", {ES: 1}, q=0))
    shift.floor.pause("ana", at(0))
    shift.floor.phone_channels("202", 1, at(0))  # busy, but there
    assert join(shift, 1, "spanish", SPANISH) == ["spanish: place 1"]
    shift.floor.unpause("ana", at(2))
    assert shift.floor.callers["spanish"].offer is None
    assert "OfferMade" in repr(shift.floor.log_out("eva", at(3))), "eva is gone: there is nobody to wait for"


def test_a_need_that_is_never_relaxed_has_nobody_where_nobody_has_it() -> None:
    shift = Shift(queue("q"), agent("ana", "201", {"billing": 1}, q=0))
    assert join(shift, 0, "c1", (Stage(skills=(("billing", 2),)),)) == ["c1: unstaffed"]
    assert join(shift, 0, "c2", (Stage(skills=(("billing", 1),)),)) == ["c2: ring 201"]


def test_the_language_is_kept_through_a_restart() -> None:
    shift = Shift(
        queue("q"), agent("ana", "201", q=0), agent("eva", "202", {ES: 1}, q=0), registered=False, logged_in=False
    )
    for name in ("ana", "eva"):
        shift.floor.log_in(name, at(0))
    shift.floor.restore("spanish", JoinQueue("q", at(0), stages=SPANISH), at(5))
    told = shift.floor.snapshot({"201": (True, 0), "202": (True, 1)}, at(6))
    assert not [result for result in told if "OfferMade" in repr(result)]
    assert shift.channels(7, "202", 0) == ["spanish: ring 202"]


def test_only_licensed_agents_serve_a_clinical_queue() -> None:
    clinical = queue("q", clinical=True)
    shift = Shift(clinical, queue("md", licences=("md",)), agent("ana", "201", q=0, md=0))
    assert shift.join(0, "c1") == ["c1: unstaffed"]
    shift = Shift(clinical, queue("md", licences=("md",)), agent("dora", "204", licences=("rn",), q=0, md=0))
    assert shift.join(0, "c1") == ["c1: ring 204"]
    assert shift.join(0, "c2", "md") == ["c2: unstaffed"]


def test_the_agent_who_knows_the_caller_is_waited_for_a_little() -> None:
    shift = Shift(queue("q"), agent("ana", "201", q=0), agent("ben", "202", q=0))
    knows = stages("en", {}, {}, NOW, agent="ben", same_agent=timedelta(seconds=20))
    assert knows == (Stage(agent="ben"), Stage(timedelta(seconds=20)))
    shift.floor.phone_channels("202", 1, at(0))
    assert join(shift, 0, "c1", knows) == ["c1: place 1"]
    assert shift.wait(20) == ["c1: ring 201"]
    shift.leave(21, "c1")
    shift.channels(22, "202", 0)
    assert join(shift, 23, "c1", knows) == ["c1: ring 202"]
    assert said_skipped(shift, "c2", knows) == ("ben: offered",)


def said_skipped(shift: Shift, call: str, needs: tuple[Stage, ...]) -> tuple[str, ...]:
    """Why the others are not asked for *call*, which joins now and is offered at once after a while."""
    join(shift, 24, call, needs)
    results = shift.floor.deadline_reached(at(50))
    offers = [r.event for r in results if hasattr(r, "call") and r.call == call]
    assert isinstance(offers[0], OfferMade)
    return offers[0].skipped


@pytest.mark.parametrize("most", [0, 1, 5])
def test_no_more_than_so_many_urgent_callers_overtake(most: int) -> None:
    shift = Shift(queue("q", max_overtakes=most, wrap_up=NOW), agent("ana", "201", q=0))
    shift.join(0, "first")
    shift.take(0.5, "first", "201")
    shift.join(1, "routine")
    for n in range(8):
        shift.join(2 + n, f"urgent{n}", priority=9)
    served, call = [], "first"
    for n in range(9):
        shift.gone(20 + n, call)
        [offer] = shift.channels(20 + n, "201", 0)
        call = offer.partition(":")[0]
        served.append(call)
        shift.take(20.5 + n, call, "201")
    assert served.index("routine") == most
    urgent = [call for call in served if call != "routine"]
    assert urgent == sorted(urgent), "in order among themselves"


def test_who_refused_is_not_asked_again_while_another_can_be_hoped_for() -> None:
    shift = Shift(queue("q"), agent("ana", "201", q=0), agent("ben", "202", q=0))
    shift.floor.phone_channels("202", 1, at(0))  # ben talks, he will be back
    assert shift.join(0, "c1") == ["c1: ring 201"]
    assert shift.back(2, "c1", "BUSY") == ["c1: place 1"]
    assert shift.wait(12) == []  # ana has rested
    assert shift.state("ana") == "free"
    assert shift.join(13, "c2") == ["c2: ring 201"], "another caller may be offered to her"
    assert shift.back(14, "c2", "NOANSWER") == ["c2: place 2"]
    assert shift.wait(24) == ["c2: ring 201"]
    shift.leave(25, "c2")
    assert shift.wait(62) == ["c1: ring 201"], "a minute is over: better her than nobody"


def test_who_refused_is_asked_again_when_nobody_else_is_left() -> None:
    shift = Shift(queue("q"), agent("ana", "201", q=0), agent("ben", "202", q=0))
    shift.floor.phone_channels("202", 1, at(0))
    shift.join(0, "c1")
    shift.back(2, "c1", "BUSY")
    shift.wait(12)
    assert "OfferMade" in repr(shift.floor.log_out("ben", at(13)))


def test_a_caller_whose_case_got_worse_goes_ahead_and_keeps_the_time() -> None:
    shift = Shift(queue("q"), agent("ana", "201", q=0))
    shift.join(0, "c0")
    for n, call in enumerate(("c1", "c2", "c3")):
        shift.join(n + 1, call)
    assert shift.do(9, "c3", JoinQueue("q", at(3), 7)) == ["c3: place 1"]
    assert shift.ask(9, "c1") == ["c1: place 2"]
    assert shift.do(10, "c0", JoinQueue("q", at(0), 9)) == [], "its offer is on the way"
    assert shift.back(15, "c0", "NOANSWER") == ["c0: ring 201"], "and now it is the more urgent one"


def test_stages_follow_what_is_written() -> None:
    relaxed = stages("es", {"billing": 3}, {timedelta(seconds=30): {"billing": 1}, timedelta(minutes=2): {}}, NOW)
    assert relaxed == (
        Stage(NOW, (("billing", 3),)),
        Stage(timedelta(seconds=30), (("billing", 1),)),
        Stage(timedelta(minutes=2)),
    )
    assert stages("es", {}, {}, timedelta(seconds=30)) == SPANISH
    assert stages("es", {}, {}, NOW) == ANYBODY
    own = stages("fr", {"language": 3}, {timedelta(seconds=20): {"language": 1}}, timedelta(seconds=45))
    assert own == (Stage(NOW, (("speaks fr", 3),)), Stage(timedelta(seconds=20), (("speaks fr", 1),)))
    both = stages("es", {"billing": 1}, {}, timedelta(seconds=10), "ana", timedelta(seconds=5))
    assert [(stage.after.seconds, len(stage.skills), stage.agent) for stage in both] == [
        (0, 2, "ana"),
        (5, 2, ""),
        (10, 1, ""),
    ]


def test_how_long_it_will_take_is_told_once_it_is_known() -> None:
    shift = Shift(queue("q", wrap_up=timedelta(seconds=5)), agent("ana", "201", q=0), agent("ben", "202", q=0))
    for n in range(3):
        shift.join(100 * n, f"c{n}")
        shift.take(100 * n, f"c{n}", "201" if n % 2 == 0 else "202")
        shift.channels(100 * n + 55, "201" if n % 2 == 0 else "202", 0)
    shift.wait(299)
    for n in range(4):
        shift.join(300 + n, f"d{n}")
    told = shift.floor.callers["d3"]
    assert shift.floor.queues["q"].position(told) == 2
    [place] = shift.floor.perform("d3", AskPlace("q"), at(310))
    assert isinstance(place, ToCall)
    assert isinstance(place.event, PlaceTold)
    assert place.event.wait == timedelta(seconds=60)  # two ahead of nobody else, a minute each, two agents
