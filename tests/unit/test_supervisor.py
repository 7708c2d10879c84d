"""The heart beats once a second while calls may come, and a beat without an answer ends the connection."""

import asyncio
from collections.abc import Mapping

import pytest

from clinicpbx.adapters.ari.client import Answer
from clinicpbx.adapters.metrics import Metrics
from clinicpbx.daemon import supervisor as module
from clinicpbx.daemon.supervisor import Supervisor
from tests.support.virtual_loop import run

pytestmark = pytest.mark.unit


class Connection:
    def __init__(self, status: int = 204) -> None:
        self.status, self.beats, self.dropped = status, [], ""
        self.values: list[dict[str, str]] = []

    def request(
        self, method: str, uri: str, query: Mapping[str, str] | None = None, body: object = None
    ) -> asyncio.Future[Answer]:
        self.beats.append((method, uri))
        assert isinstance(body, dict)
        self.values.append(body)
        answer = asyncio.get_running_loop().create_future()
        answer.set_result(Answer(self.status))
        return answer

    def drop(self, why: str) -> None:
        self.dropped = why


async def beating(supervisor: Supervisor, seconds: float) -> None:
    task = asyncio.create_task(supervisor.run())
    await asyncio.sleep(seconds)
    task.cancel()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    told: list[str] = []
    monkeypatch.setattr(module, "notify", lambda *states: told.extend(states))
    return told


def test_beats_every_second_while_connected(told: list[str]) -> None:
    async def story() -> None:
        connection, chores = Connection(), []
        supervisor = Supervisor(Metrics(), lambda: connection, lambda: chores.append(1))
        await beating(supervisor, 4.5)
        assert connection.beats == [("POST", "asterisk/variable")] * 5
        assert {each["variable"] for each in connection.values} == {"CPBX_HB"}
        assert all(each["value"].isdigit() for each in connection.values)
        assert len(chores) == 5
        assert supervisor.healthy
        assert supervisor.heartbeat

    run(story())
    assert told.count("READY=1") == 1
    assert told.count("WATCHDOG=1") == 4


def test_no_beat_and_no_ready_without_asterisk(told: list[str]) -> None:
    async def story() -> None:
        supervisor = Supervisor(Metrics(), lambda: None, lambda: None)
        await beating(supervisor, 3.5)
        assert not supervisor.healthy

    run(story())
    assert "READY=1" not in told
    assert "WATCHDOG=1" not in told


def test_the_watchdog_is_fed_while_asterisk_is_away(told: list[str]) -> None:
    async def story() -> None:
        found: list[Connection | None] = [Connection()]
        supervisor = Supervisor(Metrics(), lambda: found[0], lambda: None)
        await beating(supervisor, 0.5)
        found[0] = None
        told.clear()
        await beating(supervisor, 2.5)
        assert told.count("WATCHDOG=1") == 3

    run(story())


def test_two_beats_without_an_answer_drop_the_connection() -> None:
    async def story() -> None:
        connection = Connection(status=0)
        supervisor = Supervisor(Metrics(), lambda: connection, lambda: None)
        await beating(supervisor, 0.5)
        assert not connection.dropped
        await beating(supervisor, 0.5)
        assert connection.dropped

    run(story())


def test_a_late_loop_is_not_healthy() -> None:
    async def story() -> None:
        connection = Connection()
        supervisor = Supervisor(Metrics(), lambda: connection, lambda: None)
        supervisor._lag = module.SICK_LAG
        supervisor.beat()
        assert connection.beats == []
        assert not supervisor.healthy

    run(story())


def test_a_bug_in_the_chores_does_not_stop_the_heart() -> None:
    async def story() -> None:
        connection = Connection()
        supervisor = Supervisor(Metrics(), lambda: connection, lambda: 1 // 0)
        await beating(supervisor, 2.5)
        assert len(connection.beats) == 3

    run(story())
