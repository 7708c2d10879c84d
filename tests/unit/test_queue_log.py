"""queue_log in app_queue's words: what the queues are asked, and the rows it makes."""

from datetime import datetime

import pytest

from clinicpbx.adapters.metrics import Metrics
from clinicpbx.core.acd.floor import Floor
from clinicpbx.core.acd.queue_log import Row, Transferred
from clinicpbx.core.acd.results import AgentStateChanged
from clinicpbx.core.commands import (
    JoinQueue,
    LeaveQueue,
    QueueCommand,
    ReturnOffer,
    TakeOffer,
    ToggleLogin,
    TogglePause,
)
from clinicpbx.core.rulebook import AgentRules, QueueRules
from clinicpbx.daemon.queue_meter import QueueMeter
from clinicpbx.daemon.queue_runtime import QueueRuntime
from tests.support.floors import START, Written, agent, at, queue, queue_logger, rules

pytestmark = pytest.mark.unit

NUMBER = "+12075550142"
ENTERED = f"NONE|ENTERQUEUE||{NUMBER}"


class Logged:
    """A runtime as the daemon has it; its agents are logged in at their phones, unless told otherwise."""

    def __init__(self, *entries: QueueRules | AgentRules, logged_in: bool = True) -> None:
        self.book = rules(*(entries or (queue("q"), agent("ana", "201", q=0))))
        kept = [AgentStateChanged(name, logged_in, "", START) for name in self.book.agents]
        self.floor, self.written, self.now = Floor(self.book, START, kept), Written(), START
        seen_by = QueueMeter(Metrics()), queue_logger(self.floor, self.written, self.clock)
        self.runtime = QueueRuntime(self.floor, self.clock, lambda *heard: None, self, lambda: None, *seen_by)
        self.runtime.snapshot({agent.phone: (True, 0) for agent in self.book.agents.values()}, START)

    def clock(self) -> datetime:
        return self.now

    def keep(self, state: AgentStateChanged) -> None:
        pass

    def fact(self, *said: object) -> None:
        pass

    def do(self, seconds: float, call: str, *commands: QueueCommand) -> list[str]:
        self.now = at(seconds)
        for command in commands:
            self.runtime.perform(call, command, self.now)
        return self.said()

    def join(self, seconds: float, call: str = "c1", queue: str = "q", priority: int = 0) -> list[str]:
        return self.do(seconds, call, JoinQueue(queue, at(seconds), priority))

    def talk(self, call: str = "c1") -> None:
        """In the queue from 0, with Ana from 7 on; her channel is a1."""
        self.join(0, call)
        self.do(7, call, TakeOffer("q", "201", "a1"))
        self.runtime.phone_channels("201", 1, at(7))

    def hung_up(self, seconds: float, channel: str) -> None:
        self.runtime.hung_up(channel, at(seconds))

    def gone(self, seconds: float, call: str = "c1") -> list[str]:
        self.now = at(seconds)
        self.runtime.call_gone(call, self.now)
        return self.said()

    def look(self, seconds: float) -> list[str]:
        self.now = at(seconds)
        self.runtime.look(())
        return self.said()

    def said(self) -> list[str]:
        """The rows since it was last asked."""
        lines, self.written.lines = self.written.lines, []
        return lines


async def test_a_call_that_is_answered_and_ended_by_the_agent() -> None:
    log = Logged()
    assert log.join(0) == [f"c1|q|{ENTERED}|1"]
    assert log.do(7.9, "c1", TakeOffer("q", "201", "a1")) == ["c1|q|ana|CONNECT|7|a1|7"]
    log.hung_up(60.2, "a1")
    log.hung_up(60.3, "c1")
    assert log.gone(60.4) == ["c1|q|ana|COMPLETEAGENT|7|53|1"]
    assert log.gone(61) == []


async def test_the_first_to_hang_up_has_ended_the_call() -> None:
    log = Logged()
    log.talk()
    log.hung_up(20, "other")
    log.hung_up(21, "c1")
    log.hung_up(21, "a1")
    log.said()
    assert log.gone(21) == ["c1|q|ana|COMPLETECALLER|7|14|1"]


async def test_seconds_are_counted_as_the_clock_shows_them() -> None:
    log = Logged()
    log.join(0.9)
    assert log.do(2.1, "c1", TakeOffer("q", "201", "a1"))[-1] == "c1|q|ana|CONNECT|2|a1|1"


