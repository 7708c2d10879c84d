"""The notifier's process: neighbours down and back, killed between send and mark, its database away."""

import asyncio
import json
import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from clinicpbx.adapters.db import deliveries
from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.adapters.db.outbox import announce, delivery
from clinicpbx.paths import Instance
from tests.support.bed import Program, eventually
from tests.support.neighbours import PASSWORD, SECRET, MailHost, Receiver, free_port, make_certificate, rules
from tests.support.record_database import make_database, make_instance

pytestmark = pytest.mark.integration
PATIENT = "Ana Lopez, +12125550147"


class House:
    """An instance with a notifier, a mail server and a receiver."""

    def __init__(self, home: Path, url: str, certificate: Path) -> None:
        self.instance, self.url, self.certificate = make_instance(home), url, certificate
        self.mail = MailHost(certificate)
        self.receiver = Receiver(certificate, port=free_port())
        for name, secret in (("mail", PASSWORD), ("webhook-ops", SECRET), ("notifier", "x")):
            (self.instance.keys / f"{name}.secret").write_text(f"{secret}\n")
        self.apply("000001", rules(self.mail.port, self.receiver.url))
        self.env = {
            **os.environ,
            "CLINICPBX_HOME": str(home),
            "CLINICPBX_DATABASE_URL": url,
            "CLINICPBX_BIND": "127.0.23.250",  # where no Asterisk is
            "SSL_CERT_FILE": str(certificate),
        }
        self.instance.log.mkdir(exist_ok=True)

    def apply(self, version: str, text: str) -> None:
        folder = self.instance.versions / version / "rules"
        folder.mkdir(parents=True)
        (folder / "clinic.yaml").write_text(text)
        fresh = self.instance.versions / "fresh"
        fresh.symlink_to(version)
        fresh.replace(self.instance.current)

    @property
    def log(self) -> str:
        return (self.instance.log / "notifier.out").read_text()

    def start(self) -> Program:
        return Program("notifier", [COMMAND, "run", "notifier"], self.instance.log / "notifier.out", self.env)

    def notify(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMAND, "notify", *words], capture_output=True, text=True, env=self.env, check=False, timeout=60
        )

    async def announce(self, kind: str, *abouts: str) -> None:
        async def write(connection: Any) -> None:
            for about in abouts:
                await announce(connection, kind, about, {"who": PATIENT})

        await self.do(write)

    async def do(self, what: Callable[[Any], Awaitable[Any]]) -> Any:
        engine = make_engine(self.url, writes=True)
        try:
            async with engine.begin() as connection:
                return await what(connection)
        finally:
            await engine.dispose()

    async def states(self) -> dict[tuple[str, str], str]:
        """(about, target) → state."""
        found = await self.do(lambda connection: deliveries.rows(connection, deliveries.STATES, 10000))
        return {(row["about"], row["target"]): row["state"] for row in found}

    async def all_sent(self, count: int, within: float = 20) -> None:
        async with asyncio.timeout(within):
            while list((await self.states()).values()).count("sent") < count:
                await asyncio.sleep(0.1)

    async def time_passes(self) -> None:
        """What waits is due now, as after its pause or its lease."""
        now = datetime.now(UTC)
        waits = update(delivery).where(delivery.c.state == "waiting").values(due=now)
        await self.do(lambda connection: connection.execute(waits))


COMMAND = str(Path(sys.executable).with_name("clinicpbx"))


@pytest.fixture
async def house(url: str, tmp_path: Path) -> House:
    await make_database(url)
    return House(tmp_path, url, make_certificate(tmp_path))


@pytest.fixture
def notifier(house: House) -> Iterator[Program]:
    program = house.start()
    yield program
    if program.alive:
        assert program.stop() == 0


async def test_mails_and_webhooks_arrive_and_nothing_of_a_patient_is_in_them(house: House, notifier: Program) -> None:
    with house.mail, house.receiver:
        await house.announce("breached", "4711", "4712")
        await house.announce("self_test_failed", "2026-11-24")
        await house.all_sent(5)
    assert all(each.genuine for each in house.receiver.got)
    assert sorted(each.document["data"]["about"] for each in house.receiver.got) == ["2026-11-24", "4711", "4712"]
    assert sorted(house.mail.ids + house.receiver.ids) == sorted(
        row["id"] for row in json.loads(house.notify("list", "--json").stdout)
    )
    _, mail = house.mail.got[0]
    assert str(mail["Subject"]).startswith("Harbour Clinic Zürich: A request is past its time (471")
    assert "clinicpbx inbox show 471" in mail.get_content()
    written = [house.log, *(str(mail) for _, mail in house.mail.got), *(str(each) for each in house.receiver.got)]
    assert not any(word in text for text in written for word in ("Ana", "Lopez", "0147"))


