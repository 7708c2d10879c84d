"""Events find their call, commands find their port, and one call's bug is nobody else's."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from clinicpbx.core.callflow.flow import Flow, Node
from clinicpbx.core.callflow.step import Result, Scene, Stay
from clinicpbx.core.commands import JoinQueue, LeaveQueue
from clinicpbx.core.events import DtmfReceived, Event
from clinicpbx.daemon.turn import GATHER
from tests.support.books import book, one_step
from tests.support.floors import START
from tests.support.shells import CALL, Shell, channel, destroyed, entered, key, played
from tests.support.virtual_loop import run

pytestmark = pytest.mark.unit

MENU = one_step("menu", prompt="menu", keys=("1",))


def test_a_call_enters_plays_and_ends(tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path, book(main=MENU))
        await shell.take(entered())
        assert shell.sent == [("POST", f"channels/{CALL}/play/{CALL}.1.1")]
        assert shell.committed_before_sent
        await shell.take(played(f"{CALL}.1.1"), key("1"))
        assert shell.sent[1:] == [("DELETE", f"channels/{CALL}")]
        assert shell.dispatcher.calls == {}
        assert shell.journal.open_calls() == []
        assert shell.counted("clinicpbx_calls_total", flow="main") == 1
        assert shell.counted("clinicpbx_calls_ended_total", outcome="informed") == 1

    run(story())


def test_silence_wakes_the_call_by_its_timer(tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path, book(main=MENU))
        await shell.take(entered(), played(f"{CALL}.1.1"))
        await asyncio.sleep(4.8)
        assert len(shell.sent) == 1
        await asyncio.sleep(0.2)
        assert shell.sent[1:] == [("POST", f"channels/{CALL}/play/{CALL}.1.2")]

    run(story())


def test_a_timer_of_an_earlier_deadline_does_not_fire(tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path, book(main=MENU))
        await shell.take(entered(), played(f"{CALL}.1.1"))
        await asyncio.sleep(4)
        await shell.take(key("9"))  # invalid: asked again
        await asyncio.sleep(4)
        assert [uri for _, uri in shell.sent] == [f"channels/{CALL}/play/{CALL}.1.{n}" for n in (1, 2)]

    run(story())


def test_many_events_of_a_turn_are_one_transaction(tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path, book(main=MENU))
        await shell.take(*(entered(f"clinic-1.{n}") for n in range(20)))
        assert len(shell.dispatcher.calls) == 20
        assert shell.counted("clinicpbx_journal_commit_seconds_count") == 1

    run(story())


def test_queue_and_mailbox_commands_go_to_their_runtimes(tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path, book(main=one_step("enqueue", queue="frontdesk")))
        await shell.take(entered())
        ((call, join),) = shell.queues.said
        assert (call, type(join)) == (CALL, JoinQueue)
        await shell.take(destroyed())
        said = [line for line in shell.queues.said if line[0] == CALL]
        assert isinstance(said[-1][1], LeaveQueue)
        assert shell.queues.said.index(("gone", CALL)) > shell.queues.said.index(said[-1]), "gone before it left"
        assert ("gone", CALL) in shell.mailboxes.said

    run(story())


def test_the_queues_hear_who_hung_up(tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path)
        await shell.take({"type": "ChannelHangupRequest", "channel": channel()})
        assert shell.queues.said == [("hung up", CALL)]

    run(story())


def test_a_call_that_is_over_joins_no_queue(tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path)
        shell.dispatcher.perform("over", JoinQueue("frontdesk", START), START)
        shell.dispatcher.perform("over", LeaveQueue("frontdesk"), START)
        assert [type(said) for _, said in shell.queues.said] == [LeaveQueue]

    run(story())


def test_a_recording_is_sealed_from_its_beginning(tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path, book(main=one_step("voicemail", mailbox="frontdesk")))
        await shell.take(entered(), played(f"{CALL}.1.1"))
        assert shell.mailboxes.said == [("recording", CALL, f"{CALL}.1.r")]
        shell.instance.recordings.mkdir(parents=True)
        (shell.instance.recordings / f"{CALL}.1.r.ulaw").write_bytes(b"\xff" * 24_000)
        failed = {"type": "RecordingFailed", "recording": {"name": f"{CALL}.1.r"}}
        await shell.take(failed)
        assert ("recorded", f"{CALL}.1.r") in shell.mailboxes.said
        (runtime,) = shell.dispatcher.calls.values()
        assert runtime.machine._state.seconds == 3, "what is in the file counts"

    run(story())


def test_a_refused_command_is_an_event(tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path, book(main=MENU))
        shell.status = 404
        await shell.take(entered())
        assert shell.dispatcher.calls == {}, "the channel is gone"
        assert shell.counted("clinicpbx_refusals_total", command="Play", why="gone") == 1

    run(story())


def test_a_flow_that_the_rules_do_not_have_goes_to_the_fallback(tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path, book(main=MENU))
        await shell.take(entered(flow="old"))
        assert shell.sent == [("POST", f"channels/{CALL}/continue")]
        assert shell.bodies == [{"context": "cpbx-fallback", "extension": "+12075550100", "priority": 1}]

    run(story())


@pytest.mark.parametrize("args", [["back", "BUSY"], ["what"], []])
def test_a_channel_without_a_call_goes_to_the_rescue_context(args: list[str], tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path)
        await shell.take({"type": "StasisStart", "args": args, "channel": channel()})
        assert shell.bodies == [{"context": "cpbx-rescue", "extension": "s"}]

    run(story())


def test_the_same_channel_entering_anew_ends_the_first_visit(tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path, book(main=MENU))
        await shell.take(entered())
        before = shell.dispatcher.calls[CALL]
        await shell.take(entered())
        assert before.over
        assert shell.dispatcher.calls[CALL] is not before
        assert len(shell.journal.open_calls()) == 1
        assert len(shell.journal.open_calls()[0].events) == 1

    run(story())


def test_a_call_taken_out_of_stasis_is_let_go(tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path, book(main=MENU))
        await shell.take(entered(), {"type": "StasisEnd", "channel": channel()})
        await asyncio.sleep(0.5)
        assert CALL in shell.dispatcher.calls, "a hang-up says so itself, a moment later"
        await asyncio.sleep(1)
        assert shell.dispatcher.calls == {}
        assert ("DELETE", f"channels/{CALL}") not in shell.sent

    run(story())


def test_endpoints_news_reaches_the_queues(tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path)
        phone = {"resource": "phone-201", "state": "online", "channel_ids": ["x"]}
        trunk = {"resource": "trunk-line", "state": "online", "channel_ids": []}
        for endpoint in (phone, trunk):
            await shell.take({"type": "EndpointStateChange", "endpoint": endpoint})
        assert shell.queues.said == [("reachable", "201", True), ("channels", "201", 1)]

    run(story())


def test_replaced(tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path)
        await shell.take({"type": "ApplicationReplaced"})
        assert shell.replaced == 1

    run(story())


@dataclass(frozen=True, slots=True)
class Fragile:
    """Breaks at the first key."""

    summary: ClassVar[str] = "breaks"

    def outcomes(self) -> frozenset[str]:
        return frozenset()

    def enter(self, scene: Scene, at: Any) -> Result:
        return Stay(_State(at))

    def handle(self, scene: Scene, state: Any, event: Event) -> Result:
        if isinstance(event, DtmfReceived):
            raise ZeroDivisionError(f"key {event.digit}")
        return Stay(state)


@dataclass(frozen=True, slots=True)
class _State:
    at: Any

    @property
    def deadline(self) -> Any:
        return self.at.replace(year=self.at.year + 1)


def test_a_bug_sends_its_own_call_to_the_fallback_and_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story() -> None:
        fragile = Flow("it", {"it": Node("fragile", Fragile(), {})})
        shell = Shell(tmp_path, book(main=fragile, other=MENU))
        await shell.take(entered(), entered("clinic-1.9", flow="other"))
        shell.sent.clear()
        await shell.take(key("7"), key("1", "clinic-1.9"))
        assert ("POST", f"channels/{CALL}/continue") in shell.sent
        assert {"context": "cpbx-fallback", "extension": "+12075550100", "priority": 1} in shell.bodies
        assert ("DELETE", "channels/clinic-1.9") in shell.sent, "the other call goes on"
        assert shell.journal.open_calls() == []
        assert ("gone", CALL) in shell.queues.said
        assert shell.counted("clinicpbx_bugs_total") == 1

    run(story())
    assert "key 7" not in capsys.readouterr().out, "what was keyed is not logged"


def test_a_bug_in_a_port_is_its_calls_alone(tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path, book(main=one_step("enqueue", queue="frontdesk")))
        shell.queues.said = None  # type: ignore[assignment]
        shell.dispatcher.queues = shell.mailboxes  # what it says at the end is heard
        shell.dispatcher.turn.perform = _breaks_once(shell)
        await shell.take(entered())
        assert shell.bodies[-1]["context"] == "cpbx-fallback"

    run(story())


def _breaks_once(shell: Shell) -> Any:
    broken: list[str] = []

    def perform(call: str, command: Any, at: Any) -> None:
        if not broken:
            broken.append(call)
            raise RuntimeError
        shell.dispatcher.perform(call, command, at)

    return perform


def test_a_message_that_makes_no_sense_is_passed_over(tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path, book(main=MENU))
        await shell.take({"type": "StasisStart"}, entered())
        assert CALL in shell.dispatcher.calls

    run(story())


def test_events_without_commands_gather_before_they_are_written(tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path, book(main=MENU))
        await shell.take(entered())
        commits = shell.counted("clinicpbx_journal_commit_seconds_count")
        shell.dispatcher.take(played(f"{CALL}.1.1"))
        await asyncio.sleep(GATHER / 2)
        assert shell.journal.waiting == 1
        await asyncio.sleep(GATHER)
        assert shell.journal.waiting == 0
        assert shell.counted("clinicpbx_journal_commit_seconds_count") == commits + 1

    run(story())


def test_a_call_that_is_sent_on_inside_is_no_other_call_of_the_caller(tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path, book(main=MENU))
        for entry, name in (("+12075550100", "c1"), ("300", "c1"), ("201", "c2"), ("+12075550100", "c3")):
            arrives = {"type": "StasisStart", "args": ["enter", "main", entry], "channel": {**channel(), "id": name}}
            await shell.take(arrives)
        calls = [shell.dispatcher.calls[name].arrived.earlier.calls for name in ("c1", "c2", "c3")]
        assert calls == [0, 0, 1]

    run(story())
