"""Lists show instants, and people write them, in the clinic's own time; JSON keeps the offset."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from clinicpbx.cli._moment import MOMENT
from clinicpbx.cli.output import show
from clinicpbx.paths import Instance

pytestmark = pytest.mark.unit
HARBOR = Path(__file__).parents[2] / "examples" / "harbor" / "clinic.yaml"
SUMMER, WINTER = datetime(2026, 7, 1, 12, 30, 5, tzinfo=UTC), datetime(2026, 12, 1, 12, 30, 5, tzinfo=UTC)


@click.command()
@click.option("--since", type=MOMENT, default="2026-07-01T08:30")
@click.option("--json", "as_json", is_flag=True)
def listed(since: datetime, as_json: bool) -> None:
    elsewhere = WINTER.astimezone(timezone(timedelta(hours=3)))
    row = {"a": SUMMER, "b": WINTER.isoformat(), "c": elsewhere, "d": since, "e": "2026-07-01", "f": None}
    show("Times", [*"abcdef"], [row], as_json)


def run(home: Path, *words: str, zone: str | None = None) -> str:
    result = CliRunner().invoke(listed, words, obj=Instance(home), env={"TZ": zone})
    assert result.exit_code == 0, result.output
    return result.stdout


def in_force(home: Path, rules: str) -> None:
    folder = home / "versions" / "000001" / "rules"
    folder.mkdir(parents=True)
    (folder / "clinic.yaml").write_text(rules)
    (home / "versions" / "current").symlink_to("000001")


SITES = """\
phones: {}
sites:
  main:
    address: 1 Main St
    timezone: America/New_York
  far: {timezone: Asia/Tokyo}
"""


@pytest.mark.parametrize(
    "rules",
    [
        HARBOR.read_text(),
        SITES,
        SITES.replace("    address", "    # timezone: Asia/Tokyo, until we moved\n    address"),
        'sites: {main: {timezone: "America/New_York"}}\nhours: {clinic: {timezone: Asia/Tokyo}}\n',
    ],
)
def test_lists_are_in_the_time_of_the_first_site(tmp_path: Path, rules: str) -> None:
    in_force(tmp_path, rules)
    shown = run(tmp_path).splitlines()[1]
    assert shown.split("  ")[:2] == ["2026-07-01 08:30:05 EDT", "2026-12-01 07:30:05 EST"]
    assert "2026-12-01 15:30:05 UTC+03:00" in shown, "what is in a zone of its own stays there"
    assert "2026-07-01 08:30:00 EDT  2026-07-01" in shown, "a time is read as it is shown"


def test_tz_decides_before_the_clinic_does(tmp_path: Path) -> None:
    in_force(tmp_path, HARBOR.read_text())
    assert "2026-07-01 12:30:05 UTC" in run(tmp_path, zone="UTC")


@pytest.mark.parametrize("rules", ["sites: {main: {timezone: Nowhere/Else}}", "hours: {a: {timezone: Asia/Tokyo}}", ""])
def test_without_a_zone_in_the_rules_it_is_the_machine_s(tmp_path: Path, rules: str) -> None:
    assert (before := run(tmp_path)), "there are no rules at all"
    in_force(tmp_path, rules)
    assert run(tmp_path) == before


def test_rules_that_cannot_be_read_hide_no_list(tmp_path: Path) -> None:
    before = run(tmp_path)
    in_force(tmp_path, "")
    (tmp_path / "versions" / "000001" / "rules" / "clinic.yaml").write_bytes(b"sites: \xff\xfe")
    assert run(tmp_path) == before


def test_json_keeps_instants_as_they_are(tmp_path: Path) -> None:
    in_force(tmp_path, HARBOR.read_text())
    (row,) = json.loads(run(tmp_path, "--json"))
    assert (row["a"], row["b"]) == (SUMMER.isoformat(), WINTER.isoformat())
    assert row["d"] == "2026-07-01T12:30:00+00:00"
