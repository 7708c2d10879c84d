"""After a gap: what is alive is adopted, what is gone is closed, who talks is left alone."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from clinicpbx.adapters.ari.client import Answer
from clinicpbx.core.events import DialAnswered
from clinicpbx.daemon.reconcile import LookRefused, look, rebuild, reconcile
from tests.support.books import book, one_step
from tests.support.shells import CALL, Shell, channel, entered, key, played
from tests.support.tape import T0
from tests.support.virtual_loop import run

pytestmark = pytest.mark.unit

MENU = one_step("menu", prompt="menu", keys=("1",))
QUEUE = one_step("enqueue", queue="frontdesk")
STASIS = {"context": "cpbx-arrive", "exten": "1", "app_name": "Stasis", "app_data": "clinicpbx,enter,main,1"}
DIALS = {"context": "cpbx-offer", "exten": "201", "app_name": "Dial", "app_data": "PJSIP/phone-201"}


class World:
    """What Asterisk would say is alive."""

    def __init__(self, shell: Shell, *channels: dict[str, Any], bridges: tuple[tuple[str, ...], ...] = ()) -> None:
        self._shell = shell
        self._answers: dict[str, Any] = {
            "channels": channels,
            "bridges": [{"channels": pair} for pair in bridges],
            "endpoints/PJSIP": [{"resource": "phone-201", "state": "online", "channel_ids": []}],
        }
        self.buffered: list[dict[str, Any]] = []
        self.deaf = False

    def request(self, method: str, uri: str, query: Mapping[str, str] | None = None, body: object = None) -> Any:
        answer = self._shell.request(method, uri, query, body)
        if method != "GET":
            return answer
        known = uri in self._answers and not self.deaf
        content = orjson.dumps(self._answers[uri]).decode() if known else ""
        future = self._shell._loop.create_future()
        future.set_result(Answer(200 if known else 0 if self.deaf else 404, content))
        return future

    def waiting(self) -> list[dict[str, Any]]:
        return self.buffered


async def go(shell: Shell, world: World) -> None:
    shell.sent.clear()
    shell.bodies.clear()
    await reconcile(world, shell.dispatcher, shell.metrics, shell.clock)  # type: ignore[arg-type]
    await shell.take()


async def restarted(folder: Path, *messages: dict[str, Any], main: Any = MENU) -> Shell:
    """A shell that heard *messages* and died, and the one after it."""
    before = Shell(folder, book(main=main))
    await before.take(*messages)
    before.journal.close()
    after = Shell(folder, book(main=main))
    rebuild(after.dispatcher, after.journal)
    return after


def test_a_waiting_caller_hears_the_prompt_again(tmp_path: Path) -> None:
    async def story() -> None:
        shell = await restarted(tmp_path, entered())
        await go(shell, World(shell, channel(dialplan=STASIS)))
        assert ("POST", f"channels/{CALL}/play/{CALL}.1.2") in shell.sent
        assert ("snapshot", {"201": (True, 0)}) in shell.queues.said
        assert shell.counted("clinicpbx_adopted_calls_total", how="adopted") == 1

    run(story())


def test_rebuilding_asks_for_nothing_and_notes_nothing_twice(tmp_path: Path) -> None:
    async def story() -> None:
        shell = await restarted(tmp_path, entered(), key("9"))
        assert shell.sent == []
        facts = shell.journal._db.execute("SELECT kind FROM fact").fetchall()
        assert facts == [("arrived",), ("step",)]

    run(story())


def test_a_call_that_is_gone_is_closed(tmp_path: Path) -> None:
    async def story() -> None:
        shell = await restarted(tmp_path, entered())
        await go(shell, World(shell))
        assert shell.dispatcher.calls == {}
        assert shell.journal.open_calls() == []
        kinds = [kind for (kind,) in shell.journal._db.execute("SELECT kind FROM fact ORDER BY id")]
        assert kinds[-1] == "ended"

    run(story())


def test_a_stranger_in_stasis_goes_to_the_rescue_context(tmp_path: Path) -> None:
    async def story() -> None:
        shell = await restarted(tmp_path)
        other = {"app_name": "Stasis", "app_data": "another,app"}
        await go(shell, World(shell, channel(dialplan=STASIS), channel("x", dialplan=other), channel("y")))
        assert [line for line in shell.sent if line[0] == "POST"] == [("POST", f"channels/{CALL}/continue")]
        assert {"context": "cpbx-rescue", "extension": "s"} in shell.bodies

    run(story())


def test_a_caller_whose_arrival_is_still_in_the_buffer_is_no_stranger(tmp_path: Path) -> None:
    async def story() -> None:
        shell = await restarted(tmp_path)
        world = World(shell, channel(dialplan=STASIS))
        world.buffered = [entered()]
        await go(shell, world)
        assert [line for line in shell.sent if line[0] == "POST"] == []

    run(story())


async def offered(folder: Path) -> Shell:
    """A call that was sent to the dialplan's Dial when the daemon died."""
    from clinicpbx.core.events import OfferMade

    before = Shell(folder, book(main=QUEUE))
    await before.take(entered())
    before.dispatcher.deliver(CALL, OfferMade(at=before.clock(), queue="frontdesk", phones=("201",)))
    await before.take()
    assert before.sent[-1] == ("POST", f"channels/{CALL}/continue")
    before.journal.close()
    after = Shell(folder, book(main=QUEUE))
    rebuild(after.dispatcher, after.journal)
    return after


