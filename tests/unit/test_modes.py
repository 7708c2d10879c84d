"""A supervisor fills or closes a queue while it runs; at its end it is open again."""

import pytest

from clinicpbx.adapters.metrics import Metrics
from clinicpbx.core.acd.board import queue_rows
from clinicpbx.core.acd.floor import Floor
from clinicpbx.core.acd.modes import Mode, QueueMode
from clinicpbx.core.acd.stages import Stage
from clinicpbx.core.commands import JoinQueue, LeaveQueue
from clinicpbx.daemon.queue_meter import QueueMeter
from tests.support.floors import START, Shift, agent, at, queue, rules, said

pytestmark = pytest.mark.unit


def busy() -> Shift:
    """Ana talks, c2 and c3 wait."""
    shift = Shift(queue("q"), queue("r"), agent("ana", "201", q=0, r=0))
    shift.join(0, "c1")
    shift.take(1, "c1", "201")
    shift.join(2, "c2")
    shift.join(3, "c3")
    return shift


def free_again(shift: Shift, seconds: float) -> list[str]:
    """Ana's call is over, and her wrap-up too."""
    shift.channels(seconds, "201", 0)
    return shift.wait(seconds + 10)


def test_a_full_queue_serves_who_waits_and_lets_nobody_else_in() -> None:
    shift = busy()
    assert shift.mode(10, Mode.FULL, 600) == ["q: full"]
    assert shift.join(11, "c4") == ["c4: full"]
    assert "c4" not in shift.floor.callers
    assert shift.leave(11, "c4") == []
    assert free_again(shift, 20) == ["c2: ring 201"]
    shift.leave(31, "c2")
    assert shift.floor.callers.keys() == {"c3"}


def test_nobody_new_is_offered_though_an_agent_is_free() -> None:
    shift = Shift(queue("q"), agent("ana", "201", q=0))
    shift.mode(0, Mode.FULL, 600)
    assert shift.join(1, "c1") == ["c1: full"]
    assert shift.state("ana") == "free"


def test_who_joined_before_it_was_full_keeps_the_place_through_another_step() -> None:
    shift = busy()
    shift.mode(10, Mode.FULL, 600)
    shift.leave(11, "c2")
    assert shift.do(11, "c2", JoinQueue("q", at(2), 9)) == ["c2: place 1"]


def test_a_closed_queue_sends_away_who_waits_and_who_comes_and_offers_nobody() -> None:
    shift = busy()
    assert shift.mode(10, Mode.CLOSED, 600) == ["q: closed", "c2: closed", "c3: closed"]
    assert shift.join(11, "c4") == ["c4: closed"]
    assert shift.ask(12, "c2") == ["c2: closed"], "told again if it asks again"
    assert free_again(shift, 20) == []
    assert shift.join(31, "c5", "r") == ["c5: ring 201"], "other queues go on"


def test_what_rings_goes_on_and_comes_back_to_a_closed_queue_to_leave_it() -> None:
    shift = Shift(queue("q"), agent("ana", "201", q=0))
    assert shift.join(0, "c1") == ["c1: ring 201"]
    assert shift.mode(1, Mode.CLOSED, 600) == ["q: closed"]
    assert shift.state("ana") == "offered"
    assert shift.back(5, "c1", "BUSY") == ["c1: closed"]


def test_call_backs_keep_their_places_and_are_made_once_it_is_open_again() -> None:
    shift = Shift(queue("q"), agent("ana", "201", {"speaks es": 1}, q=0))
    spanish = (Stage(skills=(("speaks es", 1),)), Stage(at(60) - START))
    shift.mode(0, Mode.CLOSED, 600)
    shift.do(1, "b1", JoinQueue("q", at(1), callback=True, stages=spanish))
    assert shift.floor.callers["b1"].offer is None
    assert shift.mode(30, Mode.OPEN) == ["q: open", "b1: ring 201"]
    assert shift.floor.callers["b1"].stage == 0, "nobody had to ask for less because of it"


def test_it_is_open_again_at_its_end() -> None:
    shift = busy()
    shift.mode(10, Mode.FULL, 60)
    assert shift.due == 60
    assert shift.wait(60) == ["q: open"]
    assert shift.join(61, "c4") == ["c4: place 3"]
    shift.mode(70, Mode.FULL, 100)
    assert shift.mode(80, Mode.OPEN) == ["q: open"]
    assert shift.due is None


def test_a_mode_outlives_the_daemon_and_new_rules_but_not_its_end() -> None:
    book = rules(queue("q"), agent("ana", "201", q=0))
    kept = QueueMode("q", Mode.FULL, at(-60), at(60), "maria")
    floor = Floor(book, START, (), (kept,))
    assert floor.queues["q"].mode is Mode.FULL
    floor.rules(rules(agent("ana", "201")), at(1))
    assert "q" not in floor.queues
    floor.rules(book, at(2))
    assert floor.queues["q"].mode is Mode.FULL
    floor.rules(rules(), at(3))
    assert said(floor.deadline_reached(at(60))) == ["q: open"]
    floor.rules(book, at(61))
    assert floor.queues["q"].mode is Mode.OPEN
    late = Floor(book, at(70), (), (kept,))
    assert said(late.deadline_reached(at(70))) == ["q: open"]


def test_a_queue_that_the_rules_do_not_have_has_no_mode() -> None:
    shift = busy()
    for name in ("none", "old"):
        shift.join(4, "c9", "old")
        with pytest.raises(KeyError):
            shift.mode(5, Mode.FULL, 60, name)


def test_it_is_on_the_board() -> None:
    shift = busy()
    shift.mode(10, Mode.FULL, 600)
    row = queue_rows(shift.floor, at(11))[0]
    assert (row["mode"], row["until"], row["by"]) == ("full", at(600).isoformat(), "maria")
    shift.wait(600)
    row = queue_rows(shift.floor, at(601))[0]
    assert (row["mode"], row["until"], row["by"]) == ("open", None, "")


def test_the_alarm_knows_modes() -> None:
    metrics = Metrics()
    meter, shift = QueueMeter(metrics), Shift(queue("q"), queue("r"), agent("ana", "201", q=0, r=0))

    def ask(seconds: float, call: str, command: JoinQueue | LeaveQueue) -> None:
        meter.asked(shift.floor, call, command, at(seconds))
        shift.do(seconds, call, command)

    shift.floor.pause("ana", at(0), "lunch")
    ask(0, "c1", JoinQueue("r", at(0)))
    shift.mode(1, Mode.CLOSED, 600)
    ask(2, "b1", JoinQueue("q", at(2), callback=True))
    ask(2, "c2", JoinQueue("q", at(2)))
    ask(2, "c2", LeaveQueue("q"))
    ask(3, "c1", JoinQueue("q", at(3)))  # from another queue
    shift.floor.unpause("ana", at(4))
    assert shift.state("ana") == "free"
    assert [meter.look(shift.floor, (), at(n)) for n in (5, 6, 7)] == [[], [], []]
    value = metrics.registry.get_sample_value
    assert value("clinicpbx_queue_turned_away_total", {"queue": "q"}) == 2
    assert [value("clinicpbx_queue_mode", {"queue": "q", "mode": mode.value}) for mode in Mode] == [0, 0, 1]
