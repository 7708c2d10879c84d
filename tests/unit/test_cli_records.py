"""calls, report and db: what they print, what they hide, how they refuse."""

import asyncio
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from clinicpbx.adapters.db.engine import make_engine, parse_url
from clinicpbx.adapters.db.ingest import Batch, Cursor
from clinicpbx.adapters.db.intake import take_in
from clinicpbx.adapters.db.migrate import newest
from clinicpbx.adapters.db.numbers import as_keyed, e164, masked, printable
from clinicpbx.cli.main import command
from clinicpbx.core.records.path import path
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance
from clinicpbx.reports import REPORTS
from tests.support.record_database import make_database
from tests.support.record_tables import tables
from tests.support.report_calls import write_calls

pytestmark = pytest.mark.unit
CALLS = dict(tables(Path(__file__).parents[1] / "scenario" / "records"))
NUMBER = "+12125550147"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    instance = Instance(tmp_path_factory.mktemp("instance"))
    url = f"sqlite:///{instance.database}"

    async def fill() -> None:
        await make_database(url)
        engine = make_engine(url, writes=True)
        await write_calls(engine)
        for name in ("blind transfer", "fallback answered", "outbound", "transfer to the outside"):
            kinds = {kind: enumerate(getattr(CALLS[name], kind), 1) for kind in ("cel", "cdr", "fact")}
            spooled = {kind: [(n, tuple(row.values())) for n, row in rows] for kind, rows in kinds.items()}
            batches = [Batch(Cursor(kind, name, name, 0), rows, "") for kind, rows in spooled.items() if rows]
            await take_in(engine, batches)
        await engine.dispose()

    asyncio.run(fill())
    return instance.home


def run(home: Path, *words: str) -> Result:
    Instance(home).keys.mkdir(exist_ok=True)
    return CliRunner().invoke(command, ["--home", str(home), *words], env={"CLINICPBX_DATABASE_URL": ""})


def call_of(name: str) -> str:
    return CALLS[name].cel[0]["uniqueid"]


def test_numbers_are_masked_unless_asked_for(home: Path) -> None:
    for words in (["list", "--since", "2026-11-23T00:00+00:00"], ["show", call_of("blind transfer")]):
        for form in ([], ["--json"]):
            hidden, shown = run(home, "calls", *words, *form), run(home, "calls", *words, *form, "--unmask")
            assert hidden.exit_code == shown.exit_code == 0, hidden.output
            assert NUMBER not in hidden.output
            assert NUMBER[1:] not in hidden.output
            assert NUMBER in shown.output


def test_the_outside_number_of_a_transfer_is_masked_unless_asked_for(home: Path) -> None:
    for form in ([], ["--json"]):
        words = ["calls", "show", call_of("transfer to the outside"), *form]
        hidden, shown = run(home, *words), run(home, *words, "--unmask")
        assert hidden.exit_code == shown.exit_code == 0, hidden.output
        assert "12075550190" in shown.stdout
        assert "2075550190" not in hidden.output
    (move,) = json.loads(hidden.stdout)["transfers"]
    assert (move["kind"], move["by"], move["to"]) == ("blind", "201", "…90")


def test_the_list_is_newest_first_and_bounded(home: Path) -> None:
    found = json.loads(run(home, "calls", "list", "--since", "2026-11-23", "--json", "--limit", "4").stdout)
    starts = [row["started"] for row in found]
    assert len(found) == 4
    assert starts == sorted(starts, reverse=True)
    assert json.loads(run(home, "calls", "list", "--since", "2036-01-01", "--json").stdout) == []


def test_show_has_queues_offers_and_transfers(home: Path) -> None:
    found = json.loads(run(home, "calls", "show", call_of("blind transfer"), "--json").stdout)
    assert [(move["kind"], move["by"], move["to"]) for move in found["transfers"]] == [("blind", "101", "102")]
    assert found["queues"][0]["queue"] == "front-desk"
    assert found["offers"][0]["agent"] == "101"
    assert found["menu_path"] == ["main-menu:2"]
    assert "front-desk" in run(home, "calls", "show", call_of("blind transfer").split("-")[1]).stdout


def test_show_has_a_bar_for_each_channel(home: Path) -> None:
    call = call_of("blind transfer")
    found = json.loads(run(home, "calls", "show", call, "--json").stdout)
    legs = [(leg["role"], leg["party"]) for leg in found["legs"]]
    assert legs == [("caller", ""), ("agent", "101"), ("phone", "102")]
    shown = run(home, "calls", "show", call).stdout
    bars = [line for line in shown.splitlines() if "━" in line or "~" in line]
    assert [line.split("  ")[0] for line in bars] == ["caller", "queue front-desk", "agent 101", "phone 102"]
    assert len({line.rindex("━") for line in (bars[0], bars[3])}) == 1, "both were there at the end"


