"""clinicpbx calls search: what is found, what is hidden, what may not stand on a command line."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.call_search import Wanted, find_calls_by
from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.paths import Instance
from tests.support.weeks import NUMBERS, make_clinic
from tests.unit.test_cli_report import rows, run

pytestmark = pytest.mark.unit
ALWAYS = ("--since", "2026-09-01", "--limit", "1000")
NUMBER = NUMBERS[3]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clinic(tmp_path_factory.mktemp("clinic") / "home").home


@pytest.fixture
async def engine(home: Path) -> AsyncIterator[AsyncEngine]:
    made = make_engine(f"sqlite:///{Instance(home).database}")
    yield made
    await made.dispose()


def found(home: Path, *words: str, typed: str = "") -> list[dict[str, str]]:
    result = run(home, "calls", "search", *words, "--json", typed=typed)
    assert result.exit_code == 0, result.output
    return list(json.loads(result.stdout))


@pytest.mark.parametrize("typed", [NUMBER, NUMBER[2:], f"({NUMBER[2:5]}) {NUMBER[5:8]}-{NUMBER[8:]}", NUMBER[1:]])
def test_a_number_is_found_however_it_is_typed_and_however_long_ago(home: Path, typed: str) -> None:
    calls = found(home, "--number", "-", "--unmask", "--limit", "1000", typed=f"{typed}\n")
    assert {call["number"] for call in calls} == {NUMBER}
    assert len(calls) == len(found(home, "--number", "-", *ALWAYS, typed=f"{typed}\n")) == 51
    assert [call["started"] for call in calls] == sorted((call["started"] for call in calls), reverse=True)


def test_the_last_digits_are_enough(home: Path) -> None:
    for words, typed in ((("--number", "03"), ""), (("--number", "…03"), ""), (("--number", "-"), "5550103\n")):
        assert {call["number"] for call in found(home, *words, *ALWAYS, "--unmask", typed=typed)} == {NUMBER}


def test_a_number_in_full_never_stands_on_the_command_line_nor_in_the_answer(home: Path) -> None:
    result = run(home, "calls", "search", "--number", NUMBER)
    assert result.exit_code == 2
    assert NUMBER not in result.output
    assert "--number -" in result.stderr
    for words in ("12", "x3", "1234567890123456", "%%"):
        told = run(home, "calls", "search", "--number", "-", typed=f"{words}\n")
        assert told.exit_code == (0 if words == "12" else 2)
        assert words not in told.stderr


async def test_digits_stand_for_themselves_alone(engine: AsyncEngine) -> None:
    assert len(await find_calls_by(engine, Wanted(ending="03"), 10)) == 10
    for ending in ("%3", "_3", "0%03"):
        assert await find_calls_by(engine, Wanted(ending=ending), 10) == []


@pytest.mark.parametrize(("part", "at"), [({"queue": "nurse"}, "entered>"), ({"agent": "101"}, "at>")])
async def test_parts_of_older_calls_are_not_looked_at(engine: AsyncEngine, part: dict[str, str], at: str) -> None:
    sent = list[tuple[str, Any]]()
    event.listen(engine.sync_engine, "before_cursor_execute", lambda *told: sent.append((told[2], told[3])))
    assert await find_calls_by(engine, Wanted(since=datetime(2026, 11, 18, tzinfo=UTC), **part), 10)
    statement, values = next(one for one in sent if "FROM interaction" in one[0])
    async with engine.connect() as connection:
        plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        assert at in " ".join(row[3] for row in plan)


def test_conditions_narrow_each_other(home: Path) -> None:
    every = found(home, *ALWAYS)
    for key, value in (("queue", "nurse"), ("outcome", "abandoned"), ("agent", "101"), ("site", "main")):
        some = found(home, *ALWAYS, f"--{key}", value)
        assert [call["call"] for call in some] == [
            call["call"] for call in every if key == "site" or call[key] == value
        ], key
    both = found(home, *ALWAYS, "--queue", "nurse", "--outcome", "abandoned")
    assert [call["call"] for call in both] == [
        call["call"] for call in every if (call["queue"], call["outcome"]) == ("nurse", "abandoned")
    ]
    assert found(home, *ALWAYS, "--did", "+12075550199") == []
    # rung and not taken
    assert {call["outcome"] for call in found(home, *ALWAYS, "--agent", "102")} == {"abandoned"}


def test_since_and_until_are_the_clinics(home: Path) -> None:
    assert len(found(home, "--since", "2026-11-18", "--until", "2026-11-19")) == 30
    assert len(found(home, "--since", "2026-W47", "--until", "2026-W47", "--limit", "1000")) == 72
    assert len(found(home, *ALWAYS[:2], "--limit", "3")) == 3


def test_numbers_are_masked_and_to_see_them_is_noted(home: Path) -> None:
    hidden = run(home, "calls", "search", *ALWAYS, "--format", "csv").stdout
    assert not [number for number in NUMBERS if number[2:] in hidden]
    run(home, "calls", "search", "--number", "-", "--unmask", "--outcome", "abandoned", typed=f"{NUMBER}\n")
    log = rows(home, "audit", "list", "--limit", "2")
    assert [row["action"] for row in log] == ["calls.unmask", "calls.search"]
    assert NUMBER[2:] not in json.dumps(rows(home, "audit", "list", "--limit", "100"))


def test_every_mistake_is_said_at_once(home: Path) -> None:
    told = run(home, "calls", "search", "--number", "12345", "--since", "soon").stderr
    assert "--number: more than 4 digits" in told
    assert "--from: 'soon'" not in told
    assert "--since: 'soon'" in told
