"""`clinicpbx rules apply` on a live instance: the very next call follows it, or nothing has changed at all."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator

import pytest

from clinicpbx.demo.phones import Phones
from tests.support.bed import Bed, eventually
from tests.support.clinic_bed import DID, RULES, Clinic, ended

pytestmark = pytest.mark.integration
TO_MENU, TO_ABOUT = "pick_up: {answer: , then: menu}", "pick_up: {answer: , then: about}"


@pytest.fixture(scope="module")
def house(bed: Bed) -> Iterator[Clinic]:
    with ended(bed):
        made = Clinic(bed)
        shutil.rmtree(made.instance.versions)
        write(made, TO_MENU)
        made.bed.clinicpbx("rules", "apply")
        made.start_daemon()
        yield made


@pytest.fixture(autouse=True)
async def tidy(house: Clinic) -> AsyncIterator[None]:
    await house.ready()
    yield
    await house.empty()


def write(house: Clinic, first: str, phone: str = "") -> None:
    """Rules whose calls begin with *first*; *phone*: one more."""
    house.instance.rules.mkdir(exist_ok=True)
    text = RULES.format(trunk=house.trunk, did=DID).replace(TO_MENU, first)
    house.instance.clinic.write_text(text.replace("dids:\n", f"{phone}dids:\n"))


def state(house: Clinic) -> dict[str, str | bytes]:
    """All that a change of the rules may change."""
    folders = (house.instance.generated, house.instance.versions)
    files = {str(path): path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}
    return {**files, "current": str(house.instance.current.readlink()), "daemon": house.ask("status")["rules"]}


def versions(house: Clinic) -> list[str]:
    """The rules of the calls in progress."""
    return sorted(row["version"] for row in house.ask("calls"))


async def apply(house: Clinic) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(house.bed.clinicpbx, "rules", "apply", check=False)


async def test_the_very_next_call_follows_and_calls_in_progress_keep_theirs(house: Clinic, phones: Phones) -> None:
    await (await house.caller(phones)).call(house.number)
    await eventually(lambda: versions(house) == ["000001"])
    write(house, TO_ABOUT)
    assert (await apply(house)).returncode == 0
    await (await phones.phone("next", house.trunk, 5062)).call(house.number)
    await eventually(lambda: versions(house) == ["000001", "000002"])


async def test_asterisk_that_does_not_take_it_keeps_all_as_it_was(house: Clinic, phones: Phones) -> None:
    before = state(house)
    custom = house.instance.asterisk_etc / "custom.d" / "pjsip.conf"
    custom.write_text("[phone-299]\ntype = endpoint\n")  # and the rules name that phone from now on
    write(house, TO_MENU, '  "299": {name: Desk nine, location: desk}\n')
    refused = await apply(house)
    custom.unlink()
    assert refused.returncode == 1
    assert "Asterisk did not take" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert state(house) == before
    await (await house.caller(phones)).call(house.number)
    await eventually(lambda: versions(house) == [before["daemon"]])
    house.bed.rx("module reload res_pjsip.so")


async def test_a_file_that_cannot_be_written_keeps_all_as_it_was(house: Clinic) -> None:
    before = state(house)
    write(house, TO_MENU)
    in_the_way = house.instance.generated / "extensions.conf.new"
    in_the_way.mkdir()
    refused = await apply(house)
    in_the_way.rmdir()
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    assert state(house) == before


async def test_broken_rules_change_nothing_and_every_mistake_is_named(house: Clinic) -> None:
    before = state(house)
    write(house, "pick_up: {answer: , then: nowhere}")
    refused = await apply(house)
    assert refused.returncode == 65
    assert "nowhere" in refused.stdout + refused.stderr
    assert state(house) == before


async def test_asterisk_that_is_away_gets_it_at_its_start(house: Clinic, phones: Phones) -> None:
    house.bed.programs["asterisk"].stop()
    write(house, TO_MENU)
    applied = await apply(house)
    assert applied.returncode == 0
    assert "Asterisk does not run" in applied.stdout + applied.stderr
    house.bed.start_asterisk()
    await house.ready()
    await (await house.caller(phones)).call(house.number)
    await eventually(lambda: versions(house) == [house.instance.current.readlink().name])
    assert house.steps() == ["menu"]
