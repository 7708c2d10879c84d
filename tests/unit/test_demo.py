"""The demonstration's pure parts: the board, who counts as lost, the day that is opened, what phones can dial."""

import io
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from jinja2 import FileSystemLoader
from rich.console import Console

from clinicpbx.core.callflow.machine import CallMachine
from clinicpbx.core.events import CallArrived
from clinicpbx.core.schedule.hours import Opening
from clinicpbx.daemon.overrides import switched_on
from clinicpbx.demo.board import Board, Happening
from clinicpbx.demo.clinic import REASON, morning_breaks, night_falls, open_today
from clinicpbx.demo.morning import AFTERWARDS, MORNING, PATIENTS, Patient
from clinicpbx.demo.night import NIGHT_PATIENTS
from clinicpbx.demo.tally import lost_callers
from clinicpbx.paths import Instance
from clinicpbx.rules.compile import read_rules
from clinicpbx.rules.dialled import dialled
from clinicpbx.rules.dialplan_parse import parse_dialplan
from clinicpbx.rules.render import Place, render
from clinicpbx.shipped import shipped

pytestmark = pytest.mark.unit
HARBOR = Path(__file__).parents[2] / "examples" / "harbor" / "clinic.yaml"
ANA = Patient("Ana", 0, "answered", "+12075550131", language="es", offers=2, transferred=True)


def record(**changes: object) -> SimpleNamespace:
    row = {"number": ANA.number, "outcome": "answered", "language": "es", "offers": 2, "transfers": '["blind"]'}
    return SimpleNamespace(**{**row, **changes})


def test_one_record_that_says_what_happened_is_nobody_lost() -> None:
    assert lost_callers([ANA], [record(), record(number="+12075550199")]) == []


@pytest.mark.parametrize(
    ("rows", "wrong"),
    [
        ([], "0 records"),
        ([record(), record()], "2 records"),
        ([record(outcome="abandoned")], "abandoned, not answered"),
        ([record(language=None)], "language unknown, not es"),
        ([record(offers=1)], "1 phones rang, not 2"),
        ([record(transfers="[]")], "not transferred"),
    ],
)
def test_who_counts_as_lost(rows: list[SimpleNamespace], wrong: str) -> None:
    assert lost_callers([ANA], rows) == [f"Ana: {wrong}"]


def test_the_morning_is_many_calls_of_every_kind() -> None:
    assert {patient.ends for patient in PATIENTS} == {"answered", "abandoned", "voicemail"}
    assert {patient.language for patient in MORNING} == {"en", "es", "fr"}
    assert len({patient.number for patient in PATIENTS}) == len(PATIENTS) == len(MORNING) + 1
    assert AFTERWARDS.name not in {patient.name for patient in MORNING}


def drawn(board: Board, now: float, height: int) -> str:
    console = Console(file=io.StringIO(), width=120, color_system=None)
    console.print(board.draw(now, height))
    text = console.file
    assert isinstance(text, io.StringIO)
    return text.getvalue()


def test_the_board_shows_who_has_called_and_what_the_phones_do() -> None:
    board = Board([ANA, Patient("Ben", 0, "answered", "+12075550132")])
    board.agents = [{"agent": "carla", "phone": "201", "state": "talking"}]
    board.queues = [{"queue": "frontdesk", "waiting": 3, "ringing": 1, "longest_wait": 12.4, "free": 0}]
    board.happen(Happening(1.0, "Ana", "talks with phone 201"))
    board.happen(Happening(1.0, "phone 201", "talks: Ana"))
    text = drawn(board, 4.2, 60)
    ana, carla = (next(line for line in text.splitlines() if name in line) for name in ("Ana", "carla"))
    assert ana.split() == ["Ana", "main", "es", "talks", "with", "phone", "201", "3", "s"]
    assert carla.split() == ["carla", "201", "talking", "talks:", "Ana"]
    assert "frontdesk   3         1         12 s" in text
    assert "Ben" not in text


def test_a_low_terminal_shows_the_last_callers() -> None:
    board = Board(MORNING)
    for patient in MORNING:
        board.happen(Happening(1.0, patient.name, "is in"))
    text = drawn(board, 2.0, 24)
    assert text.count("is in") == 4 + 6  # rows, and lines of news
    assert MORNING[0].name not in text


@pytest.mark.parametrize("days", [0, 7, 8, 9, 35, 36, 120])
def test_the_clinic_is_open_today_and_the_day_is_written_once(tmp_path: Path, days: int) -> None:
    """Also beside the days on which the example is closed by an exception of its own."""
    now = datetime(2026, 11, 19, 12, tzinfo=UTC) + timedelta(days=days)
    clinic = tmp_path / "clinic.yaml"
    clinic.write_text(HARBOR.read_text())
    open_today(clinic, now.date())
    once = clinic.read_text()
    open_today(clinic, now.date())
    assert clinic.read_text() == once
    assert read_rules(clinic, now.date()).book.hours["clinic"].at(now) == Opening("open", REASON)


def test_the_night_falls_for_every_number_and_the_morning_takes_it_back(tmp_path: Path) -> None:
    instance, now = Instance(tmp_path), datetime.now(UTC)
    instance.rules.mkdir()
    instance.clinic.write_text(HARBOR.read_text())
    open_today(instance.clinic, datetime.now(UTC).date())
    day = instance.clinic.read_text()
    night_falls(instance)
    book = read_rules(instance.clinic, now.date()).book
    for entry in ("+12075550100", "+12075550101"):
        arrived = CallArrived(
            at=now, flow="main", entry=entry, version="1", switched_on=tuple(switched_on(instance, now))
        )
        assert CallMachine(arrived, "c", book).flow == "night"
    morning_breaks(instance)
    open_today(instance.clinic, datetime.now(UTC).date())
    assert (instance.clinic.read_text(), switched_on(instance, now)) == (day, {})
    assert {patient.number for patient in NIGHT_PATIENTS} & {patient.number for patient in PATIENTS} == set()


def test_everything_that_can_be_dialled_is_in_the_dialplan() -> None:
    today = date(2026, 11, 24)
    rules = read_rules(HARBOR, today)
    rows = dialled(rules.document)
    dialplan = parse_dialplan(
        render(
            rules,
            Place(Path("/srv"), "1", today, dict.fromkeys(rules.document.phones, "x" * 20)),
            FileSystemLoader(shipped("dialplan_templates")),
        )["extensions.conf"]
    )
    numbers = {
        number
        for context in ("cpbx-emergency", "cpbx-codes", "cpbx-extensions")
        for number in dialplan[context].extensions
    }
    exact = {row.dial for row in rows if " " not in row.dial}
    supervised = {f"*5{n}{agent.phone}" for n in range(3) for agent in rules.document.agents.values()}
    assert exact | {f"*8{phone}" for phone in rules.document.phones} | supervised == numbers
    assert {"*45300", "*461", "*441", "*47301"} <= exact
    assert [row.what for row in rows if row.kind == "outside"][1] == "international, from 206"
