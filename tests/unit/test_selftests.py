"""The daemon's self-tests: what was found is kept, counted, told, and there again after a restart."""

import asyncio
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from clinicpbx.core.callflow.rehearsal import CONTEXT, REACHED
from clinicpbx.core.selftest.walk import Finding
from clinicpbx.daemon.selftest_calls import entries_of
from clinicpbx.daemon.selftests import SelfTests, row_of
from clinicpbx.errors import ClinicPBXError
from clinicpbx.settings import Settings
from tests.support.books import book, one_step
from tests.support.shells import CALL, Shell, entered
from tests.support.tape import T0
from tests.support.virtual_loop import run

pytestmark = pytest.mark.unit
LINE = "+12075550100"
FOUND = Finding(
    "selftest-1", LINE, "rules", T0, "", timedelta(seconds=0.5), timedelta(seconds=2), ("en/menu",), "frontdesk"
)
BROKEN = replace(FOUND, path="fallback", problem="the test leg was not heard", answered=None, sounded=None)


def made(shell: Shell, now: list[datetime] | None = None, *at: time) -> SelfTests:
    rules = replace(shell.rules.current(), selftest=at)
    clock = (lambda: now[0]) if now else shell.clock
    return SelfTests(shell.instance, Settings(ari_port=9), shell.journal, shell.metrics, clock, lambda: rules)


def facts(shell: Shell, kind: str) -> list[dict[str, Any]]:
    shell.journal.commit()
    return shell.journal.facts_of(kind)


def test_what_was_found_is_shown_counted_and_survives_a_restart(tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path)
        tests = made(shell)
        assert tests.rows() == []
        tests.keep(row_of(FOUND))
        assert shell.counted("clinicpbx_selftest_ok", entry=LINE) == 1
        tests.keep(row_of(BROKEN))
        assert shell.counted("clinicpbx_selftest_ok", entry=LINE) == 0, "either path may be the one that a caller takes"
        (good, bad) = tests.rows()
        assert (good["ok"], good["answered"], good["sounded"], good["prompts"]) == (True, 500, 2000, ["en/menu"])
        assert (bad["ok"], bad["answered"], bad["problem"]) == (False, None, "the test leg was not heard")
        assert facts(shell, "selftest") == [good, bad]
        assert facts(shell, "notify") == [{"kind": "self_test_failed", "about": "selftest-1"}], (
            "of the failed one alone"
        )
        assert made(shell).rows() == [good, bad]

    run(story())


def test_an_entry_that_the_rules_no_longer_have_is_not_shown(tmp_path: Path) -> None:
    async def story() -> None:
        tests = made(Shell(tmp_path))
        tests.keep(row_of(replace(BROKEN, entry="+12075550999")))
        assert tests.rows() == []

    run(story())


def test_entries_are_all_or_those_named() -> None:
    assert entries_of(book(), ()) == [LINE]
    assert entries_of(book(), [LINE]) == [LINE]
    with pytest.raises(ClinicPBXError, match=r"no entry 911"):
        entries_of(book(), [LINE, "911"])


def test_it_begins_by_itself_at_its_time_and_asterisks_absence_ends_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story() -> list[int]:
        now = [T0]
        (tmp_path / "keys").mkdir()
        (tmp_path / "keys" / "ari.secret").write_text("a secret of a test")
        tests = made(Shell(tmp_path), now, time(15, 1, tzinfo=T0.tzinfo))
        begun = []
        for seconds in (1, 59, 60, 61, 62):
            now[0] = T0 + timedelta(seconds=seconds)
            tests.look()
            await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))
            begun.append("".join(capsys.readouterr()).count("the self-test could not be made"))
        await tests.stop()
        return begun

    assert asyncio.run(story()) == [0, 0, 1, 0, 0]


def test_a_test_call_through_the_dispatcher_asks_the_queues_for_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path, book(main=one_step("enqueue", queue="frontdesk")))
        message = entered()
        message["channel"]["name"] = f"Local/{LINE}@{CONTEXT}-0000002a;2"
        await shell.take(message)
        assert [said for said in shell.queues.said if said[0] != "gone"] == []
        assert shell.sent[-1] == ("POST", f"channels/{CALL}/continue")
        assert shell.bodies[-1] == {"context": CONTEXT, "extension": REACHED, "priority": 1}
        assert shell.dispatcher.calls == {}
        assert shell.counted("clinicpbx_calls_total", flow="main") in (None, 0), "it is nobody's call"
        assert shell.counted("clinicpbx_calls_ended_total", outcome="selftest") == 1

    run(story())
