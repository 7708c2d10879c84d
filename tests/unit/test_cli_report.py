"""clinicpbx report: periods, formats, mistakes; the calls behind a figure; the week."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from clinicpbx.cli.main import command
from clinicpbx.reports import REPORTS
from clinicpbx.reports.formats import BOM, FORMATS
from tests.support.weeks import BUSY, NUMBERS, make_clinic

pytestmark = pytest.mark.unit
WEEK = ("--from", "2026-W47")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clinic(tmp_path_factory.mktemp("clinic") / "home").home


def run(home: Path, *words: str, typed: str = "") -> Result:
    return CliRunner().invoke(command, ["--home", str(home), *words], typed, env={"CLINICPBX_DATABASE_URL": ""})


def rows(home: Path, *words: str) -> list[dict[str, object]]:
    result = run(home, *words, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    return list(found if isinstance(found, list) else found["rows"])


def test_a_report_is_of_the_clinics_own_days(home: Path) -> None:
    found = json.loads(run(home, "report", "call_volume", *WEEK, "--by", "day", "--json").stdout)
    assert (found["from"], found["to"]) == ("2026-11-16T00:00:00-05:00", "2026-11-23T00:00:00-05:00")
    assert {row["day"]: row["calls"] for row in found["rows"]}[BUSY.isoformat()] == 30
    assert len(found["rows"]) == 5


@pytest.mark.parametrize(
    ("words", "calls"),
    [
        (("--from", "2026-11-18", "--to", "2026-11-19"), 30),
        (("--from", "2026-11-18T08:00", "--to", "2026-11-18T08:17:01"), 2),
        (("--from", "2026-11-18T08:00", "--to", "2026-11-18T08:17"), 1),  # not of whole quarters: the rows themselves
        (("--from", "2026-11-18T13:00+00:00", "--to", "2026-11-18T13:15+00:00"), 1),
        (("--from", "2026-W46", "--to", "2026-W47"), 127),
    ],
)
def test_a_period_is_what_it_says(home: Path, words: tuple[str, ...], calls: int) -> None:
    assert sum(int(str(row["calls"])) for row in rows(home, "report", "call_volume", *words)) == calls


def test_every_mistake_is_said_at_once(home: Path) -> None:
    result = run(home, "report", "service_levl", "--from", "soon", "--to", "later", "--format", "pdf")
    assert result.exit_code == 2
    told = result.stderr
    assert [word for word in ("service_levl", "service_level", "--from: 'soon'", "--to: 'later'", "no format 'pdf'",
                              "last-week", "xlsx") if word not in told] == []  # fmt: skip
    assert "'0001-01-01' is no time" in run(home, "report", "demand", "--from", "0001-01-01").stderr
    by = run(home, "report", "service_level", "--by", "agent", "--json", "--format", "csv").stderr
    assert "no rows by 'agent', but by queue, site" in by
    assert "two formats" in by
    assert "table is for the screen" in run(home, "report", "service_level", "--output", "x.pdf").stderr


def test_the_words_of_a_table_go_to_stderr(home: Path) -> None:
    result = run(home, "report", "service_level", *WEEK)
    assert "Monday 2026-11-16 00:00 to Monday 2026-11-23 00:00 (America/New_York)" in result.stderr
    assert REPORTS["service_level"].formula in result.stderr
    assert result.stdout.splitlines()[0].startswith("queue")


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_goes_into_a_file_named_so(home: Path, format: str, tmp_path: Path) -> None:
    file = tmp_path / f"demand.{format}"
    result = run(home, "report", "demand", *WEEK, "--output", str(file))
    assert (result.exit_code, result.stdout) == (0, ""), result.output
    streamed = run(home, "report", "demand", *WEEK, "--format", format).stdout_bytes
    written = file.read_bytes()
    assert written == streamed or format in ("csv", "html"), format
    assert written.startswith(BOM) == (format == "csv")
    assert not streamed.startswith(BOM)


def test_the_calls_behind_a_row_are_as_many_as_it_says(home: Path) -> None:
    for row in rows(home, "report", "service_level", *WEEK):
        behind = rows(home, "report", "calls", "service_level", f"queue={row['queue']}", *WEEK, "--limit", "500")
        assert len(behind) == row["offered"]
        assert {call["queue"] for call in behind} == {row["queue"]}
    monday = rows(home, "report", "demand", *WEEK)[0]
    named = [f"{key}={monday[key]}" for key in ("weekday", "quarter")]
    assert len(rows(home, "report", "calls", "demand", *named, *WEEK)) == monday["calls"]


def test_the_page_names_the_command_for_each_row(home: Path) -> None:
    page = run(home, "report", "service_level", *WEEK, "--format", "html").stdout
    assert ("clinicpbx report calls service_level queue=nurse --from 2026-11-16T00:00:00-05:00 "
            "--to 2026-11-23T00:00:00-05:00") in page  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nothing", "queue=nurse"), "no report 'nothing'"),
        (("service_level",), "name the row: queue="),
        (("service_level", "nurse"), "write it as queue=nurse"),
        (("service_level", "agent=101"), "no 'agent'"),
        (("on_call", "person=x"), "no calls stand behind"),
        (("demand", "weekday=Funday", "quarter=08:00"), "no row of demand is named so"),
    ],
)
def test_a_row_that_is_not_there_is_a_mistake(home: Path, words: tuple[str, ...], said: str) -> None:
    result = run(home, "report", "calls", *words)
    assert (result.exit_code, said in result.stderr) == (2, True), result.stderr


def test_numbers_behind_a_figure_are_masked_until_it_is_noted(home: Path) -> None:
    words = ("report", "calls", "service_level", "queue=nurse", *WEEK)
    hidden, shown = run(home, *words, "--format", "csv").stdout, run(home, *words, "--format", "csv", "--unmask").stdout
    assert not [number for number in NUMBERS if number[2:] in hidden]
    assert f"'{NUMBERS[0]}" in shown  # the guard of formulas
    assert "calls.unmask" in run(home, "audit", "list", "--limit", "1").stdout


def test_the_week_says_what_was_odd_and_what_was_missed(home: Path) -> None:
    result = run(home, "report", "week", "--week", "2026-W47", "--json")
    found = json.loads(result.stdout)
    sheets = {sheet["title"].partition(":")[0]: sheet["rows"] for sheet in found["sheets"]}
    changed = {row["figure"]: row for row in sheets["What changed"]}
    assert changed["calls"] == {"figure": "calls", "this_week": 72, "week_before": 55, "mean": 55.0, "change": "+31 %"}
    assert {(row["day"], row["figure"]) for row in sheets["What surprised us"]} >= {(BUSY.isoformat(), "calls")}
    assert {row["day"] for row in sheets["What surprised us"]} == {BUSY.isoformat()}
    # nurse promises 90 % within 60 s: 30 of 37; refills promises nothing: 14 of 35 within 20 s
    assert [(row["queue"], row["target"], row["missed"]) for row in sheets["Queues that missed their target"]] == [
        ("refills", "80 % within 20 s", "40.0 points too few answered in time"),
        ("nurse", "90 % within 60 s", "8.9 points too few answered in time"),
    ]
    assert "nurse: 8.9 points too few answered in time; its target is 90 % within 60 s." in found["lines"]
    assert sheets["Hours in which callers gave up"][0]["abandoned"] > 0
    assert "Surprising: Wednesday: calls 30, more than usual" in " ".join(found["lines"])
    assert sheets["What needs an owner"] == []


@pytest.mark.parametrize(
    ("words", "missed"),
    [
        (("--target", "37.8"), {}),
        (("--target", "40"), {"nurse": "40 % within 20 s"}),
        (("--threshold", "30"), {"refills": "80 % within 30 s"}),
        (("--threshold", "60", "--target", "81"), {"refills": "81 % within 60 s"}),
    ],
)
def test_who_names_another_target_for_the_week_has_it_for_all_queues(
    home: Path, words: tuple[str, ...], missed: dict[str, str]
) -> None:
    sheets = json.loads(run(home, "report", "week", "--week", "2026-W47", *words, "--json").stdout)["sheets"]
    (queues,) = [sheet["rows"] for sheet in sheets if sheet["title"] == "Queues that missed their target"]
    assert {row["queue"]: row["target"] for row in queues} == missed


def test_each_queue_is_counted_by_its_target_unless_another_time_is_named(home: Path) -> None:
    told = ("queue", "answered_in_time", "target", "met")
    found = json.loads(run(home, "report", "service_level", *WEEK, "--json").stdout)
    assert [[row[name] for name in told] for row in found["rows"]] == [
        ["nurse", 30, "90 % within 60 s", "no"],
        ["refills", 14, "", ""],
    ]
    assert found["targets"]["frontdesk"] == {"answered_%": 80.0, "within_s": 20.0, "abandoned_%": 5.0}
    named = rows(home, "report", "service_level", *WEEK, "--threshold", "20")
    assert [[row[name] for name in told] for row in named] == [["nurse", 14, "", ""], ["refills", 14, "", ""]]
    (head, nurse, _) = run(home, "report", "service_level", *WEEK, "--format", "csv").stdout.splitlines()
    assert (head.split(",")[2:4], nurse.split(",")[2:4]) == (["target", "met"], ["90 % within 60 s", "no"])
    page = run(home, "report", "service_level", *WEEK, "--format", "html").stdout
    assert page.count('<td class="words alarm">no</td>') == page.count('alarm">') == 1


def test_a_week_like_any_other_surprises_nobody(home: Path) -> None:
    told = run(home, "report", "week", "--week", "2026-W46").stdout
    assert "What surprised us: Nothing: every day was like its weekday." in told
    early = run(home, "report", "week", "--week", "2026-W38").stdout
    assert "too few weeks before" in early


def test_what_is_no_week_is_refused(home: Path) -> None:
    for words in ("yesterday", "2026-11-18", "2026-W60"):
        result = run(home, "report", "week", "--week", words)
        assert result.exit_code == 2
        assert f"{words!r} is no week" in result.stderr


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("report serv", "service_level"),
        ("report service_level --by q", "queue,quarter"),
        ("report service_level --format x", "xlsx"),
        ("report service_level --from last", "last-week,last-month"),
        ("report wee", "week"),
        ("report calls dem", "demand"),
        ("report saved w", "week"),
        ("calls search --queue nu", "nurse"),
    ],
)
def test_names_are_completed(home: Path, line: str, offered: str) -> None:
    words = f"clinicpbx --home {home} {line}"
    env = {"_CLINICPBX_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    found = CliRunner().invoke(command, [], prog_name="clinicpbx", env=env).output.split()
    assert [word.removeprefix("plain,") for word in found] == offered.split(",")