async def test_the_mail_of_the_day_has_counts_and_ids_and_nothing_of_a_patient(house: House, notifier: Program) -> None:
    detail = {"to": ["manager", "ops"], "open": [17, 21], "overdue": [21], "due_today": [], "came": [], "who": PATIENT}
    with house.mail, house.receiver:
        await house.do(lambda connection: announce(connection, "daily", "2026-11-25", detail))
        await house.all_sent(2)
    [(_, mail)], [hook] = house.mail.got, house.receiver.got
    assert mail["Subject"] == "Harbour Clinic Zürich: What is open (2026-11-25)"
    assert mail.get_content().splitlines()[7:9] == ["Open:      2  (17, 21)", "Overdue:   1  (21)"]
    assert hook.document["data"]["items"] == {"open": [17, 21], "overdue": [21], "due_today": [], "came": []}
    assert not any(word in text for text in (str(mail), str(hook), house.log) for word in ("Ana", "Lopez", "0147"))


async def test_a_neighbour_that_is_down_delays_nobody_and_loses_nothing(house: House, notifier: Program) -> None:
    await house.announce("breached", "1", "2", "3")
    with house.mail:
        await house.all_sent(3)
        assert len(house.mail.got) == 3
        with house.receiver:
            await house.all_sent(6, within=40)  # by the pauses alone
    assert sorted(house.mail.ids + house.receiver.ids) == sorted(
        row["id"] for row in json.loads(house.notify("list", "--json").stdout)
    )


async def test_a_report_comes_by_itself_once_over_restarts_and_its_name_alone_is_sent(house: House) -> None:
    asked = "reports:\n  figures: {report: week, at: monthly 00:00, to: manager}\n"
    house.apply("000002", rules(house.mail.port, house.receiver.url) + asked)
    with house.mail:
        first = house.start()
        await house.all_sent(1)
        assert first.stop() == 0
        (file,) = house.instance.reports.iterdir()
        made = file.stat().st_mtime_ns
        second = house.start()
        await house.announce("breached", "1")
        await house.all_sent(2)
        assert second.stop() == 0
    assert [path.stat().st_mtime_ns for path in house.instance.reports.iterdir()] == [made]
    (told,) = [mail for _, mail in house.mail.got if "A report is ready" in str(mail["Subject"])]
    assert f"clinicpbx report saved {file.stem}" in told.get_content()
    assert "The week" in file.read_text()


async def test_killed_after_the_send_and_before_the_mark_it_sends_again_under_the_same_id(house: House) -> None:
    with house.receiver:
        house.receiver.slow = 2.0
        first = house.start()
        await house.announce("self_test_failed", "1")
        await eventually(lambda: house.receiver.got, 20)
        first.kill()
        assert await house.states() == {("1", "ops"): "waiting"}
        house.receiver.slow = 0.0
        second = house.start()
        await asyncio.sleep(4)
        assert len(house.receiver.got) == 1, "the lease of the one that died was not kept"
        await house.time_passes()
        await house.all_sent(1)
        assert second.stop() == 0
    assert len(house.receiver.ids) == 2
    assert len(set(house.receiver.ids)) == 1


async def test_killed_again_and_again_it_loses_nothing(house: House) -> None:
    """What it was sending comes a second time, under the id it had."""
    draw = random.Random(8)
    with house.mail, house.receiver:
        for turn in range(5):
            notifier = house.start()
            await house.announce("breached", *(f"{turn}-{n}" for n in range(40)))
            await asyncio.sleep(1.0 + draw.random())
            notifier.kill()
            await house.time_passes()
        notifier = house.start()
        await house.all_sent(400, within=60)
        assert notifier.stop() == 0
    known = await house.do(lambda connection: deliveries.rows(connection, deliveries.STATES, 1000))
    for target, ids in (("manager", house.mail.ids), ("ops", house.receiver.ids)):
        assert set(ids) == {row["id"] for row in known if row["target"] == target}
        assert 200 <= len(ids) <= 205, "more than one at a time came twice"


async def test_two_notifiers_send_each_notice_once(house: House, notifier: Program) -> None:
    other = house.start()
    with house.mail, house.receiver:
        await house.announce("breached", *map(str, range(20)))
        await house.all_sent(40)
    assert other.stop() == 0
    assert len(set(house.mail.ids)) == len(house.mail.ids) == 20
    assert len(set(house.receiver.ids)) == len(house.receiver.ids) == 20


