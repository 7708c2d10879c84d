"""Phones and agents out of a table: as spreadsheets write it, every mistake at its line, nothing half-written."""

from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from clinicpbx.cli.main import command
from clinicpbx.errors import RulesRefused
from clinicpbx.rules.compile import read_rules
from clinicpbx.rules.people_table import read_table, to_yaml
from clinicpbx.rules.tree import Tree

pytestmark = pytest.mark.unit
GOOD = """extension,name,location,mailbox,lamps,allow,agent,agent_name,queues,licences
201,"Front desk, left",reception,frontdesk,frontdesk refills,local,ana,Ana,frontdesk nurse,rn lpn
202,=HYPERLINK("x"),reception,,,,,,,
203,Nurse,reception,nurse,refills,,dora,Dora,nurse,rn
"""


def test_the_rows_become_phones_and_agents() -> None:
    value = Tree("people.yaml", to_yaml(read_table("p.csv", GOOD.encode())).encode()).value
    assert value["phones"]["201"]["name"] == "Front desk, left"
    assert value["phones"]["201"]["lamps"] == ["frontdesk", "refills"]
    assert value["phones"]["202"] == {"name": '=HYPERLINK("x")', "location": "reception"}
    assert value["agents"]["ana"] == {"name": "Ana", "phone": "201", "queues": ["frontdesk", "nurse"],
                                      "licences": ["rn", "lpn"]}  # fmt: skip
    assert list(value["agents"]) == ["ana", "dora"]


@pytest.mark.parametrize("raw", [b"\xef\xbb\xbf" + GOOD.encode(), GOOD.replace("\n", "\r\n").encode()])
def test_as_spreadsheets_write_it(raw: bytes) -> None:
    assert len(read_table("p.csv", raw)) == 3


def test_semicolons() -> None:
    (one,) = read_table("p.csv", b"extension;name\n201;Desk, left\n")
    assert one.phone == {"name": "Desk, left"}


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"extension,nam\n201,A\n", ["1: no column is named 'nam'; did you mean 'name'?", "1: needs the column name"]),
        (b"", ["1: needs the column extension", "1: needs the column name"]),
        (
            b"extension,name\n2x,A\n201,\n201,B,C\n",
            ["2: '2x' is not an internal number", "3: needs name", "4: has 3 cells"],
        ),
        (b"extension,name\n201,A\n201,B\n", ["3: extension 201 is there already, in line 2"]),
        (b"extension,name,agent,queues\n201,A,ana,d\n202,B,ana,d\n", ["3: agent ana is there already, in line 2"]),
        (b"extension,name,agent\n201,A,ana\n", ["2: needs queues"]),
        (b"extension,name,allow\n201,A,Front Desk!\n", ["2: needs 'internal', 'local' or 'international'"]),
        (b'extension,name\n201,"A\n', ["cannot be read as a table"]),
        (b"extension,name\n201,\xff\n", ["2: is not UTF-8 text"]),
        (b"extension,name\n201,\0\n", ["2: holds a NUL character"]),
        (b"x" * 6_000_000, ["1: the table is larger than 5 MB"]),
    ],
)
def test_every_mistake_with_its_line(raw: bytes, told: list[str]) -> None:
    with pytest.raises(RulesRefused) as refused:
        read_table("p.csv", raw)
    found = [f"{mistake.line}: {mistake.problem}" for mistake in refused.value.mistakes]
    assert len(found) == len(told)
    for part in told:
        assert any(part in line for line in found), found


@given(st.text(max_size=80))
def test_no_text_means_anything_but_itself(name: str) -> None:
    import csv
    import io

    table = io.StringIO()
    csv.writer(table).writerows([["extension", "name"], ["201", name]])
    try:
        (one,) = read_table("p.csv", table.getvalue().encode("utf-8", "surrogatepass"))
    except RulesRefused:
        return
    assert Tree("p", to_yaml([one]).encode()).value["phones"]["201"]["name"] == name.strip()


def test_the_command_writes_what_a_clinic_can_include(tmp_path: Path) -> None:
    start = ["rules", "new", "--template", "general", "--to", str(tmp_path)]
    assert CliRunner().invoke(command, start).exit_code == 0
    table, people = tmp_path / "p.csv", tmp_path / "people.yaml"
    table.write_text(GOOD)
    refused = CliRunner().invoke(command, ["rules", "import-csv", str(table), "--to", str(people)])
    assert (refused.exit_code, "Front desk 1" in people.read_text()) == (1, True)
    done = CliRunner().invoke(command, ["rules", "import-csv", str(table), "--to", str(people), "--force"])
    assert done.exit_code == 0
    rules = read_rules(tmp_path / "clinic.yaml", date(2026, 11, 24), prove=False)
    assert sorted(rules.document.phones) == ["201", "202", "203"]
