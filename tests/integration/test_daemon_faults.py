"""The daemon dies, hangs, loses its connection, or is not alone: no caller may be lost by it."""

import asyncio
import fcntl
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clinicpbx.adapters.ari.client import AriAddress, open_link
from clinicpbx.adapters.vault.store import Vault, plain_of
from clinicpbx.demo.phones import Phone, Phones
from tests.support.bed import Bed, eventually
from tests.support.clinic_bed import Clinic, clinic
from tests.support.cutting import Proxy

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def house(bed: Bed) -> Iterator[Clinic]:
    with clinic(bed) as made:
        yield made


@pytest.fixture(autouse=True)
async def tidy(house: Clinic) -> AsyncIterator[None]:
    if "daemon" not in house.bed.programs or not house.bed.programs["daemon"].alive:
        house.start_daemon()
    await house.ready()
    yield
    for name in ("daemon", "rescuer"):
        if name in house.bed.programs:
            house.bed.programs[name].stop()
    await house.empty()


async def wait_in_queue(house: Clinic, phones: Phones, *names: str) -> list[Phone]:
    """Callers in the queue, in this order; each shows its own number."""
    callers = []
    for name in names:
        caller = await phones.phone(name, house.trunk, 5060 + int(name[-1]))
        await caller.call(house.number, sender=f"<sip:{name}@{house.trunk}>")
        await eventually(lambda: house.steps()[-1:] == ["menu"])
        await caller.dtmf("1")
        await eventually(lambda: "menu" not in house.steps())
        callers.append(caller)
    return callers


def waiting(house: Clinic) -> int:
    return int(house.ask("queues")[0]["waiting"])


async def test_killed_daemon_callers_keep_their_order_and_talk_goes_on(house: Clinic, phones: Phones) -> None:
    desk = await house.desk(phones, "201", auto_answer={"after": 0})
    house.ask("agent.login", agent="ana")
    first, *_ = await wait_in_queue(house, phones, "5550001", "5550002", "5550003")
    await eventually(lambda: house.agent("ana") == "talking")
    await desk.expect("incoming")
    assert waiting(house) == 2
    house.bed.programs["daemon"].kill()
    assert house.in_context("cpbx-offer") + house.in_context("cpbx-arrive") >= 3, "nobody may drop out"

    began = time.monotonic()
    house.start_daemon()
    await house.ready()
    assert time.monotonic() - began < 3, "adopted within 3 s"
    assert house.agent("ana") == "talking", "the talk that goes on is known"
    assert waiting(house) == 2
    await first.hangup()
    assert "5550002" in str(await desk.expect("incoming", 5)), "who waits longest comes first"
    await eventually(lambda: house.agent("ana") == "talking")
    await desk.hangup()
    assert "5550003" in str(await desk.expect("incoming", 5))


async def test_hung_up_while_the_daemon_was_dead(house: Clinic, phones: Phones) -> None:
    await house.desk(phones, "201")
    house.ask("agent.login", agent="ana")
    (caller,) = await wait_in_queue(house, phones, "5550001")
    house.bed.programs["daemon"].kill()
    await caller.hangup()
    await eventually(lambda: not house.in_context("cpbx-arrive"))
    house.start_daemon()
    await house.ready()
    assert house.ask("calls") == []
    assert house.agent("ana") in ("free", "offered", "resting")


async def test_hung_daemon_new_callers_and_waiting_ones_reach_the_fallback(house: Clinic, phones: Phones) -> None:
    house.bed.run("rescuer")
    caller = await house.caller(phones)
    await caller.call(house.number)
    await eventually(lambda: house.steps() == ["menu"])
    hung = time.monotonic()
    house.bed.programs["daemon"].pause()
    await eventually(lambda: house.in_context("cpbx-fallback") == 1, 12)
    assert time.monotonic() - hung < 10, "the waiting caller is rescued within 10 s"
    fresh = await phones.phone("fresh", house.trunk, 5071)
    await fresh.call(house.number)
    await eventually(lambda: house.in_context("cpbx-fallback") == 2, 3)
    house.bed.programs["daemon"].resume()
    await house.ready()
    await eventually(lambda: house.ask("calls") == [], 5)
    assert house.in_context("cpbx-fallback") == 2, "a rescued call is not ours any more: it is left alone"


async def test_killed_in_the_middle_of_a_message_the_next_daemon_seals_on(house: Clinic, phones: Phones) -> None:
    caller = await house.caller(phones)
    await caller.call(house.number)
    await eventually(lambda: house.steps() == ["menu"])
    await caller.dtmf("2")
    clear = await eventually(lambda: next(house.instance.recordings.glob("*.ulaw"), None), 10)
    await caller.play(house.instance.prompts / "en" / "about.wav", loop=True)
    part = await eventually(lambda: next((house.instance.vault / "desk").glob("*.part"), None))
    house.bed.programs["daemon"].kill()
    assert not locked(part)
    house.start_daemon()
    await house.ready()
    await eventually(lambda: locked(part), 5)
    spoken = await eventually(lambda: len(clear.read_bytes()), 15)
    await eventually(lambda: part.stat().st_size > spoken, 5)
    await caller.hangup()
    vault = Vault(house.instance)
    message = await eventually(lambda: next((m for m in vault.list("desk").messages if m.id == part.stem), None), 10)
    assert message.received < datetime.now(UTC) - timedelta(seconds=spoken / 8000)
    assert not message.truncated
    assert len(plain_of(vault, "desk", message.id)) >= spoken
    await eventually(lambda: not clear.exists() and not part.exists())