async def test_after_a_day_it_gives_up_loudly_until_a_person_tries_again(house: House, notifier: Program) -> None:
    await house.announce("self_test_failed", "1")
    await eventually(lambda: "clinicpbx_notices_waiting 1.0" in prom(house.instance), 20)
    long_ago = datetime.now(UTC) - timedelta(days=1)
    await house.do(lambda connection: connection.execute(update(delivery).values(since=long_ago)))
    await house.time_passes()
    await eventually(lambda: "clinicpbx_notices_failed 1.0" in prom(house.instance), 20)
    assert "a notice is given up" in house.log
    (row,) = json.loads(house.notify("list", "--state", "failed", "--json").stdout)
    assert "Connect call failed" in row["answer"]
    with house.receiver:
        done = house.notify("retry", "--all")
        assert (done.returncode, done.stderr) == (0, "1 to be tried again.\n")
        await house.all_sent(1)
    assert house.receiver.ids == [row["id"]]
    again = house.notify("retry", row["id"])
    assert (again.returncode, "1 of these have not failed" in again.stderr) == (1, True)


async def test_new_rules_hold_for_what_has_not_been_sent(house: House, notifier: Program) -> None:
    await house.announce("breached", "1")
    await eventually(lambda: "notice was tried" in house.log, 20)
    without = rules(house.mail.port, house.receiver.url).replace("    ops:", "    other:")
    house.apply("000002", without)
    (house.instance.keys / "webhook-other.secret").write_text(SECRET)
    await house.announce("self_test_failed", "2")
    with house.mail, house.receiver:
        await house.time_passes()
        await house.all_sent(2)
        await house.time_passes()
        async with asyncio.timeout(20):
            while (await house.states())["1", "ops"] != "dropped":
                await asyncio.sleep(0.1)
    assert (await house.states())["2", "other"] == "sent"


async def test_broken_rules_leave_the_ones_before(house: House, notifier: Program) -> None:
    await house.announce("self_test_failed", "1")
    await eventually(lambda: "notice was tried" in house.log, 20)
    house.apply("000002", "clinic: [")
    with house.receiver:
        await eventually(lambda: "cannot be used" in house.log, 20)
        await house.time_passes()
        await house.all_sent(1)
    assert house.log.count("cannot be used") == 1


async def test_a_test_says_what_the_neighbour_answers(house: House) -> None:
    with house.mail, house.receiver:
        good = house.notify("test", "ops", "--json")
        assert (good.returncode, json.loads(good.stdout)["answer"]) == (0, "204 No Content")
        assert house.notify("test", "manager").returncode == 0
        house.mail.refuses = "550 5.1.1 no such user here"
        refused = house.notify("test", "manager")
        assert (refused.returncode, refused.stderr) == (69, "clinicpbx: manager: 550 5.1.1 no such user here\n")
    (house.instance.keys / "webhook-ops.secret").unlink()
    assert "webhook-ops.secret: No such file" in house.notify("test", "ops").stderr
    assert house.notify("test", "desk").returncode == 69
    assert [each.document["type"] for each in house.receiver.got] == ["clinicpbx.test"]
    assert await house.states() == {}


async def test_with_its_database_locked_it_waits(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/main.db"
    await make_database(url)
    house = House(tmp_path, url, make_certificate(tmp_path))
    await house.announce("self_test_failed", "1")
    lock = sqlite3.connect(tmp_path / "main.db", isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    notifier = house.start()
    try:
        with house.receiver:
            await eventually(lambda: "clinicpbx_notices_database_up 0.0" in prom(house.instance), 20)
            lock.execute("ROLLBACK")
            await house.all_sent(1, within=30)
    finally:
        lock.close()
        assert notifier.stop() == 0
    assert house.log.count("the main database is away") == 1


async def test_before_there_are_rules_or_a_database_it_waits(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/main.db"
    house = House(tmp_path, url, make_certificate(tmp_path))
    house.instance.current.unlink()
    notifier = house.start()
    try:
        await eventually(lambda: "clinicpbx_notices_database_up 0.0" in prom(house.instance), 20)
        await make_database(url)
        await house.announce("self_test_failed", "1")
        house.instance.current.symlink_to("000001")
        with house.receiver:
            await house.all_sent(1, within=40)
    finally:
        assert notifier.stop() == 0


def prom(instance: Instance) -> str:
    path = instance.run / "notifier.prom"
    return path.read_text() if path.exists() else ""
