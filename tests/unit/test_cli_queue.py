"""The command line's queues and agents, against a daemon's control socket."""

import asyncio
import getpass
import json
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result

from clinicpbx.adapters.metrics import Metrics
from clinicpbx.cli import main as cli
from clinicpbx.core.acd.floor import Floor
from clinicpbx.core.acd.modes import Mode
from clinicpbx.daemon.control import serve_control
from clinicpbx.daemon.queue_meter import QueueMeter
from clinicpbx.daemon.queue_runtime import QueueRuntime
from clinicpbx.errors import NotReachable
from clinicpbx.paths import Instance
from tests.support.floors import START, Written, agent, queue, queue_logger, rules

pytestmark = pytest.mark.unit


RULES = """\
clinic: {name: Test Clinic}
languages: {en: English}
sites: {main: {timezone: America/New_York}}
queues: {desk: {}}
"""


class Kept:
    def keep(self, state: object) -> None:
        pass

    def keep_mode(self, mode: object) -> None:
        pass


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """An instance whose control socket is answered by a real floor in a thread."""
    instance = Instance.at(tmp_path)
    instance.run.mkdir()
    book = rules(queue("desk"), agent("ana", "201", desk=0))
    made = Floor(book, START)
    seen_by = QueueMeter(Metrics()), queue_logger(made, Written())
    floor = QueueRuntime(made, lambda: datetime.now(UTC), lambda call, event: None, Kept(), lambda: None, *seen_by)
    verbs: dict[str, Any] = {
        "status": lambda wish: {"healthy": True, "calls": 0, "unsealed": [{"recordings": 2, "why": "root.key: gone"}]},
        "queues": lambda wish: floor.status()["queues"],
        "agents": lambda wish: floor.status()["agents"],
        "callers": lambda wish: floor.callers(wish["queue"]),
        "queue.mode": lambda wish: floor.decide(
            wish["queue"], Mode(wish["mode"]), instant(wish["until"]) if "until" in wish else None, wish["who"]
        ),
        "agent.login": lambda wish: floor.log_in(wish["agent"], wish["phone"]),
        "agent.logout": lambda wish: floor.log_out(wish["agent"]),
        "agent.pause": lambda wish: floor.pause(wish["agent"], wish["reason"]),
        "agent.unpause": lambda wish: floor.unpause(wish["agent"]),
    }
    instant = datetime.fromisoformat
    ready, over = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve(verbs: Mapping[str, Any]) -> None:
        server = await serve_control(instance.control, verbs, lambda peer: {})
        ready.set()
        await over.wait()
        server.close()
        await server.wait_closed()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(verbs),))
    thread.start()
    assert ready.wait(5)
    yield tmp_path
    loop.call_soon_threadsafe(over.set)
    thread.join(5)
    loop.close()


def run(home: Path, *words: str) -> Result:
    Instance(home).keys.mkdir(exist_ok=True)
    return CliRunner().invoke(cli.command, ["--home", str(home), *words], catch_exceptions=True)


def test_an_agents_day(home: Path) -> None:
    def state() -> str:
        [row] = json.loads(run(home, "agent", "list", "--json").stdout)
        return f"{row['state']} {row['reason']}".strip()

    assert state() == "logged out"
    assert run(home, "agent", "login", "ana").exit_code == 0
    assert state() == "unreachable"
    run(home, "agent", "pause", "ana", "--reason", "lunch")
    assert state() == "unreachable lunch"
    run(home, "agent", "unpause", "ana")
    assert state() == "unreachable"
    run(home, "agent", "logout", "ana")
    assert state() == "logged out"
    assert run(home, "agent", "login", "ana", "--phone", "305").stderr == "ana is logged in at 305.\n"
    assert run(home, "agent", "list").stdout.splitlines()[1].split()[:3] == ["ana", "305", "hot"]