async def test_who_gives_up_abandons_and_a_ringing_phone_is_cancelled() -> None:
    log = Logged()
    log.join(0)
    log.join(1, "c2")
    log.join(2, "c3")
    log.said()
    assert log.do(3, "c3", LeaveQueue("q")) == ["c3|q|NONE|ABANDON|3|3|1"]
    assert log.gone(5.5, "c2") == ["c2|q|NONE|ABANDON|2|2|4"]
    assert log.gone(6.5) == ["c1|q|ana|RINGCANCELED|6500", "c1|q|NONE|ABANDON|1|1|6"]


async def test_positions_count_who_is_being_rung_and_follow_priority() -> None:
    log = Logged()
    log.join(0)
    assert log.join(1, "c2") == [f"c2|q|{ENTERED}|2"]
    assert log.join(2, "urgent", priority=5) == [f"urgent|q|{ENTERED}|1"]
    assert log.do(30, "c2", LeaveQueue("q", "overflow")) == ["c2|q|NONE|EXITWITHTIMEOUT|3|2|29"]


async def test_a_phone_that_does_not_take_the_call_is_named() -> None:
    log = Logged(queue("q", "ringall"), agent("ana", "201", q=0), agent("ben", "202", q=0))
    log.join(0)
    log.said()
    rang = log.do(20, "c1", ReturnOffer("q", "NOANSWER"))
    assert rang == ["c1|q|ana|RINGNOANSWER|20000", "c1|q|ben|RINGNOANSWER|20000"]


@pytest.mark.parametrize(("status", "rows"), [("BUSY", 1), ("CONGESTION", 1), ("CHANUNAVAIL", 0), ("FAILED", 0)])
async def test_a_phone_that_never_rang_is_not_named(status: str, rows: int) -> None:
    log = Logged()
    log.join(0)
    log.said()
    assert log.do(0.25, "c1", ReturnOffer("q", status)) == ["c1|q|ana|RINGNOANSWER|250"][:rows]


@pytest.mark.parametrize(
    ("why", "row"),
    [("overflow", "EXITWITHTIMEOUT|1|1|9"), ("unstaffed", "EXITEMPTY|1|1|9"), ("9", "EXITWITHKEY|9|1|1|9")],
)
async def test_a_caller_leaves_for_a_reason(why: str, row: str) -> None:
    log = Logged()
    log.join(0)
    log.said()
    assert log.do(9, "c1", LeaveQueue("other"), LeaveQueue("q", why), LeaveQueue("q", why)) == [f"c1|q|NONE|{row}"]
    assert log.gone(10) == []


async def test_a_caller_who_asks_again_has_not_entered_again() -> None:
    log = Logged()
    log.join(0)
    assert log.do(3, "c1", JoinQueue("q", at(0), 3, anew=True))[1:] == []


async def test_a_call_back_is_no_caller() -> None:
    log = Logged()
    log.do(0, "b1", JoinQueue("q", at(0), callback=True))
    assert log.do(5, "b1", ReturnOffer("q", "NOANSWER"), TakeOffer("q", "201"), LeaveQueue("q")) == []
    assert log.join(6) == [f"c1|q|{ENTERED}|1"]


async def test_a_transfer_ends_the_agents_part() -> None:
    log = Logged()
    log.talk()
    log.said()
    log.now = at(30)
    log.written.hear(Transferred("other", "a2", "BLINDTRANSFER", ("203", "cpbx-phones")))
    log.written.hear(Transferred("", "a1", "BLINDTRANSFER", ("203", "cpbx-phones")))
    assert log.said() == ["c1|q|ana|BLINDTRANSFER|203|cpbx-phones|7|23|1"]
    log.hung_up(50, "c1")
    assert log.gone(50) == []


async def test_the_word_of_a_transfer_may_come_after_the_call_came_in_anew() -> None:
    log = Logged()
    log.talk()
    log.said()
    assert log.gone(30) == []
    assert log.join(30, "c1") == [f"c1|q|{ENTERED}|1"]
    log.written.hear(Transferred("c1", "a1", "ATTENDEDTRANSFER", ("BRIDGE", "b")))
    assert log.said() == ["c1|q|ana|ATTENDEDTRANSFER|BRIDGE|b|7|23|1"]
    assert log.look(40) == []


