"""`clinicpbx rules new` on a real Asterisk: applied as it is, called, and the red flag rings the nurse at once."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clinicpbx.demo.phones import Phones
from tests.support.bed import Bed, eventually
from tests.support.clinic_bed import DID, AppliedClinic, ended

pytestmark = pytest.mark.integration


class New(AppliedClinic):
    """A clinic begun by the command."""

    began = datetime.now(UTC)


@pytest.fixture(scope="module")
def house(bed: Bed) -> Iterator[New]:
    with ended(bed):
        made = New(bed)
        made.began = datetime.now(UTC)
        for folder in (made.instance.versions, made.instance.rules):
            shutil.rmtree(folder, ignore_errors=True)
        start = ("--template", "paediatrics", "--carrier", made.trunk, "--number", DID, "--languages", "en,es")
        bed.clinicpbx("rules", "new", *start)
        bed.clinicpbx("rules", "apply", "--no-selftest", "--why", "the first day")
        made.start_daemon()
        yield made


async def test_a_red_flag_reaches_the_nurse(house: New, phones: Phones) -> None:
    await house.ready()
    nurse, caller = await house.desk(phones, "203"), await house.caller(phones)
    house.ask("agent.login", agent="nurse1")
    await eventually(lambda: house.agent("nurse1") == "free", 10)
    await nurse.auto_answer()
    await caller.call(house.number)
    await eventually(lambda: house.steps() == ["language"], 10)
    await caller.dtmf("2")
    await eventually(lambda: house.steps() in (["menu"], ["closed"]), 10)
    assert house.ask("calls")[0]["language"] == "es"
    await caller.dtmf("1")
    await eventually(lambda: house.agent("nurse1") == "talking", 30)
    await caller.hangup()
    await house.empty()


def test_the_recorded_call_is_replayed_under_a_draft(house: New, tmp_path: Path) -> None:
    """After the red flag's call; the daemon that has the journal open goes on."""
    since = ("--since", house.began.isoformat(timespec="seconds"))
    same = house.bed.clinicpbx("rules", "replay", *since, "--json", check=False)
    assert (same.returncode, json.loads(same.stdout)) == (0, []), same.stderr
    draft = tmp_path / "draft"
    shutil.copytree(house.instance.rules, draft)
    text = (draft / "clinic.yaml").read_text()
    first, other_way = "{play: emergency-words, then: urgent}", "{play: about-us, then: frontdesk}"
    assert first in text
    (draft / "clinic.yaml").write_text(text.replace(first, other_way))
    other = house.bed.clinicpbx("rules", "replay", *since, "--file", str(draft / "clinic.yaml"), "--json", check=False)
    (found,) = json.loads(other.stdout)
    assert other.returncode == 1, other.stderr
    assert (found["went"], found["would_go"][:20]) == ("emergency-words → nurse → answered", "about-us → frontdesk")
    assert found["where"].startswith(str(draft / "clinic.yaml"))


def test_its_version_keeps_the_template_and_says_what_it_is(house: New) -> None:
    kept = house.instance.current / "rules" / "templates"
    assert {path.stem for path in kept.iterdir()} == {"general", "obstetrics", "paediatrics", "psychiatry"}
    (version,) = json.loads(house.bed.clinicpbx("rules", "history", "--json").stdout)
    assert (version["why"], version["changes"]) == ("the first day", ["the first rules of this clinic"])
    people = house.instance.rules / "people.yaml"
    people.write_text(
        people.read_text().replace("phone: 203, queues: [nurse]", "phone: 203, queues: [nurse, frontdesk]")
    )
    told = house.bed.clinicpbx("rules", "diff", check=False)
    assert (told.returncode, "Nurse 1 takes calls of frontdesk; affects 1 DID: Main line" in told.stdout) == (1, True)
    applied = house.bed.clinicpbx("rules", "apply", "--no-selftest", "--why", "help out")
    assert applied.stderr.count("Nurse 1 takes calls") == 1
    again = house.bed.clinicpbx("rules", "apply", "--no-selftest")
    assert "was already in force" in again.stderr
