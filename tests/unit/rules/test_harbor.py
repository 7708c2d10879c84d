"""The example clinic: it is good, its hours are right, and its calls go where its page says."""

import json
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from clinicpbx.cli.main import command
from clinicpbx.core.callflow.machine import CallMachine
from clinicpbx.core.callflow.step import STEPS
from clinicpbx.core.commands import Note, Play
from clinicpbx.core.events import CallArrived
from clinicpbx.rules.compile import Rules, read_rules, rules_from
from clinicpbx.rules.explain import explain
from clinicpbx.rules.prompts import prompt_texts
from clinicpbx.rules.schema import json_schema
from clinicpbx.rules.simulation import Outside

pytestmark = pytest.mark.unit
HARBOR = Path(__file__).parents[3] / "examples" / "harbor"
PORTLAND = ZoneInfo("America/New_York")
MAIN, NURSE = "+12075550100", "+12075550101"


@pytest.fixture(scope="module")
def harbor() -> Rules:
    return read_rules(HARBOR / "clinic.yaml", date(2026, 11, 24), "1")


def test_it_has_no_mistake_and_one_warning(harbor: Rules) -> None:
    assert [warning.path for warning in harbor.warnings] == ["trunks"]


@pytest.mark.parametrize(
    ("at", "state"),
    [
        ("2026-12-01 07:59", "closed"),
        ("2026-12-01 08:00", "open"),
        ("2026-12-01 12:00", "lunch"),
        ("2026-12-01 13:00", "open"),
        ("2026-12-01 17:00", "closed"),
        ("2026-12-05 09:00", "open"),
        ("2026-12-05 12:00", "closed"),
        ("2026-12-06 10:00", "closed"),
        ("2026-11-26 10:00", "holiday"),
        ("2026-11-27 10:00", "closed"),
        ("2026-12-24 11:59", "open"),
        ("2026-12-24 12:00", "closed"),
        ("2027-04-19 10:00", "holiday"),
        ("2027-03-15 08:00", "open"),
        ("2026-11-02 08:00", "open"),
    ],
)
def test_its_hours(harbor: Rules, at: str, state: str) -> None:
    assert harbor.book.hours["clinic"].at(datetime.fromisoformat(at).replace(tzinfo=PORTLAND)).state == state


def test_a_line_may_be_answered_in_a_language_of_its_own() -> None:
    text = (HARBOR / "clinic.yaml").read_text().replace("flow: nurse-line\n", "flow: nurse-line\n    language: es\n")
    book = rules_from("clinic.yaml", text, date(2026, 11, 24), "1").book
    assert (book.language_of(NURSE), book.language_of(MAIN), book.language_of("300")) == ("es", "en", "en")
    at = datetime.fromisoformat(CLOSED).replace(tzinfo=PORTLAND)
    arrived = CallArrived(at=at, flow="nurse-line", entry=NURSE, version="1")
    machine = CallMachine(arrived, "c1", book)
    commands = machine.begin()
    assert [command.language for command in commands if isinstance(command, Play)] == ["es"]
    assert next(note.detail["language"] for note in commands if isinstance(note, Note)) == "es"
    assert CallMachine(replace(arrived, language="fr"), "c1", book).language == "fr", (
        "what the channel speaks comes first"
    )
    assert CallMachine(replace(arrived, language="de"), "c1", book).language == "es", "not spoken here"


OPEN, LUNCH, CLOSED = "2026-12-01 10:00", "2026-12-01 12:30", "2026-11-26 10:00"


@pytest.mark.parametrize(
    ("dialled", "at", "keys", "queue", "end"),
    [
        (MAIN, OPEN, "11", "answered", "answered by 201"),
        (MAIN, OPEN, "10", "answered", "answered by 201"),
        (MAIN, OPEN, "1", "answered", "answered by 201"),
        (MAIN, OPEN, "22", "answered", "answered by 204"),
        (MAIN, OPEN, "33", "answered", "message for refills"),
        (MAIN, OPEN, "22", "unstaffed", "message for nurse"),
        (MAIN, OPEN, "11", "busy", "message for frontdesk"),
        (MAIN, OPEN, "140", "answered", "answered by 201"),
        (MAIN, CLOSED, "11", "answered", "message for nurse"),
        (MAIN, CLOSED, "10", "answered", "answered by 206"),
        (MAIN, CLOSED, "1", "answered", "message for frontdesk"),
        (MAIN, LUNCH, "11", "answered", "message for frontdesk"),
        (MAIN, LUNCH, "1", "answered", "message for frontdesk"),
        (MAIN, LUNCH, "12", "answered", "answered by 204"),
        (MAIN, LUNCH, "10", "answered", "answered by 206"),
        (NURSE, OPEN, "", "answered", "answered by 204"),
        (NURSE, OPEN, "2", "answered", "answered by 204"),
        (NURSE, CLOSED, "", "answered", "message for nurse"),
        ("300", OPEN, "", "answered", "answered by 201"),
    ],
)
def test_where_a_call_goes(harbor: Rules, dialled: str, at: str, keys: str, queue: str, end: str) -> None:
    began = datetime.fromisoformat(at).replace(tzinfo=PORTLAND)
    outside = Outside("", tuple(keys), frozenset() if queue == "unstaffed" else None, queue == "busy")
    lines = explain(harbor.book, dialled, began, outside)
    assert end in [line.what for line in lines]
    assert lines[-1].what.startswith("the call ends: ")
    assert all(line.where.startswith(str(HARBOR)) for line in lines)
    assert [line.at for line in lines] == sorted(line.at for line in lines)


def test_every_prompt_has_words_in_every_language(harbor: Rules) -> None:
    texts = prompt_texts(harbor.document)
    spoken = {(text.language, text.name) for text in texts}
    names = {
        name for flow in harbor.book.flows.values() for node in flow.nodes.values() for name in node.step.prompts()
    }
    assert spoken >= {(language, name) for language in harbor.book.languages for name in names}
    assert len(spoken) == len(texts)


def test_its_schema_is_the_current_one() -> None:
    assert json.loads((HARBOR / "clinic.schema.json").read_text()) == json_schema(), "clinicpbx rules schema > …"


def test_the_schema_knows_every_step_and_describes_every_field() -> None:
    schema = json_schema()
    assert set(schema["$defs"]["StepRule"]["properties"]) == {*STEPS, "next", "then"}
    for name, part in [("", schema), *schema["$defs"].items()]:
        for field, described in part.get("properties", {}).items():
            assert described.get("description"), f"{name}.{field}"


@pytest.mark.parametrize("at", ["2026-12-01 10:00", "2026-11-26 10:00"])
def test_the_command_explains_with_file_and_line(at: str) -> None:
    rules = str(HARBOR / "clinic.yaml")
    told = CliRunner().invoke(command, ["rules", "explain", "--file", rules, "--dial", MAIN, "--at", at, "--json"])
    rows = json.loads(told.stdout)
    assert told.exit_code == 0
    assert all(row["rule"].startswith(rules) for row in rows)
    assert rows[0]["time"] == "10:00:00"


def test_the_command_checks() -> None:
    told = CliRunner().invoke(command, ["rules", "check", str(HARBOR / "clinic.yaml"), "--json"])
    assert told.exit_code == 0
    assert [mistake["warning"] for mistake in json.loads(told.stdout)] == [True]
    broken = Path(__file__).parent / "broken" / "endless.yaml"
    told = CliRunner().invoke(command, ["rules", "check", str(broken)])
    assert told.exit_code == 65
    assert "endless.yaml:10:7: flows.main.steps.one: a caller who does nothing goes round" in told.stdout
