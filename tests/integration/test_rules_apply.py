"""`clinicpbx rules apply` on a live instance: the very next call follows it, or nothing has changed at all."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import pytest

from clinicpbx.demo.phones import Phones
from tests.support.bed import Bed, eventually
from tests.support.clinic_bed import DID, RULES, AppliedClinic, Clinic, ended

pytestmark = pytest.mark.integration
TO_MENU, TO_ABOUT = "pick_up: {answer: , then: menu}", "pick_up: {answer: , then: about}"


@pytest.fixture(scope="module")
def house(bed: Bed) -> Iterator[Clinic]:
    with ended(bed):
        made = AppliedClinic(bed)
        shutil.rmtree(made.instance.versions)
        write(made, TO_MENU)
        made.bed.clinicpbx("rules", "apply", "--no-selftest")
        made.start_daemon()
        yield made


@pytest.fixture(autouse=True)
async def tidy(house: Clinic) -> AsyncIterator[None]:
    await house.ready()
    yield
    await house.empty()


def write(house: Clinic, first: str, phone: str = "", line: str = "") -> None:
    """Rules whose calls begin with *first*; *phone* and *line*: one more of them."""
    house.instance.rules.mkdir(exist_ok=True)
    text = RULES.format(trunk=house.trunk, did=DID).replace(TO_MENU, first)
    house.instance.clinic.write_text(text.replace("dids:\n", f"{phone}dids:\n{line}"))


def state(house: Clinic) -> dict[str, str | bytes]:
    """All that a change of the rules may change."""
    folders = (house.instance.generated, house.instance.versions)
    files = {str(path): path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}
    return {**files, "current": str(house.instance.current.readlink()), "daemon": house.ask("status")["rules"]}


def versions(house: Clinic) -> list[str]:
    """The rules of the calls in progress."""
    return sorted(row["version"] for row in house.ask("calls"))


async def apply(house: Clinic) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(house.bed.clinicpbx, "rules", "apply", "--no-selftest", check=False)


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


async def killed_after(house: Clinic, step: int) -> int:
    """The exit code of an apply that is killed after that step: -9, or 0 where it has fewer."""
    command = [sys.executable, "-m", "tests.support.killed_apply", str(step)]
    home = {**os.environ, "CLINICPBX_HOME": str(house.instance.home)}
    return (await asyncio.to_thread(subprocess.run, command, env=home, capture_output=True, check=False)).returncode


async def test_killed_after_any_step_the_next_call_is_taken_and_the_next_apply_ends_it(
    house: Clinic, phones: Phones
) -> None:
    caller, killed = await house.caller(phones), 0
    for step in range(1, 60):
        number = f"+1207555{1000 + step}"
        wanted = f'  "{number}": {{name: Line {step}, flow: main, fallback: {{mailbox: desk}}}}\n'
        write(house, TO_MENU, line=wanted)
        if await killed_after(house, step) == 0:
            break
        killed += 1
        if step % 4 == 1:  # a call at this moment, by the rules before or after
            await caller.call(house.number)
            await eventually(lambda: house.steps() == ["menu"], 10)
            await caller.hangup()
            await eventually(lambda: not house.steps(), 10)
        again = await apply(house)
        assert again.returncode == 0, again.stderr
        assert number in house.bed.rx(f"dialplan show {number}@cpbx-from-trunk"), step
        assert house.ask("status")["rules"] == house.instance.current.readlink().name
        assert not [*house.instance.versions.glob("new-*"), *house.instance.generated.glob("unloaded")]
    assert killed > 12


async def test_a_full_disk_keeps_all_as_it_was(house: Clinic) -> None:
    before = state(house)
    write(house, TO_ABOUT)
    folder = house.instance.versions
    kept = folder.with_name("kept")
    shutil.copytree(folder, kept, symlinks=True)
    size = sum(path.stat().st_size for path in folder.rglob("*")) + 8192 * sum(1 for _ in folder.rglob("*"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        shutil.copytree(kept, folder, symlinks=True, dirs_exist_ok=True)
        with suppress(OSError), (folder / "full").open("wb", buffering=0) as full:
            while full.write(b"x" * 4096):
                pass
        refused = await apply(house)
        (folder / "full").unlink()
        assert state(house) == before
    finally:
        subprocess.run(["umount", str(folder)], check=True)
        shutil.rmtree(kept)
    assert (refused.returncode, "Traceback" in refused.stderr) == (1, False), refused.stderr
    assert "space" in refused.stderr
    assert state(house) == before


async def test_a_hung_daemon_takes_the_rules_when_it_wakes(house: Clinic, phones: Phones) -> None:
    daemon = house.bed.programs["daemon"]
    daemon.pause()
    write(house, TO_ABOUT)
    applied = await apply(house)
    daemon.resume()
    assert applied.returncode == 0, applied.stderr
    await eventually(lambda: house.ask("status")["rules"] == house.instance.current.readlink().name, 20)
    await (await house.caller(phones)).call(house.number)
    await eventually(lambda: versions(house) == [house.instance.current.readlink().name], 10)
    assert house.steps() == ["about"]


async def test_a_damaged_version_in_force_is_made_anew(house: Clinic) -> None:
    damaged = house.instance.current.readlink().name
    (house.instance.versions / damaged / "meta.json").write_text("{")
    shutil.rmtree(house.instance.versions / damaged / "rules")
    applied = await apply(house)
    assert applied.returncode == 0, applied.stderr
    assert int(house.instance.current.readlink().name) == int(damaged) + 1
    shown = json.loads(house.bed.clinicpbx("rules", "history", "--json").stdout)
    assert damaged not in [row["version"] for row in shown]


async def test_the_clinics_own_contexts_and_files_outlive_every_apply(house: Clinic, phones: Phones) -> None:
    custom = house.instance.asterisk_etc / "custom.d" / "extensions.conf"
    own = "[cpbx-phones-custom](+)\nexten => 777,1,Answer(,i)\n same => n,Wait(20)\n same => n,Hangup()\n"
    custom.write_text(own)
    try:
        for first in (TO_MENU, TO_ABOUT):
            write(house, first)
            assert (await apply(house)).returncode == 0
        desk = await house.desk(phones, "201")
        await desk.call(f"sip:777@{house.bed.sip}")
        await desk.expect("connected")
        assert custom.read_text() == own
    finally:
        custom.unlink()
        house.bed.rx("dialplan reload")


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