def test_an_offered_call_keeps_its_offer(tmp_path: Path) -> None:
    async def story() -> None:
        shell = await offered(tmp_path)
        assert shell.queues.said == [("restore", CALL, "frontdesk", ("201",))]
        await go(shell, World(shell, channel(dialplan=DIALS)))
        assert [line for line in shell.sent if line[0] != "GET"] == [], "it rings: nothing is done"
        assert CALL in shell.dispatcher.calls

    run(story())


def test_answered_meanwhile_the_talk_is_known_and_not_touched(tmp_path: Path) -> None:
    async def story() -> None:
        shell = await offered(tmp_path)
        phone = channel("p", "PJSIP/phone-201-00000001", dialplan={"app_name": "AppDial"})
        await go(shell, World(shell, channel(dialplan=DIALS), phone, bridges=((CALL, "p"),)))
        assert [line for line in shell.sent if line[0] != "GET"] == []
        taken = [line[1] for line in shell.queues.said if line[0] == CALL]
        assert [(type(command).__name__, command.phone) for command in taken] == [("TakeOffer", "201")]

    run(story())


def test_given_back_meanwhile_it_is_waiting_again(tmp_path: Path) -> None:
    async def story() -> None:
        shell = await offered(tmp_path)
        back = {**STASIS, "app_data": "clinicpbx,back,NOANSWER"}
        await go(shell, World(shell, channel(dialplan=back)))
        said = [type(line[1]).__name__ for line in shell.queues.said if line[0] == CALL]
        assert said == ["JoinQueue"]

    run(story())


def test_taken_to_the_fallback_by_the_rescuer_it_is_let_go(tmp_path: Path) -> None:
    async def story() -> None:
        shell = await restarted(tmp_path, entered())
        fallback = {"context": "cpbx-fallback", "exten": "1", "app_name": "Dial", "app_data": ""}
        await go(shell, World(shell, channel(dialplan=fallback)))
        assert shell.dispatcher.calls == {}
        assert [line for line in shell.sent if line[0] != "GET"] == []

    run(story())


def test_a_recording_that_ended_meanwhile_counts_with_what_it_holds(tmp_path: Path) -> None:
    async def story() -> None:
        voicemail = one_step("voicemail", mailbox="frontdesk", confirm_number=False)
        shell = await restarted(
            tmp_path,
            entered(),
            played(f"{CALL}.1.1"),
            main=voicemail,
        )
        shell.instance.recordings.mkdir(parents=True)
        (shell.instance.recordings / f"{CALL}.1.r.ulaw").write_bytes(b"\xff" * 16_000)
        await go(shell, World(shell, channel(dialplan=STASIS)))
        assert "KeepMessage" in [type(line[1]).__name__ for line in shell.mailboxes.said if line[0] == CALL]

    run(story())


def test_a_recording_in_progress_is_sealed_on_by_the_next_daemon(tmp_path: Path) -> None:
    async def story() -> None:
        voicemail = one_step("voicemail", mailbox="frontdesk", confirm_number=False)
        shell = await restarted(tmp_path, entered(), played(f"{CALL}.1.1"), main=voicemail)
        assert shell.mailboxes.said == [("recording", CALL, f"{CALL}.1.r")]

    run(story())


def test_a_message_that_is_kept_already_is_not_sealed_anew(tmp_path: Path) -> None:
    async def story() -> None:
        voicemail = one_step("voicemail", mailbox="frontdesk", confirm_number=False)
        ended = {"type": "RecordingFinished", "recording": {"name": f"{CALL}.1.r", "duration": 7}}
        shell = await restarted(tmp_path, entered(), played(f"{CALL}.1.1"), ended, main=voicemail)
        assert shell.mailboxes.said == []

    run(story())


def test_rules_that_are_gone(tmp_path: Path) -> None:
    async def story() -> None:
        shell = await restarted(tmp_path, entered())
        bare = Shell(tmp_path)
        bare.rules.books.clear()
        rebuild(bare.dispatcher, bare.journal)
        assert bare.dispatcher.calls == {}
        assert bare.journal.open_calls() == []
        await go(bare, World(bare, channel(dialplan=STASIS)))
        assert {"context": "cpbx-rescue", "extension": "s"} in bare.bodies
        assert shell

    run(story())


def test_an_asterisk_that_does_not_say(tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path)
        world = World(shell)
        world.deaf = True
        with pytest.raises(LookRefused):
            await look(world)  # type: ignore[arg-type]

    run(story())


def test_a_talk_of_before_the_restart_keeps_its_times(tmp_path: Path) -> None:
    async def story() -> None:
        before = await offered(tmp_path)
        at = before.clock() + timedelta(seconds=7)
        before.dispatcher.deliver(CALL, DialAnswered(at=at, phone="201", channel="p"))
        await before.take()
        before.journal.close()
        after = Shell(tmp_path, book(main=QUEUE))
        rebuild(after.dispatcher, after.journal)
        assert after.queues.said == [("talks", CALL, "201", 0.0, (at - T0).total_seconds())]

    run(story())
