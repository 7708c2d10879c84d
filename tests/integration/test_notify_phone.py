"""A notice on a real phone: SIP MESSAGE through a real Asterisk."""

import asyncio
import json
from collections.abc import Iterator

import pytest

from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.adapters.db.outbox import announce
from clinicpbx.demo.phones import Phones
from tests.support.bed import Bed, eventually
from tests.support.clinic_bed import RULES, Clinic, ended
from tests.support.record_database import make_database

pytestmark = pytest.mark.integration
NOTIFY = """
notify:
  targets:
    desk: {{message: "201", events: [page_unanswered]}}
    other: {{message: "202", events: [breached]}}
"""


@pytest.fixture
def clinic(bed: Bed) -> Iterator[Clinic]:
    with ended(bed):
        yield Clinic(bed, RULES + NOTIFY)


async def test_a_phone_shows_what_happened_once_it_is_there(clinic: Clinic, phones: Phones) -> None:
    url = f"sqlite:///{clinic.instance.database}"
    await make_database(url)
    engine = make_engine(url, writes=True)
    async with engine.begin() as connection:
        await announce(connection, "page_unanswered", "clinic-1.7", {"who": "Ana Lopez"})
    await engine.dispose()
    notifier = clinic.bed.run("notifier")
    log = clinic.instance.log / "notifier.out"
    await eventually(lambda: "a notice was tried: waiting" in log.read_text(), 20)
    desk = await clinic.desk(phones, "201")
    heard = await desk.expect("message", 40)
    while "clinic-1.7" not in heard["body"]:  # of another test
        heard = await desk.expect("message", 40)
    said = "Test Clinic: Nobody on call took a call (clinic-1.7). clinicpbx calls why clinic-1.7"
    assert (heard["body"], heard["kind"]) == (said, "text/plain")
    assert heard["from"].startswith("<sip:clinicpbx@")
    rows = json.loads(clinic.bed.clinicpbx("notify", "list", "--json").stdout)
    (row,) = [row for row in rows if row["about"] == "clinic-1.7"]
    assert (row["state"], row["answer"]) == ("sent", "Asterisk: 202 Accepted")
    assert row["tries"] > 1
    assert notifier.stop() == 0


async def test_the_command_says_whether_a_phone_is_there(clinic: Clinic, phones: Phones) -> None:
    gone = clinic.bed.clinicpbx("notify", "test", "other", check=False)
    assert gone.returncode == 69
    assert "not reachable" in gone.stderr or "404" in gone.stderr
    desk = await clinic.desk(phones, "202")
    done = await asyncio.to_thread(clinic.bed.clinicpbx, "notify", "test", "other")
    assert done.stderr == "other: Asterisk: 202 Accepted\n"
    assert "This is a test" in (await desk.expect("message"))["body"]
