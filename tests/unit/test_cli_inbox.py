"""clinicpbx inbox: what it prints, what it hides, how it refuses."""

import asyncio
import json
import os
import pwd
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from clinicpbx.adapters.db import engine as engines
from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.adapters.db.inbox_intake import keep_items
from clinicpbx.adapters.db.records import NO_RULES, write_records
from clinicpbx.cli.main import command
from clinicpbx.core.records.call_record import Interaction
from clinicpbx.errors import ClinicPBXError, NotReachable
from clinicpbx.paths import Instance
from clinicpbx.private import Private
from tests.support.record_database import make_database

pytestmark = pytest.mark.unit
NUMBER, OTHER = "+12125550147", "+12125550148"
ME = pwd.getpwuid(os.getuid()).pw_name


@pytest.fixture
def home(tmp_path: Path) -> Path:
    instance = Instance(tmp_path)
    instance.keys.mkdir()
    url, now = f"sqlite:///{instance.database}", datetime.now(UTC)

    def call(id: str, outcome: str, hours: float, number: str, **more: Any) -> Interaction:
        ended = now - timedelta(hours=hours)
        return Interaction(id, "inbound", outcome, ended - timedelta(minutes=1), ended, Private(number), **more)  # type: ignore[arg-type]

    records = [
        call("c.1", "voicemail", 9, NUMBER, mailbox="frontdesk", message="m1"),
        call("c.2", "abandoned", 1, NUMBER),
        call("c.3", "callback", 0.5, OTHER, callback="unreached", tries=3),
        call("c.4", "abandoned", 24 * 9, ""),
        call("c.5", "answered", 0.1, OTHER),
    ]

    async def fill() -> None:
        await make_database(url)
        engine = make_engine(url, writes=True)
        async with engine.begin() as connection:
            calls = [record.call for record in records]
            await write_records(connection, calls, records[:4])
            await keep_items(connection, calls, records[:4], NO_RULES)
        await engine.dispose()

    asyncio.run(fill())
    return tmp_path


def run(home: Path, *words: str, stdin: str = "") -> Result:
    return CliRunner().invoke(
        command, ["--home", str(home), "inbox", *words], input=stdin, env={"CLINICPBX_DATABASE_URL": ""}
    )


def rows(home: Path, *words: str) -> Any:
    found = run(home, *words, "--json")
    assert found.exit_code == 0, found.output
    return json.loads(found.stdout)


def item_of(home: Path, category: str) -> str:
    return str(rows(home, "list", "--category", category)[0]["item"])


def test_the_list_is_by_due_time_and_counts_attempts(home: Path) -> None:
    found = rows(home, "list")
    assert [(row["category"], row["late"], row["in"], row["out"]) for row in found] == [
        ("abandoned", True, 1, 0),
        ("message", True, 2, 0),
        ("callback", False, 1, 3),
    ]
    assert [row["category"] for row in rows(home, "list", "--overdue")] == ["abandoned", "message"]
    assert rows(home, "list", "--limit", "1", "--after", str(found[0]["item"])) == found[1:2]


@pytest.mark.parametrize("words", [["list"], ["show", "ITEM"], ["today"]])
def test_numbers_are_masked_unless_asked_for(home: Path, words: list[str]) -> None:
    given = [item_of(home, "message") if word == "ITEM" else word for word in words]
    for form in ([], ["--json"]):
        assert NUMBER[1:] not in run(home, *given, *form).output
        assert NUMBER in run(home, *given, *form, "--unmask").output


def test_an_item_is_claimed_noted_called_and_closed(home: Path) -> None:
    item = item_of(home, "message")
    assert f"is {ME}'s" in run(home, "claim", item).stderr
    assert [row["category"] for row in rows(home, "list", "--mine")] == ["message"]
    assert run(home, "note", item, stdin="asked for Monday\n").exit_code == 0
    refused = run(home, "call", item)
    assert isinstance(refused.exception, NotReachable), "the item is not called where nothing rings"
    assert NUMBER[1:] not in refused.output
    assert run(home, "close", item, "--outcome", "reached").exit_code == 0
    told = rows(home, "show", item)
    assert [line["kind"] for line in told["history"]] == ["opened", "contact", "claimed", "noted", "closed"]
    assert (told["outcome"], told["owner"], told["out"]) == ("reached", ME, 0)
    assert told["history"][3]["text"] == "asked for Monday"
    assert [row["outcome"] for row in rows(home, "list", "--closed")] == ["reached"]
    assert "due by" in run(home, "reopen", item).stderr
    assert run(home, "release", item).exit_code == 1, "whoever opens an item again does not own it"
    assert "History" not in run(home, "show", item, "--json").stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["close", "ITEM", "--outcome", "whatever"], "no outcome of message: reached, not-reached"),
        (["note", "ITEM"], "needs words"),
        (["release", "ITEM"], "is nobody's"),
        (["reopen", "ITEM"], "is open"),
        (["claim", "999"], "no item 999"),
        (["show", "999"], "no item 999"),
    ],
)
def test_refusals_say_why(home: Path, words: list[str], says: str) -> None:
    item = item_of(home, "message")
    result = run(home, *(item if word == "ITEM" else word for word in words))
    assert isinstance(result.exception, ClinicPBXError)
    assert says in str(result.exception)


def test_today_has_what_came_what_is_due_and_what_is_overdue(home: Path) -> None:
    found = rows(home, "today")
    assert [row["category"] for row in found["overdue"]] == ["abandoned", "message"]
    assert {row["category"] for row in found["came"]} == {"message", "callback"}
    assert {row["category"] for row in found["due_today"]} <= {"callback"}
    table = run(home, "today")
    assert "2 overdue" in table.stderr
    assert "abandoned" in table.stdout


def test_nothing_there_is_nothing_shown(tmp_path: Path) -> None:
    result = run(tmp_path, "list")
    assert isinstance(result.exception, ClinicPBXError)


def test_who_meets_another_writer_for_long_is_asked_to_try_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "BUSY_MS", 20)
    with closing(sqlite3.connect(Instance(home).database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        refused = run(home, "claim", "1")
    assert isinstance(refused.exception, NotReachable)
    assert "another is writing for long" in str(refused.exception)
    assert "Try again in some minutes" in str(refused.exception)
    assert run(home, "claim", "1").exit_code == 0
