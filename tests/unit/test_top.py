"""The live view: what the daemon says, on a screen that is drawn without a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from click.testing import CliRunner
from textual.widgets import DataTable, Static

from clinicpbx.cli import _wallboard
from clinicpbx.cli._wallboard import Wallboard
from clinicpbx.cli.main import command
from clinicpbx.core.acd.board import agent_rows, caller_rows, queue_rows
from clinicpbx.core.commands import JoinQueue
from clinicpbx.errors import NotReachable
from tests.support.floors import Shift, agent, at, queue

pytestmark = pytest.mark.unit
Seen = Mapping[str, Sequence[Mapping[str, Any]]]


def seen(seconds: float = 200) -> dict[str, Any]:
    shift = Shift(queue("desk"), queue("nurse"), agent("ana", "201", desk=0), agent("ben", "202", desk=0, nurse=0))
    shift.floor.pause("ben", at(30), "lunch")
    for n in range(3):
        shift.join(n, f"clinic-{n}", "desk", priority=n)
    shift.do(3, "promised", JoinQueue("desk", at(3), callback=True))
    waiting = [row for name in ("desk", "nurse") for row in caller_rows(shift.floor, name, at(seconds))]
    board = {"queues": queue_rows(shift.floor, at(seconds)), "agents": agent_rows(shift.floor), "callers": waiting}
    return {**board, "callbacks": [{"state": "waiting"}, {"state": "unreached"}]}


def cells(app: Wallboard, name: str) -> list[list[str]]:
    table = app.query_one(f"#{name}", DataTable)
    return [[str(cell) for cell in table.get_row_at(row)] for row in range(table.row_count)]


async def test_it_shows_who_waits_and_who_is_free() -> None:
    app = Wallboard(seen, lambda: at(200))
    async with app.run_test(size=(120, 30)) as pilot:
        await pilot.pause()
        assert cells(app, "queues")[0][:4] == ["desk", "2", "3:19", "1"]
        assert cells(app, "callers")[0][1:4] == ["clinic-2", "3:18", "2"]
        assert ["ben", "202", "paused (lunch)", "2:50"] in [row[:4] for row in cells(app, "agents")]
        assert ["↩ promised"] in [row[1:2] for row in cells(app, "callers")]
        said = str(app.query_one("#said", Static).render())
        assert said.endswith("2 waiting, 0 free, 2 to call back, 1 call-backs need a person")
        await pilot.press("q")
    assert app.return_code == 0


async def test_it_keeps_what_it_has_while_the_daemon_is_gone_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_wallboard, "EVERY", 3600.0)  # it looks when told to, however slow the machine is
    answers = [seen(10), NotReachable("the daemon does not answer"), seen(20)]

    def ask() -> Seen:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    app = Wallboard(ask, lambda: at(20))
    async with app.run_test(size=(120, 30)) as pilot:
        await pilot.pause()
        for bad in (True, False):
            app.look()
            await pilot.pause()
            assert app.query_one("#said", Static).has_class("bad") == bad
            assert len(cells(app, "queues")) == 2


def test_without_a_terminal_it_says_what_to_do(tmp_path: Any) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "keys").mkdir()
    (tmp_path / "versions").mkdir()
    result = CliRunner().invoke(command, ["--home", str(tmp_path), "top"])
    assert "needs a terminal" in str(result.exception)
    assert "--json" in str(result.exception)
