"""The connection that writes queue_log: nothing waits for it, no connection's end loses a row, room is bounded."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from clinicpbx.adapters.ami import queue_log
from clinicpbx.adapters.ami.decode import transferred
from clinicpbx.adapters.ami.queue_log import QueueLogLink
from clinicpbx.core.acd.queue_log import Row, Transferred
from tests.support.ami_peer import Peer, peer, success, until

pytestmark = pytest.mark.unit

BLIND = {
    "Event": "BlindTransfer",
    "Result": "Success",
    "TransfererUniqueid": "a1",
    "TransfereeUniqueid": "c1",
    "Context": "cpbx-phones",
    "Extension": "202",
}
ATTENDED = {
    "Event": "AttendedTransfer",
    "Result": "Success",
    "OrigTransfererUniqueid": "a1",
    "TransfereeUniqueid": "c1",
    "DestBridgeUniqueid": "b",
    "DestApp": "Queue",
    "LocalOneChannel": "Local/1",
    "LocalTwoChannel": "Local/2",
}


class Watched:
    def __init__(self, port: int) -> None:
        self.lost = 0
        self.heard: list[Transferred] = []
        self.link = QueueLogLink("127.0.0.1", port, lambda: "right", self._lose)
        self.link.hear = self.heard.append
        self.link.deadline, self.link.pause = 0.2, 0.01

    def _lose(self) -> None:
        self.lost += 1

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.link.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def row(n: int = 1, *fields: str) -> Row:
    return Row("desk", f"c{n}", "ana", "CONNECT", fields)


def written(asterisk: Peer) -> list[str]:
    """The calls of the rows that came, in order."""
    return [request["Uniqueid"] for request in asterisk.requests if request["Action"] == "QueueLog"]


async def test_a_row_is_an_action() -> None:
    async with peer() as asterisk:
        watched = Watched(asterisk.port)
        watched.link.write([row(1, "3", "a1", "2")])
        async with watched.running():
            await until(lambda: len(asterisk.requests) == 2)
            assert asterisk.requests == [
                {"Action": "Login", "Username": "queuelog", "Secret": "right"},
                {
                    "Action": "QueueLog",
                    "Queue": "desk",
                    "Event": "CONNECT",
                    "Uniqueid": "c1",
                    "Interface": "ana",
                    "Message": "3|a1|2",
                },
            ]
            watched.link.write([row(2), row(3)])
            await until(lambda: written(asterisk) == ["c1", "c2", "c3"])
        assert watched.lost == 0


@pytest.mark.parametrize(
    "forged", ["x\r\nAction: Command", "x\nAction: Command", "x|Action: Command", "x\0y\x85z\u2028"]
)
async def test_nothing_in_a_field_begins_another(forged: str) -> None:
    async with peer() as asterisk:
        watched = Watched(asterisk.port)
        watched.link.write([Row(forged, forged, forged, forged, (forged, "end"))])
        async with watched.running():
            await until(lambda: len(asterisk.requests) == 2)
        sent = asterisk.requests[1]
        assert list(sent) == ["Action", "Queue", "Event", "Uniqueid", "Interface", "Message"]
        assert sent["Message"].count("|") == 1
        assert all(char.isprintable() for value in sent.values() for char in value)


async def test_rows_wait_for_a_connection_and_survive_its_end() -> None:
    async with peer() as asterisk:
        watched = Watched(asterisk.port)
        async with watched.running():
            await until(lambda: len(asterisk.requests) == 1)
            asterisk.answer = lambda request: []
            watched.link.write([row(1), row(2)])
            await until(lambda: written(asterisk) == ["c1", "c2"])
            asterisk.answer = success
            asterisk.writers[-1].close()
            await until(lambda: written(asterisk) == ["c1", "c2", "c1", "c2"])
            watched.link.write([row(3)])
            await until(lambda: written(asterisk)[4:] == ["c3"])
        assert watched.lost == 0


async def test_an_asterisk_that_stops_answering_is_left() -> None:
    async with peer() as asterisk:
        watched = Watched(asterisk.port)
        async with watched.running():
            await until(lambda: len(asterisk.requests) == 1)
            asterisk.answer = lambda request: success(request) if request["Action"] == "Login" else []
            watched.link.write([row(1)])
            await until(lambda: len(asterisk.writers) > 1)
            asterisk.answer = success
            await until(lambda: len(written(asterisk)) > 1)


async def test_a_quiet_connection_is_kept() -> None:
    async with peer() as asterisk:
        watched = Watched(asterisk.port)
        watched.link.deadline = 0.01
        async with watched.running():
            watched.link.write([row(1)])
            await until(lambda: written(asterisk) == ["c1"])
            await until(lambda: not watched.link._rows)
            turns = iter(range(50))
            await until(lambda: next(turns, None) is None)
            assert len(asterisk.writers) == 1


async def test_a_row_has_the_whole_deadline_to_be_answered() -> None:
    async with peer() as asterisk:
        watched = Watched(asterisk.port)
        wire = queue_log._Wire(lambda done: None, lambda event: None)
        watched.link.deadline = 0.05
        loop = asyncio.get_running_loop()
        begun = loop.time()
        loop.call_later(0.03, setattr, watched.link, "_sent", 1)
        await watched.link._watch(wire)
        assert loop.time() - begun >= 0.03 + watched.link.deadline


async def test_room_is_bounded_and_what_is_given_up_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_log, "MOST", 3)
    async with peer() as asterisk:
        watched = Watched(asterisk.port)
        watched.link.write(row(n) for n in range(5))
        assert watched.lost == 2
        async with watched.running():
            await until(lambda: written(asterisk) == ["c2", "c3", "c4"])


async def test_so_many_are_on_their_way_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_log, "AT_ONCE", 2)
    async with peer() as asterisk:
        asterisk.answer = lambda request: success(request) if request["Action"] == "Login" else []
        watched = Watched(asterisk.port)
        watched.link.write(row(n) for n in range(5))
        async with watched.running():
            await until(lambda: len(written(asterisk)) == 2)
            asterisk.answer = success
            asterisk.say("Response: Success\r\nMessage: fine")
            await until(lambda: written(asterisk) == ["c0", "c1", "c2"])
            asterisk.say("Response: Error\r\nMessage: Permission denied")
            await until(lambda: written(asterisk) == ["c0", "c1", "c2", "c3", "c4"])
            assert watched.lost == 1


@pytest.mark.parametrize("reason", ["refused", "unreadable", "away"])
async def test_without_a_login_rows_wait(reason: str, caplog: pytest.LogCaptureFixture) -> None:
    def refuse(request: dict[str, str]) -> list[str]:
        return ["Response: Error\r\nMessage: Authentication failed"]

    def unreadable() -> str:
        raise FileNotFoundError("queuelog.secret")

    async with peer(refuse if reason == "refused" else success) as asterisk:
        watched = Watched(1 if reason == "away" else asterisk.port)
        if reason == "unreadable":
            watched.link._secret = unreadable
        watched.link.write([row()])
        async with watched.running():
            turns = iter(range(200))
            await until(lambda: next(turns, None) is None)
        assert (written(asterisk), watched.lost) == ([], 0)


async def test_transfers_are_heard_and_a_flood_is_not_kept() -> None:
    async with peer() as asterisk:
        watched = Watched(asterisk.port)
        async with watched.running():
            await until(lambda: len(asterisk.requests) == 1)
            asterisk.say("\r\n".join(f"{key}: {value}" for key, value in BLIND.items()))
            asterisk.say("Event: Hangup\r\nResult: Success")
            await until(lambda: watched.heard)
            asterisk.say("Event: " + "x" * queue_log.LONGEST * 2)
            asterisk.writers[-1].write(b"x" * queue_log.LONGEST * 2)
            await until(lambda: len(asterisk.writers) > 1)
        assert watched.heard == [Transferred("c1", "a1", "BLINDTRANSFER", ("202", "cpbx-phones"))]


@pytest.mark.parametrize(
    ("event", "to"),
    [
        (BLIND, ("202", "cpbx-phones")),
        ({**ATTENDED, "DestType": "Bridge"}, ("BRIDGE", "b")),
        ({**ATTENDED, "DestType": "App"}, ("APP", "Queue")),
        ({**ATTENDED, "DestType": "Link"}, ("LINK", "Local/1", "Local/2")),
        ({**ATTENDED, "DestType": "Threeway"}, None),
        ({**ATTENDED, "DestType": "Fail"}, None),
        ({**BLIND, "Result": "Fail"}, None),
        ({"Event": "Hangup", "Result": "Success"}, None),
    ],
)
def test_transfers_by_the_words_of_queue_log(event: dict[str, Any], to: tuple[str, ...] | None) -> None:
    found = transferred(event)
    assert (found and (found.call, found.channel, found.to)) == (to and ("c1", "a1", to))
