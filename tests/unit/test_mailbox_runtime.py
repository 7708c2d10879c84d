"""A message from the first word to the lamp, with a real vault in a folder."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clinicpbx.adapters.metrics import Metrics
from clinicpbx.adapters.vault.claim import Claim, claims_folder, write_claim
from clinicpbx.adapters.vault.keyring import make_root_key
from clinicpbx.adapters.vault.message import Message
from clinicpbx.adapters.vault.pins import Pins
from clinicpbx.adapters.vault.store import Vault, plain_of
from clinicpbx.core.commands import (
    DeleteMessage,
    DropMessage,
    FetchMessage,
    KeepMessage,
    MarkHeard,
    OpenMailbox,
    Record,
)
from clinicpbx.core.events import Event, MailboxOpened, MailboxRefused, MessageDamaged, MessageReady
from clinicpbx.daemon import mailbox_runtime as module
from clinicpbx.daemon import recordings
from clinicpbx.daemon.audit_trail import waiting
from clinicpbx.daemon.mailbox_runtime import MailboxRuntime
from clinicpbx.paths import Instance
from clinicpbx.private import Private
from tests.support.vaults import a_message, noted, vault_running

pytestmark = pytest.mark.unit

NOW = datetime(2030, 1, 7, 15, 0, tzinfo=UTC)
SPOKEN = bytes(range(256)) * 100
RECORDING = "c1.1.r"
RECORD = Record(RECORDING, "desk", "m1", timedelta(minutes=3), timedelta(seconds=5))
PIN = Private("7391")
KEEP = KeepMessage("desk", "m1", RECORDING, Private("2075550142"), True, "en")


class House:
    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.delivered: list[tuple[str, Event]] = []
        self.runtime = self.fresh()
        self.vault = Vault(instance)
        instance.recordings.mkdir(parents=True)
        make_root_key(instance)
        Pins(instance).set_pin("desk", PIN)

    def fresh(self) -> MailboxRuntime:
        self.metrics = Metrics()
        deliver = lambda call, event: self.delivered.append((call, event))  # noqa: E731
        return MailboxRuntime(self.instance, self.metrics, deliver, lambda: NOW)

    @property
    def recording(self) -> Path:
        return self.instance.recordings / f"{RECORDING}.ulaw"

    async def settle(self) -> None:
        while self.runtime._tasks:
            await asyncio.wait(set(self.runtime._tasks))

    async def message(self) -> None:
        self.recording.write_bytes(SPOKEN)
        self.runtime.recordings.begin("c1", Private("2075550142"), "en", RECORD, NOW)
        self.runtime.recordings.ended(RECORDING)
        self.runtime.perform("c1", KEEP, NOW)
        await self.settle()

    async def open(self) -> None:
        self.runtime.perform("c2", OpenMailbox("desk", PIN), NOW)
        await self.settle()

    def lamp(self) -> tuple[int, int]:
        folder = self.instance.clear / "voicemail" / "cpbx" / "desk"
        return len(list((folder / "INBOX").glob("*.txt"))), len(list((folder / "Old").glob("*.txt")))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """With the vault process beside it."""
    house = House(Instance(tmp_path))
    with vault_running(house.instance):
        yield house
        await house.runtime.stop()


async def test_kept_sealed_and_lit(house: House) -> None:
    await house.message()
    assert plain_of(house.vault, "desk", "m1") == SPOKEN
    known = house.vault.message("desk", "m1")
    assert (known.number, known.confirmed, known.call, known.received) == (Private("2075550142"), True, "c1", NOW)
    assert not house.recording.exists()
    assert house.lamp() == (1, 0)


async def test_dropped(house: House) -> None:
    house.recording.write_bytes(SPOKEN)
    house.runtime.recordings.begin("c1", None, "en", RECORD, NOW)
    house.runtime.recordings.ended(RECORDING)
    house.runtime.perform("c1", DropMessage("desk", "m1", RECORDING), NOW)
    await house.settle()
    assert not house.recording.exists()
    assert house.vault.list("desk").messages == ()


async def test_hung_up_before_asterisk_closed_the_file(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordings, "WRITTEN_WITHIN", 0.05)
    house.recording.write_bytes(SPOKEN)
    house.runtime.recordings.begin("c1", None, "en", RECORD, NOW)
    house.runtime.perform("c1", KEEP, NOW)
    await house.settle()
    assert plain_of(house.vault, "desk", "m1") == SPOKEN


async def test_kept_by_the_daemon_after_a_crash(house: House) -> None:
    house.recording.write_bytes(SPOKEN)
    house.runtime.recordings.begin("c1", Private("2075550199"), "en", RECORD, NOW)
    house.runtime.recordings.ended(RECORDING)
    await house.settle()
    house.runtime = house.fresh()
    house.runtime.perform("c1", KEEP, NOW + timedelta(seconds=9))
    await house.settle()
    known = house.vault.message("desk", "m1")
    assert (known.caller, known.received) == (Private("2075550199"), NOW), "the claim knew"


async def test_the_start_seals_what_was_left_and_clears_what_was_heard(house: House) -> None:
    house.recording.write_bytes(SPOKEN)
    house.runtime.recordings.begin("c1", None, "en", RECORD, NOW)
    house.runtime.recordings.ended(RECORDING)
    await house.settle()
    hear = house.instance.clear / "hear"
    hear.mkdir()
    (hear / "old.ulaw").write_bytes(SPOKEN)
    house.runtime = house.fresh()
    await house.runtime.start(["desk"])
    assert plain_of(house.vault, "desk", "m1") == SPOKEN
    assert not list(hear.iterdir())
    assert house.lamp() == (1, 0)


async def test_a_live_recording_is_not_swept(house: House) -> None:
    house.recording.write_bytes(SPOKEN)
    house.runtime.recordings.begin("c1", None, "en", RECORD, NOW)
    await house.runtime.start([])
    assert house.recording.exists()


async def test_the_sweeper_goes_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SWEPT_EVERY", 0)
    house.recording.write_bytes(SPOKEN)
    task = asyncio.create_task(house.runtime.keep_sweeping())
    async with asyncio.timeout(5):
        while house.recording.exists():
            await asyncio.sleep(0)
    task.cancel()


async def test_what_any_process_left_in_clear_is_gone_with_the_first_sweep_but_for_what_is_at_work(
    house: House,
) -> None:
    await house.message()
    await house.open()
    house.runtime.perform("c2", FetchMessage("desk", "m1"), NOW)
    await house.settle()
    (listened,) = (house.instance.clear / "hear").iterdir()
    claims, hear, recorded = claims_folder(house.instance), listened.parent, house.instance.recordings
    house.recording.write_bytes(SPOKEN)  # nobody follows it any more
    (recorded / "fallback" / "desk").mkdir(parents=True)
    (recorded / "fallback" / "desk" / "pbx-1.7.ulaw").write_bytes(SPOKEN)
    (recorded / "c9.1.r.ulaw").write_bytes(SPOKEN)
    (recorded / "c8.1.r.ulaw").write_bytes(b"")
    write_claim(house.instance, Claim.on(house.instance, "c7.1.r", a_message()))  # Asterisk never wrote it
    torn = [claims / ".c1.json.1.tmp", hear / "a.tmp", hear / "b.ulaw"]
    for path in torn:
        path.write_bytes(SPOKEN)
    await house.runtime._sweep()
    assert {*files(house.instance)} == {listened, *torn}, "another process may be writing these, just now"
    for path, at in zip((listened, *torn), (0, 0, 0, 2**32), strict=True):
        os.utime(path, (at, at))
    await house.runtime._sweep()
    assert files(house.instance) == [listened]
    assert house.vault.counts("desk") == (2, 0)
    assert house.vault.counts("unclaimed") == (2, 0)
    house.runtime.call_gone("c2")
    assert files(house.instance) == []


def files(instance: Instance) -> list[Path]:
    """What lies in clear, but for the lamps, which have nothing of a patient."""
    lamps = instance.clear / "voicemail"
    return sorted(path for path in instance.clear.rglob("*") if path.is_file() and lamps not in path.parents)


async def test_what_cannot_be_sealed_is_counted_and_said_once(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "SWEPT_EVERY", 0)
    public = house.instance.public_keys
    public.rename(public.with_name("away"))
    house.recording.write_bytes(SPOKEN)
    for _ in range(2):
        await house.runtime.start([])
    ((why, recordings),) = house.runtime.recordings.unsealed.items()
    assert (recordings, "no public key" in why, "clinicpbx keys new" in why) == (1, True, True)
    assert b"clinicpbx_unsealed_recordings 1.0" in house.metrics.text()
    assert "".join(capsys.readouterr()).count("recordings wait to be sealed") == 1
    public.with_name("away").rename(public)
    await house.runtime.start([])
    assert not house.runtime.recordings.unsealed
    assert b"clinicpbx_unsealed_recordings 0.0" in house.metrics.text()


async def test_opening_hearing_and_deleting(house: House) -> None:
    await house.message()
    house.runtime.perform("c2", OpenMailbox("desk", Private("7391")), NOW)
    await house.settle()
    (_, opened) = house.delivered.pop()
    assert isinstance(opened, MailboxOpened)
    assert [(each.message, each.new) for each in opened.messages] == [("m1", True)]

    house.runtime.perform("c2", FetchMessage("desk", "m1"), NOW)
    await house.settle()
    (_, ready) = house.delivered.pop()
    assert isinstance(ready, MessageReady)
    clear = Path(ready.sound.value + ".ulaw")
    assert clear.read_bytes() == SPOKEN
    house.runtime.perform("c2", MarkHeard("desk", "m1"), NOW)
    await house.settle()
    assert house.lamp() == (0, 1)
    house.runtime.call_gone("c2")
    assert not clear.exists()
    house.runtime.perform("c2", DeleteMessage("desk", "m1"), NOW)
    await house.settle()
    assert house.lamp() == (0, 0)


async def test_each_step_at_a_phone_is_noted_before_it_is_done(house: House) -> None:
    await house.message()
    house.runtime.phone_of = {"c2": "204"}.get  # type: ignore[assignment]
    await house.open()
    for command in (FetchMessage("desk", "m1"), MarkHeard("desk", "m1"), DeleteMessage("desk", "m1")):
        house.runtime.perform("c2", command, NOW)
        await house.settle()
    assert noted(house.instance) == [
        ("voicemail.open", "desk"),
        ("voicemail.hear", "desk/m1"),
        ("voicemail.delete", "desk/m1"),
    ]
    assert {one.entry.actor for one in waiting(house.instance)} == {"phone:204"}


async def test_a_call_that_gave_no_pin_hears_nothing(house: House) -> None:
    await house.message()
    house.runtime.perform("c3", FetchMessage("desk", "m1"), NOW)
    house.runtime.perform("c3", DeleteMessage("desk", "m1"), NOW)
    await house.settle()
    assert house.delivered == [("c3", MailboxRefused(at=NOW, mailbox="desk", why="unreadable"))]
    assert plain_of(house.vault, "desk", "m1") == SPOKEN


async def test_a_daemon_started_again_goes_on_for_the_call_that_gave_the_pin(house: House) -> None:
    await house.message()
    await house.open()
    house.runtime = house.fresh()
    house.runtime.perform("c2", FetchMessage("desk", "m1"), NOW)
    await house.settle()
    assert isinstance(house.delivered[-1][1], MessageReady)


async def test_a_message_on_hold_is_not_deleted_at_a_phone(house: House) -> None:
    await house.message()
    house.vault.hold("desk", "m1", "a case", NOW)
    await house.open()
    house.runtime.perform("c2", DeleteMessage("desk", "m1"), NOW)
    await house.settle()
    assert house.lamp() == (1, 0)


async def test_cut_off_by_a_loss_of_power_it_is_recovered_once_the_vault_is_there(tmp_path: Path) -> None:
    house = House(Instance(tmp_path))
    told: list[Message] = []
    house.recording.write_bytes(SPOKEN)
    house.runtime.recordings.begin("c1", Private("2075550142"), "en", RECORD, NOW)
    house.runtime.recordings.ended(RECORDING)
    await house.settle()
    [sealing] = house.runtime.recordings._sealing.values()
    assert sealing.job is not None
    sealing.job.step()
    house.recording.unlink()
    sealing.job.close()  # the kernel closes what a dead process had open
    house.runtime = house.fresh()
    house.runtime.recordings.left_behind = told.append
    await house.runtime.start(["desk"])
    assert house.lamp() == (0, 0)
    with vault_running(house.instance):
        await house.runtime.start(["desk"])
    assert house.lamp() == (1, 0)
    assert [(message.call, message.mailbox, message.id) for message in told] == [("c1", "desk", "m1")]
    assert house.vault.message("desk", "m1").truncated


async def test_without_the_vault_messages_are_taken_and_lamps_show_them(tmp_path: Path) -> None:
    house = House(Instance(tmp_path))
    await house.message()
    assert house.lamp() == (1, 0)
    assert not house.recording.exists()
    await house.open()
    assert house.delivered == [("c2", MailboxRefused(at=NOW, mailbox="desk", why="unreadable"))]
    house.runtime.perform("c2", FetchMessage("desk", "m1"), NOW)
    await house.settle()
    assert house.delivered[1:] == [("c2", MailboxRefused(at=NOW, mailbox="desk", why="unreadable"))]


async def test_lamps_follow_what_somebody_else_changed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SWEPT_EVERY", 0)
    await house.message()
    house.vault.delete("desk", "m1")
    task = asyncio.create_task(house.runtime.keep_sweeping())
    async with asyncio.timeout(5):
        while house.lamp() != (0, 0):
            await asyncio.sleep(0)
    task.cancel()


async def test_nobody_listens_any_more_when_it_is_opened(house: House) -> None:
    await house.message()
    await house.open()
    house.delivered.clear()
    house.runtime.is_open = lambda call: False
    house.runtime.perform("c2", FetchMessage("desk", "m1"), NOW)
    await house.settle()
    assert house.delivered == []
    assert not list((house.instance.clear / "hear").iterdir())


async def test_a_wrong_pin(house: House) -> None:
    house.runtime.perform("c2", OpenMailbox("desk", Private("0000")), NOW)
    await house.settle()
    assert house.delivered == [("c2", MailboxRefused(at=NOW, mailbox="desk", why="wrong"))]
    assert noted(house.instance) == [("voicemail.pin_refused", "desk")]


async def test_without_the_root_key_nothing_is_readable(house: House) -> None:
    await house.message()
    (house.instance.keys / "root.key").unlink()
    await house.open()
    assert house.delivered == [("c2", MailboxRefused(at=NOW, mailbox="desk", why="unreadable"))]


async def test_a_damaged_message_says_so(house: House) -> None:
    await house.message()
    await house.open()
    house.delivered.clear()
    sealed = house.instance.vault / "desk" / "m1.cpx"
    sealed.write_bytes(sealed.read_bytes()[:-1])
    house.runtime.perform("c2", FetchMessage("desk", "m1"), NOW)
    await house.settle()
    assert house.delivered == [("c2", MessageDamaged(at=NOW, message="m1"))]
    assert not list((house.instance.clear / "hear").iterdir())