def test_what_show_prints_is_documented(home: Path) -> None:
    told = (Path(__file__).parents[2] / "docs" / "call-record.md").read_text()
    found = json.loads(run(home, "calls", "show", call_of("blind transfer"), "--json").stdout)
    names = [*found, *found["queues"][0], *found["offers"][0], *found["legs"][0], *found["transfers"][0]]
    assert [name for name in names if not re.search(rf"[`{{ ]{name}[`,}}]", told)] == []


def test_why_tells_the_steps(home: Path) -> None:
    found = json.loads(run(home, "calls", "why", call_of("blind transfer"), "--json").stdout)
    assert [(row["step"], row["outcome"]) for row in found][:4] == [
        ("", "arrived"),
        ("main-menu", "entered"),
        ("main-menu", "key"),
        ("main-menu", "key-2"),
    ]
    assert "fallback took the call" in run(home, "calls", "why", call_of("fallback answered")).stdout
    assert "no daemon took part" in run(home, "calls", "why", call_of("outbound")).stdout


def test_every_kind_of_fact_has_a_line() -> None:
    facts = [fact for call in CALLS.values() for fact in call.group().facts]
    assert len(path(facts)) == len(facts)


def test_a_call_that_is_not_there_is_refused(home: Path) -> None:
    result = run(home, "calls", "show", "clinic-1.1")
    assert isinstance(result.exception, ClinicPBXError)
    assert "no record of call" in str(result.exception)


def test_no_database_is_said_and_none_is_made(tmp_path: Path) -> None:
    result = run(tmp_path, "calls", "list")
    assert isinstance(result.exception, ClinicPBXError)
    assert result.exception.exit_code == 69
    assert [path.name for path in tmp_path.iterdir()] == ["keys"]


@pytest.mark.parametrize("name", REPORTS)
def test_reports_print_rows_and_their_formula(home: Path, name: str) -> None:
    words = ["report", name, "--from", "2026-11-24T00:00+00:00", "--to", "2026-11-24T00:05+00:00"]
    result = run(home, *words, "--json")
    assert json.loads(result.stdout)["formula"] == REPORTS[name].formula
    table = run(home, *words)
    assert table.exit_code == 0
    assert REPORTS[name].formula in table.stderr


def test_reports_are_listed_and_a_wrong_name_is_usage(home: Path) -> None:
    assert [row["name"] for row in json.loads(run(home, "report", "--json").stdout)] == sorted(REPORTS)
    assert run(home, "report", "nothing").exit_code == 2
    assert run(home, "report", "call_volume", "--from", "soon").exit_code == 2


def test_the_schema_goes_up_down_and_tells(tmp_path: Path) -> None:
    assert f"empty → {newest()}" in run(tmp_path, "db", "upgrade").stderr
    assert "nothing to do" in run(tmp_path, "db", "upgrade").stderr
    assert json.loads(run(tmp_path, "db", "status", "--json").stdout)[0]["differences"] == 0
    assert isinstance(run(tmp_path, "db", "downgrade", "base").exception, ClinicPBXError)
    assert run(tmp_path, "db", "downgrade", "base", "--yes").exit_code == 0


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ("+12125550147", "+12125550147"),
        ("2125550147", "+12125550147"),
        ("12125550147", "+12125550147"),
        ("(212) 555-0147", "+12125550147"),
        ("+442079460018", "+442079460018"),
        ("anonymous", ""),
        ("", ""),
        ("101", ""),
        ("+1212555\r\n0147", ""),
    ],
)
def test_numbers_are_normalised(raw: str, number: str) -> None:
    assert e164(raw) == number


@pytest.mark.parametrize(
    ("digits", "caller", "number"),
    [
        ("2075550199", "", "+12075550199"),
        ("5550199", "+16035550100", "+16035550199"),
        ("5550199", "", "+12125550199"),
        ("5550199", "+442079460100", "+12125550199"),
        ("911", "+16035550100", ""),
        ("", "+16035550100", ""),
    ],
)
def test_seven_keyed_digits_are_of_the_callers_area_else_of_the_clinics(digits: str, caller: str, number: str) -> None:
    assert as_keyed(digits, caller, "+12125550100") == number


def test_seven_keyed_digits_are_no_number_where_no_area_is_known() -> None:
    assert as_keyed("5550199", "", "+442079460100") == ""


def test_masks_and_hostile_names() -> None:
    assert masked(NUMBER) == "…47"
    assert masked("101") == "101"
    assert printable("eve\r\nEvent: Cdr") == "eve��Event: Cdr"
    assert len(printable("x" * 1000)) == 64


@pytest.mark.parametrize("url", ["mysql://x/y", "nonsense"])
def test_a_database_we_do_not_speak_is_refused(url: str) -> None:
    with pytest.raises(ClinicPBXError):
        parse_url(url)