async def test_whoever_is_killed_what_patients_said_is_out_of_the_clear_within_a_minute(
    house: Clinic, phones: Phones
) -> None:
    house.bed.clinicpbx("voicemail", "pin", "desk", given="380294\n")
    caller = await house.caller(phones)
    await caller.call(house.number)
    await eventually(lambda: house.steps() == ["menu"])
    await caller.dtmf("2")
    await eventually(lambda: list(house.instance.recordings.glob("*.ulaw")), 10)
    await caller.play(house.instance.prompts / "en" / "about.wav", loop=True)
    desk = await house.desk(phones, "201")
    messages = Vault(house.instance).list("desk").messages
    if messages:  # of the test before: somebody listens to it
        await desk.call(f"sip:*97@{house.bed.sip}")
        await asyncio.sleep(1)  # until the PIN is asked for
        await desk.dtmf("380294#")
        await eventually(lambda: list((house.instance.clear / "hear").glob("*.ulaw")), 10)
    spoken = await eventually(lambda: sum(path.stat().st_size for path in in_clear(house)), 10)
    for name in ("daemon", "vault"):
        house.bed.programs[name].kill()
    torn = house.instance.clear / "claims" / ".torn.json.1.tmp"  # as a daemon killed while it wrote leaves it
    torn.write_text("+12075550142")
    house.bed.rx("channel request hangup all")
    assert in_clear(house)
    began = time.monotonic()
    house.start_daemon()
    await eventually(lambda: not in_clear(house), 60)
    print(f"{spoken} bytes were out of the clear after {time.monotonic() - began:.1f} s")
    assert Vault(house.instance).counts("desk")[0] >= 1


def in_clear(house: Clinic) -> list[Path]:
    """Files of patients in the tmpfs; lamps have nothing of them."""
    folders = ("recording", "hear", "claims")
    return [path for name in folders for path in (house.instance.clear / name).rglob("*") if path.is_file()]


def locked(path: Path) -> bool:
    """Whether some process seals *path*."""
    with path.open("rb") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


async def test_a_second_daemon_of_the_instance_ends_at_once(house: Clinic) -> None:
    second = await asyncio.to_thread(house.bed.clinicpbx, "run", "daemon", check=False)
    assert second.returncode == 1
    assert "runs already" in second.stderr
    assert house.is_ready()


async def test_replaced_by_another_process_it_stops_acting(house: Clinic) -> None:
    secret = house.instance.secret("ari")
    link = await open_link(AriAddress(house.bed.settings.ari, "clinicpbx", secret, hears=("StasisStart",)))
    program = house.bed.programs["daemon"]
    try:
        await eventually(lambda: not program.alive, 5)
    finally:
        await link.close()
    assert program.stop() == 1


@pytest.fixture
async def proxied(house: Clinic, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Proxy]:
    """The daemon, reaching Asterisk through a proxy."""
    house.bed.programs["daemon"].stop()
    proxy = Proxy(house.bed.settings.bind, house.bed.settings.ari_port)
    monkeypatch.setenv("CLINICPBX_ARI_PORT", str(await proxy.start(house.bed.settings.bind)))
    house.start_daemon()
    await house.ready()
    yield proxy
    house.bed.programs["daemon"].stop()
    await proxy.stop()


async def test_connection_cut(house: Clinic, phones: Phones, proxied: Proxy) -> None:
    caller = await house.caller(phones)
    await caller.call(house.number)
    await eventually(lambda: house.steps() == ["menu"])
    before, cut = proxied.connections, time.monotonic()
    proxied.cut()
    await eventually(lambda: proxied.connections > before and house.is_ready(), 3)
    assert time.monotonic() - cut < 2
    desk = await house.desk(phones, "202")  # heard only if the subscription is back
    await eventually(lambda: next(row for row in house.ask("agents") if row["agent"] == "ben")["reachable"])
    assert desk.name
    await caller.dtmf("3")
    await eventually(lambda: house.steps() == ["about"])


async def test_dead_connection_is_noticed_by_the_heartbeat(house: Clinic, proxied: Proxy) -> None:
    before = proxied.connections
    proxied.stall()
    await eventually(lambda: not house.ask("status")["asterisk"], 8)
    proxied.flow()
    await eventually(lambda: proxied.connections > before and house.is_ready(), 5)


async def test_clean_end_leaves_waiting_callers_to_the_next_daemon(house: Clinic, phones: Phones) -> None:
    caller = await house.caller(phones)
    await caller.call(house.number)
    await eventually(lambda: house.steps() == ["menu"])
    assert house.bed.programs["daemon"].stop() == 0
    assert house.in_context("cpbx-arrive") == 1
    house.start_daemon()
    await house.ready()
    assert house.steps() == ["menu"]
    await caller.dtmf("3")
    await eventually(lambda: house.steps() == ["about"])