async def test_a_talk_whose_end_nobody_explains_is_over_a_second_later() -> None:
    log = Logged()
    log.talk()
    log.said()
    assert log.gone(30) == []
    assert log.look(30.5) == []
    assert log.look(31) == ["c1|q|ana|COMPLETECALLER|7|23|1"]
    assert log.look(32) == []


async def test_agents_come_pause_and_go() -> None:
    log = Logged(queue("p"), queue("q"), agent("ana", "201", q=0, p=1), agent("ben", "202", q=0), logged_in=False)
    log.runtime.log_in("ana")
    assert log.said() == ["CLI|p|ana|ADDMEMBER|", "CLI|q|ana|ADDMEMBER|"]
    log.runtime.pause("ana", "lunch")
    assert log.said() == ["NONE|NONE|ana|PAUSEALL|lunch", "NONE|p|ana|PAUSE|lunch", "NONE|q|ana|PAUSE|lunch"]
    log.runtime.unpause("ana")
    assert log.said() == ["NONE|NONE|ana|UNPAUSEALL|", "NONE|p|ana|UNPAUSE|", "NONE|q|ana|UNPAUSE|"]
    log.runtime.pause("ana")
    assert log.said()[0] == "NONE|NONE|ana|PAUSEALL|"
    log.runtime.join_queue("ana", "p", 3)
    assert log.said() == []
    log.runtime.leave_queue("ana", "p")
    assert log.said() == ["CLI|p|ana|REMOVEMEMBER|"]
    log.runtime.join_queue("ana", "p", 3)
    assert log.said() == ["CLI|p|ana|ADDMEMBER|PAUSED"]
    log.runtime.log_out("ana")
    assert log.said() == ["CLI|p|ana|REMOVEMEMBER|", "CLI|q|ana|REMOVEMEMBER|"]


async def test_a_code_dialled_names_the_call_that_dialled_it() -> None:
    log = Logged(logged_in=False)
    assert log.do(1, "code", ToggleLogin("201")) == ["code|q|ana|ADDMEMBER|"]
    assert log.do(2, "code", TogglePause("201", "lunch"))[1] == "NONE|q|ana|PAUSE|lunch"
    assert log.do(3, "code", TogglePause("201", "tea"))[1] == "NONE|q|ana|PAUSE|tea"


async def test_a_pause_that_nobody_made_is_app_queues_own() -> None:
    log = Logged(queue("q", pause_after_misses=1), agent("ana", "201", q=0))
    log.join(0)
    log.said()
    rows = log.do(20, "c1", ReturnOffer("q", "NOANSWER"))
    assert rows == ["c1|q|ana|RINGNOANSWER|20000", "NONE|NONE|ana|PAUSEALL|Auto-Pause", "NONE|q|ana|PAUSE|Auto-Pause"]


async def test_new_rules_change_members_as_a_database_does() -> None:
    log = Logged()
    log.runtime.rules(rules(queue("p"), queue("q"), agent("ana", "201", p=0)))
    assert log.said() == ["REALTIME|p|ana|ADDMEMBER|", "REALTIME|q|ana|REMOVEMEMBER|"]


async def test_after_a_restart_calls_end_as_they_began() -> None:
    log = Logged()
    log.runtime.restore("waits", JoinQueue("q", at(-30)))
    log.runtime.restore("b1", JoinQueue("q", at(-40), callback=True))
    log.runtime.restore_talk("of an older journal", TakeOffer("q", "201"), at(-90), at(-80))
    log.runtime.restore_talk("talks", TakeOffer("q", "201", "a1"), at(-60), at(-50))
    assert log.said() == []
    log.hung_up(10, "a1")
    assert log.gone(10, "talks") == ["talks|q|ana|COMPLETEAGENT|10|60|1"]
    assert log.gone(15, "waits") == ["waits|q|NONE|ABANDON|1|1|45"]
    assert log.gone(16, "b1") == []


async def test_a_mistake_in_the_log_is_no_mistake_of_the_queues(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Logged()

    def broken(rows: object) -> None:
        raise KeyError(NUMBER)

    monkeypatch.setattr(log.written, "write", broken)
    assert log.join(0) == []
    assert log.runtime.calls() == ["c1"]


def test_numbers_are_not_in_the_words_of_a_row() -> None:
    assert NUMBER not in repr(Row("q", "c1", "NONE", "ENTERQUEUE", ("", NUMBER, "1")))
    assert NUMBER not in repr(Transferred("c1", "a1", "BLINDTRANSFER", (NUMBER, "x")))
