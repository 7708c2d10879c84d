"""Emergency calls leave whatever else is broken: no daemon, a hung one, locked databases, bad rules, full disks."""

import asyncio
import os
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from clinicpbx.adapters.asterisk.lost_rows import LostRows
from clinicpbx.demo.phones import Phone, Phones
from tests.support.bed import Bed, eventually
from tests.support.clinic_bed import ended
from tests.support.help_house import OUTSIDE, HelpHouse

pytestmark = pytest.mark.integration
KEPT = (b"Via", b"From", b"To", b"Call-ID", b"CSeq")


@dataclass
class Caller:
    """Somebody at a desk who needs help, the carrier, and the desk that is told."""

    house: HelpHouse
    desk: Phone
    carrier: Phone
    told: Phone

    async def gets_help(self, dialled: str = "911") -> None:
        await self.house.reaches_help(self.desk, self.carrier, self.told, dialled)


@pytest.fixture(scope="module")
def house(bed: Bed) -> Iterator[HelpHouse]:
    with ended(bed):
        yield HelpHouse(bed)


@pytest.fixture
async def caller(house: HelpHouse, phones: Phones) -> AsyncIterator[Caller]:
    desk, told = await house.desk(phones, "201"), await house.desk(phones, "202")
    yield Caller(house, desk, await house.carrier(phones), told)
    if "daemon" in house.bed.programs:
        house.bed.programs["daemon"].resume()
    await house.empty()


@pytest.fixture
async def daemon(house: HelpHouse) -> None:
    """The daemon runs and is well."""
    if "daemon" not in house.bed.programs:
        house.start_daemon()
    await house.ready()


async def test_the_daemon_was_never_started(caller: Caller) -> None:
    for dialled in ("911", "9911", "933"):
        await caller.gets_help(dialled)


@pytest.mark.usefixtures("daemon")
async def test_the_daemon_hangs(caller: Caller) -> None:
    caller.house.bed.programs["daemon"].pause()
    await caller.gets_help()


@pytest.mark.usefixtures("daemon")
async def test_every_database_is_locked(caller: Caller) -> None:
    instance = caller.house.instance
    paths = (instance.journal, instance.database, instance.cdr_spool, instance.cel_spool)
    with locked(paths[:2]):
        await caller.gets_help()
    # the record back ends wait for their lock inside the call: help must come first all the same
    with locked(paths[2:]):
        await caller.gets_help("9911")
    await caller.house.ready(15)


@pytest.mark.usefixtures("daemon")
async def test_the_rules_are_broken(caller: Caller) -> None:
    house = caller.house
    house.instance.rules.mkdir(exist_ok=True)
    house.instance.clinic.write_text("clinic: {name: Broken\nphones: [")
    refused = await asyncio.to_thread(house.bed.clinicpbx, "rules", "apply", check=False)
    assert refused.returncode == 65
    await caller.gets_help()
    house.bed.programs["daemon"].stop()
    house.bed.programs.pop("daemon")
    house.start_daemon()
    await house.ready()
    await caller.gets_help()


async def test_every_channel_of_the_trunk_is_in_use(caller: Caller) -> None:
    number = f"sip:{OUTSIDE}@{caller.house.bed.sip}"
    await caller.told.call(number)
    await caller.told.expect("connected")
    await caller.carrier.expect("incoming")
    await caller.desk.call(number)
    await caller.desk.expect("disconnected")
    assert "incoming" not in [event["event"] for event in caller.carrier.heard], "the limit holds for other calls"
    await caller.gets_help()


@pytest.mark.usefixtures("daemon")
async def test_the_phone_waits_in_a_queue_itself(caller: Caller) -> None:
    caller.house.ask("agent.login", agent="ana")  # whose own phone is busy with this call
    await caller.desk.call(f"sip:300@{caller.house.bed.sip}")
    await caller.desk.expect("connected")
    await eventually(lambda: [row["waiting"] for row in caller.house.ask("queues")] == [1])
    await caller.gets_help()


async def test_memory_for_audio_and_disk_are_full(caller: Caller) -> None:
    with full(caller.house.instance.clear):
        await caller.gets_help()


async def test_the_disk_of_the_records_is_full(house: HelpHouse, phones: Phones) -> None:
    spool = house.instance.cdr_spool.parent
    with restarted(house.bed, spool):
        caller = Caller(
            house, await house.desk(phones, "201"), await house.carrier(phones), await house.desk(phones, "202")
        )
        lost = LostRows(house.instance.asterisk / "log" / "messages")
        with full(spool, "64m"):
            await caller.gets_help()
            await eventually(lambda: "CHAN_END" in {row["eventtype"] for row in house.bed.cel()}, 20)
        assert not lost.look(), "rows have room kept for them inside the spools"


