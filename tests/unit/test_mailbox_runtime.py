"""A message from the first word to the lamp, with a real vault in a folder."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clinicpbx.adapters.metrics import Metrics
from clinicpbx.adapters.vault.keyring import make_root_key
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
from clinicpbx.daemon.mailbox_runtime import MailboxRuntime
from clinicpbx.paths import Instance
from clinicpbx.private import Private

pytestmark = pytest.mark.unit

NOW = datetime(2030, 1, 7, 15, 0, tzinfo=UTC)
SPOKEN = bytes(range(256)) * 100
RECORDING = "c1.1.r"
RECORD = Record(RECORDING, "desk", "m1", timedelta(minutes=3), timedelta(seconds=5))
KEEP = KeepMessage("desk", "m1", RECORDING, Private("2075550142"), True, "en")


class House:
    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.delivered: list[tuple[str, Event]] = []
        self.noted: list[tuple[object, ...]] = []
        self.runtime = self.fresh()
        self.vault = Vault(instance)
        instance.recordings.mkdir(parents=True)
        make_root_key(instance)

    def fresh(self) -> MailboxRuntime:
        self.metrics = Metrics()
        deliver = lambda call, event: self.delivered.append((call, event))  # noqa: E731
        made = MailboxRuntime(self.instance, self.metrics, deliver, lambda: NOW)
        made.note = lambda call, kind, detail: self.noted.append((kind, *detail.values()))
        return made

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

    def lamp(self) -> tuple[int, int]:
        folder = self.instance.clear / "voicemail" / "cpbx" / "desk"
        return len(list((folder / "INBOX").glob("*.txt"))), len(list((folder / "Old").glob("*.txt")))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(Instance(tmp_path))
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


async def test_what_cannot_be_sealed_is_counted_and_said_once(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "SWEPT_EVERY", 0)
    root = house.instance.keys / "root.key"
    root.rename(root.with_suffix(".away"))
    house.recording.write_bytes(SPOKEN)
    for _ in range(2):
        await house.runtime.start([])
    ((why, recordings),) = house.runtime.recordings.unsealed.items()
    assert (recordings, "root.key" in why, "Put it back" in why) == (1, True, True)
    assert b"clinicpbx_unsealed_recordings 1.0" in house.metrics.text()
    assert "".join(capsys.readouterr()).count("recordings wait to be sealed") == 1
    root.with_suffix(".away").rename(root)
    await house.runtime.start([])
    assert not house.runtime.recordings.unsealed
    assert b"clinicpbx_unsealed_recordings 0.0" in house.metrics.text()


async def test_opening_hearing_and_deleting(house: House) -> None:
    await house.message()
    Pins(house.instance).set_pin("desk", Private("7391"))
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
    assert house.noted == [("heard", "desk", "m1"), ("deleted", "desk", "m1")]


async def test_nobody_listens_any_more_when_it_is_opened(house: House) -> None:
    await house.message()
    house.runtime.is_open = lambda call: False
    house.runtime.perform("c2", FetchMessage("desk", "m1"), NOW)
    await house.settle()
    assert house.delivered == house.noted == []
    assert not list((house.instance.clear / "hear").iterdir())


async def test_a_wrong_pin(house: House) -> None:
    Pins(house.instance).set_pin("desk", Private("7391"))
    house.runtime.perform("c2", OpenMailbox("desk", Private("0000")), NOW)
    await house.settle()
    assert house.delivered == [("c2", MailboxRefused(at=NOW, mailbox="desk", why="wrong"))]
    assert house.noted == [("pin_refused", "desk")]


async def test_without_the_root_key_nothing_is_readable(house: House) -> None:
    await house.message()
    (house.instance.keys / "root.key").unlink()
    fresh = house.runtime = house.fresh()
    fresh.perform("c2", OpenMailbox("desk", Private("7391")), NOW)
    await house.settle()
    assert house.delivered == [("c2", MailboxRefused(at=NOW, mailbox="desk", why="unreadable"))]


async def test_a_damaged_message_says_so(house: House) -> None:
    await house.message()
    sealed = house.instance.vault / "desk" / "m1.cpx"
    sealed.write_bytes(sealed.read_bytes()[:-1])
    house.runtime.perform("c2", FetchMessage("desk", "m1"), NOW)
    await house.settle()
    assert house.delivered == [("c2", MessageDamaged(at=NOW, message="m1"))]
    assert not list((house.instance.clear / "hear").iterdir())
