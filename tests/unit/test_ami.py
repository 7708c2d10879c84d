"""AMI is a hint: guards against a library that forgives too much and callers who forge events."""

import asyncio
from collections.abc import Callable

import pytest

from clinicpbx.adapters.ami.decode import Heard, channels, heard
from clinicpbx.adapters.ami.link import AmiLink, AmiRefused, checked
from clinicpbx.errors import NotReachable
from tests.support.ami_peer import peer, success, until

pytestmark = pytest.mark.unit


def link(
    port: int, hear: Callable[[Heard], None] = lambda _: None, secret: str = "right", deadline: float = 5.0
) -> AmiLink:
    made = AmiLink("127.0.0.1", port, "listener", secret, hear)
    made.deadline, made.ping_seconds = deadline, 0.01
    return made


def test_hints_are_known_events_only() -> None:
    assert heard({"Event": "Hangup"}) is Heard.WAKE_UP
    assert heard({"Event": "FullyBooted"}) is Heard.RESTARTED
    assert heard({"Event": "Cdr"}) is None
    assert heard({}) is None


def test_channels_must_be_as_many_as_the_answer_says() -> None:
    rows: list[dict[str, object]] = [{"Event": "CoreShowChannel", "Uniqueid": "a.1"}]
    done: dict[str, object] = {"Event": "CoreShowChannelsComplete", "ListItems": "1"}
    assert channels([*rows, done]) == {"a.1"}
    assert channels(rows) is None
    assert channels([{"Event": "CoreShowChannel"}, done]) is None
    assert channels([*rows, {"Event": "CoreShowChannel", "Uniqueid": "forged.1"}, done]) is None
    assert channels([{"Event": "CoreShowChannelsComplete", "ListItems": "0"}]) == frozenset()


@pytest.mark.parametrize("value", ["a\r\nAction: Command", "a\nb", "a\rb", "a\0b"])
def test_a_line_end_in_a_value_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="'secret'") as caught:
        checked({"secret": value})
    assert value not in str(caught.value)
    with pytest.raises(ValueError, match="line end"):
        AmiLink("127.0.0.1", 1, "listener", value, lambda _: None)


async def test_a_wrong_password_is_said() -> None:
    def refuse(request: dict[str, str]) -> list[str]:
        return [f"Response: Error\r\nActionID: {request['ActionID']}\r\nMessage: Authentication failed"]

    async with peer(refuse) as asterisk:
        with pytest.raises(AmiRefused, match=r"refused.*ami\.secret") as caught:
            await link(asterisk.port, secret="hunter2").run()
        assert "hunter2" not in str(caught.value)
        assert caught.value.exit_code == 77


async def test_nobody_there_is_said() -> None:
    async with peer() as asterisk:
        port = asterisk.port
    with pytest.raises(NotReachable, match="does not answer"):
        await link(port).run()


async def test_a_callback_that_raises_does_not_end_the_link() -> None:
    calls = []

    def faulty(what: Heard) -> None:
        calls.append(what)
        raise KeyError("a bug")

    async with peer() as asterisk:
        made = link(asterisk.port, faulty)
        running = asyncio.create_task(made.run())
        await until(lambda: len(asterisk.requests) > 1)
        asterisk.say("Event: Hangup\r\nUniqueid: a.1", "Event: Hangup\r\nUniqueid: a.2")
        await until(lambda: len(calls) == 2)
        pings = len(asterisk.requests)
        await until(lambda: len(asterisk.requests) > pings + 1)
        assert not running.done()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_dead_peer_is_noticed() -> None:
    def login_only(request: dict[str, str]) -> list[str]:
        return success(request) if request["Action"] == "Login" else []

    async with peer(login_only) as asterisk:
        with pytest.raises(NotReachable, match="does not answer"):
            await asyncio.wait_for(link(asterisk.port, deadline=0.1).run(), 2)


async def test_a_closed_connection_is_said_and_not_opened_again_by_the_library() -> None:
    async with peer() as asterisk:
        running = asyncio.create_task(link(asterisk.port).run())
        await until(lambda: len(asterisk.requests) > 1)
        asterisk.writers[-1].close()
        with pytest.raises(NotReachable):
            await running
        assert len(asterisk.writers) == 1


async def test_live_channels_are_asked_for() -> None:
    def answer(request: dict[str, str]) -> list[str]:
        if request["Action"] != "CoreShowChannels":
            return success(request)
        same = f"ActionID: {request['ActionID']}"
        return [
            f"Response: Success\r\n{same}\r\nEventList: start\r\nMessage: Channels will follow",
            f"Event: CoreShowChannel\r\n{same}\r\nUniqueid: a.1",
            f"Event: CoreShowChannel\r\n{same}\r\nUniqueid: a.2",
            f"Event: CoreShowChannelsComplete\r\n{same}\r\nEventList: Complete\r\nListItems: 2",
        ]

    async with peer(answer) as asterisk:
        made = link(asterisk.port)
        assert await made.alive() is None
        running = asyncio.create_task(made.run())
        await until(lambda: len(asterisk.requests) > 1)
        assert await made.alive() == {"a.1", "a.2"}
        asterisk.answer = lambda request: []
        made.deadline = 0.1
        assert await made.alive() is None
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