def test_only_who_has_a_number_has_a_pin_and_the_number_is_none(home: Path) -> None:
    folder = home / "versions" / "000001" / "rules"
    folder.mkdir(parents=True)
    agents = "agents: {fay: {name: Fay, number: 4502, queues: [desk]}}\n"
    (folder / "clinic.yaml").write_text(RULES + agents)
    (home / "versions" / "current").symlink_to("000001")
    said = [run(home, "agent", "pin", "ana"), given(home, "4502"), given(home, "2580")]
    assert isinstance(said[2].exception, NotReachable), "the vault does not run; whatever else was right"
    mistakes = [str(each.exception) for each in said]
    assert "no agent 'ana' has a number" in mistakes[0]
    assert "no PIN" in mistakes[1]
    assert not any("2580" in told for told in mistakes)


def given(home: Path, pin: str) -> Result:
    return CliRunner().invoke(cli.command, ["--home", str(home), "agent", "pin", "fay"], input=f"{pin}\n")


def test_queues(home: Path) -> None:
    [row] = json.loads(run(home, "queue", "list", "--json").stdout)
    assert (row["queue"], row["waiting"], row["logged_out"]) == ("desk", 0, 1)
    result = run(home, "queue", "status", "desk")
    assert result.stdout.splitlines()[1].split()[:2] == ["ana", "201"]
    assert "desk: 0 waiting" in result.stderr


def test_a_queue_is_full_until_a_time_or_the_end_of_the_day(home: Path) -> None:
    folder = home / "versions" / "000001" / "rules"
    folder.mkdir(parents=True)
    (folder / "clinic.yaml").write_text(RULES)
    (home / "versions" / "current").symlink_to("000001")
    done = run(home, "queue", "mode", "desk", "full", "--until", "2h")
    assert (done.exit_code, done.stderr.startswith("desk is full until ")) == (0, True)
    [row] = json.loads(run(home, "queue", "list", "--json").stdout)
    assert (row["mode"], row["by"]) == ("full", getpass.getuser())
    assert timedelta(hours=1.9) < datetime.fromisoformat(row["until"]) - datetime.now(UTC) <= timedelta(hours=2)
    assert "desk is full" in run(home, "queue", "show", "desk").stderr
    run(home, "queue", "mode", "desk", "closed")
    [row] = json.loads(run(home, "queue", "list", "--json").stdout)
    end = datetime.fromisoformat(row["until"]).astimezone(ZoneInfo("America/New_York"))
    assert (row["mode"], end.time(), end - datetime.now(UTC) <= timedelta(days=1, hours=1)) == ("closed", time(0), True)
    assert run(home, "queue", "mode", "desk", "open").stderr == "desk is open.\n"
    assert run(home, "queue", "mode", "desk", "shut").exit_code == 2


def test_what_waits_to_be_sealed_is_said_wherever_messages_are_looked_for(home: Path) -> None:
    result = run(home, "status")
    assert (result.exit_code, result.stdout.splitlines()[-2].split()) == (1, ["calls", "0"])
    told = json.loads(run(home, "status", "--json").stdout)
    assert told["unsealed"][0]["recordings"] == 2
    assert "the vault does not answer" in told["vault"]
    listed = run(home, "voicemail", "list")
    assert listed.exit_code == 0
    for told in (result, listed):
        assert "2 recordings wait to be sealed, in memory only: root.key: gone" in told.stderr


@pytest.mark.parametrize("words", [("agent", "login", "eve"), ("queue", "status", "nowhere")])
def test_unknown_names_are_mistakes(home: Path, words: tuple[str, ...]) -> None:
    result = run(home, *words)
    assert result.exit_code == 1
    assert words[-1] in str(result.exception)


@pytest.mark.parametrize("words", [("agent", "list"), ("queue", "list"), ("agent", "pause", "ana")])
def test_without_a_daemon_it_says_so(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert isinstance(run(tmp_path, *words).exception, NotReachable)