async def test_the_carrier_leaves_options_unanswered(house: HelpHouse, phones: Phones) -> None:
    house.bed.rx("pjsip qualify trunk-line")
    await eventually(lambda: "Unavail" in house.bed.rx("pjsip show aor trunk-line"), 10)
    desk, told = await house.desk(phones, "201"), await house.desk(phones, "202")
    await Caller(house, desk, await house.carrier(phones), told).gets_help()


async def test_the_first_trunk_dies_unnoticed(house: HelpHouse, phones: Phones) -> None:
    """It answers OPTIONS and no INVITE: the call takes the next trunk while the caller still holds on."""
    dead = house.bed.address()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(OptionsOnly, local_addr=(dead, 5060))
    alone = (house.instance.current / "rules" / "clinic.yaml").read_text()
    try:
        house.put_in_force("009001", alone.replace("trunks: {line:", f"trunks: {{dead: {{host: {dead}}}, line:"))
        carrier = await house.carrier(phones)
        for trunk in ("dead", "line"):  # a trunk in doubt is left for the second round
            house.bed.rx(f"pjsip qualify trunk-{trunk}")
            await eventually(lambda trunk=trunk: " Avail" in house.bed.rx(f"pjsip show aor trunk-{trunk}"), 10)
        desk, told = await house.desk(phones, "201"), await house.desk(phones, "202")
        await Caller(house, desk, carrier, told).gets_help()
    finally:
        transport.close()
        house.put_in_force("009002", alone)


async def test_the_first_trunk_is_dead_and_the_second_in_doubt(house: HelpHouse, phones: Phones) -> None:
    """The one in doubt is tried before the dead one is dialled a second time."""
    dead = house.bed.address()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(OptionsOnly, local_addr=(dead, 5060))
    alone = (house.instance.current / "rules" / "clinic.yaml").read_text()
    try:
        house.put_in_force("009003", alone.replace("trunks: {line:", f"trunks: {{dead: {{host: {dead}}}, line:"))
        for trunk, state in (("dead", " Avail"), ("line", "Unavail")):
            house.bed.rx(f"pjsip qualify trunk-{trunk}")
            shown = f"pjsip show aor trunk-{trunk}"
            await eventually(lambda shown=shown, state=state: state in house.bed.rx(shown), 10)
        desk, told = await house.desk(phones, "201"), await house.desk(phones, "202")
        carrier, began = await house.carrier(phones), loop.time()
        await desk.call(f"sip:911@{house.bed.sip}")
        await carrier.expect("incoming", 15)
        assert loop.time() - began < 12, "one attempt of the dead trunk takes 8 s"
        await desk.expect("connected", 10)
        await told.hangup()
        await desk.hangup()
        await carrier.expect("disconnected")
    finally:
        transport.close()
        house.put_in_force("009004", alone)


class OptionsOnly(asyncio.DatagramProtocol):
    """A carrier whose edge is alive and whose calls are dead."""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, message: bytes, sender: tuple[str, int]) -> None:
        if message.startswith(b"OPTIONS"):
            kept = [line for line in message.split(b"\r\n") if line.partition(b":")[0] in KEPT]
            answer = [b"SIP/2.0 200 OK", *kept, b"Content-Length: 0", b"", b""]
            self._transport.sendto(b"\r\n".join(answer), sender)


@contextmanager
def restarted(bed: Bed, spool: Path) -> Iterator[None]:
    """Asterisk writes its records into a small tmpfs meanwhile, with room for what is kept back."""
    bed.programs["asterisk"].stop()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(spool)], check=True)
    try:
        bed.start_asterisk()
        yield
        bed.programs["asterisk"].stop()
    finally:
        subprocess.run(["umount", "--lazy", str(spool)], check=True)
    bed.start_asterisk()


@contextmanager
def locked(paths: tuple[Path, ...]) -> Iterator[None]:
    """Nobody else can write these databases."""
    holders = [sqlite3.connect(path, isolation_level=None, timeout=10) for path in paths]
    try:
        for holder in holders:
            holder.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        for holder in holders:
            with closing(holder):
                holder.rollback()


@contextmanager
def full(folder: Path, size: str = "4m") -> Iterator[None]:
    """No byte more can be written in the tmpfs *folder*, which is of that *size* meanwhile."""
    ballast = folder / "ballast"
    resize(folder, size)
    try:
        free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_bsize
        ballast.write_bytes(bytes(free))
        assert not os.statvfs(folder).f_bavail
        yield
    finally:
        ballast.unlink()
        resize(folder, "512m")


def resize(folder: Path, size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(folder)], check=True)
