"""A shift is handed over by a call: confirmed with a key, or the backup is promoted and the manager told."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clinicpbx.demo.phones import Phones
from tests.support.bed import Bed
from tests.support.clinic_bed import RULES, Clinic, ended, press
from tests.support.sound import tone

pytestmark = pytest.mark.integration
ON_CALL = """\
  main:
    steps:
      pick_up: {answer: , then: page}
      page: {on_call: {rota: kids, ring: 6s, rounds: 1}, next: {nobody: message, unreached: message}}
      message: {voicemail: {mailbox: desk, confirm_number: false}, next: {done: bye, empty: bye}}
      bye: {hangup: }
""".replace("{", "{{").replace("}", "}}")


def rules() -> str:
    """Dr Chen's shift began an hour ago; all other times are Dr Egan's."""
    now = datetime.now(UTC)
    begin, end = (f"{now + timedelta(hours=hours):%Y-%m-%d %H:%M}" for hours in (-1, 3))
    more = f"""
providers:
  chen: {{name: Dr Chen, phone: "201"}}
  egan: {{name: Dr Egan, phone: "202"}}
rotas:
  kids:
    shifts:
      - {{days: mon-sun, from: "00:00", to: "00:00", who: egan, backup: chen}}
      - {{from: "{begin}", to: "{end}", who: chen, backup: egan}}
    page: {{again: 1m}}
    handover: {{ring: 5s, tries: 2, pause: 2s}}
"""
    return RULES[: RULES.index("  main:\n    steps:")] + ON_CALL + more.replace("{", "{{").replace("}", "}}")


class Shifts(Clinic):
    def __init__(self, bed: Bed) -> None:
        super().__init__(bed, rules())

    def facts(self, kind: str) -> list[dict[str, Any]]:
        with closing(sqlite3.connect(self.instance.journal, timeout=10)) as journal:
            rows = journal.execute("SELECT body FROM fact WHERE kind = ? ORDER BY id", (kind,)).fetchall()
        return [json.loads(body) for (body,) in rows]

    def told(self) -> list[str]:
        return [f"{body['event']} {body['who']}" for body in self.facts("page")]

    def who(self) -> tuple[str, str]:
        (row,) = json.loads(self.bed.clinicpbx("oncall", "who", "--json").stdout)
        return row["who"], row["backup"] or ""

    def reached(self) -> dict[str, tuple[int, int]]:
        """How often each was rung, and confirmed a shift, in every test on this bed."""
        rows = json.loads(self.bed.clinicpbx("oncall", "reachability", "--json").stdout)
        return {row["who"]: (row["rung"], row["confirmed"]) for row in rows}


@pytest.fixture
def house(bed: Bed) -> Iterator[Shifts]:
    with ended(bed):
        bed.instance.journal.unlink(missing_ok=True)
        made = Shifts(bed)
        for number, name in enumerate(("until", "confirm", "confirmed")):
            tone(made.instance.prompts / "en" / f"handover-{name}.wav", 400 + 90 * number, 0.4)
        for name in ("call-accept", "page-declined"):
            tone(made.instance.prompts / "en" / f"{name}.wav", 900, 0.4)
        yield made


@pytest.fixture(autouse=True)
async def tidy(house: Shifts) -> AsyncIterator[None]:
    yield
    await house.empty()


async def test_who_comes_on_call_is_rung_and_confirms_with_a_key(house: Shifts, phones: Phones) -> None:
    chen, egan = await house.desk(phones, "201"), await house.desk(phones, "202")
    house.start_daemon()
    await chen.expect("incoming", 15)
    await chen.answer()
    await chen.expect("connected")
    await asyncio.sleep(0.5)  # nobody presses a key before the question
    await press(chen, "1")
    await chen.expect("disconnected", 10)
    assert house.told() == ["begun ", "rung chen", "answered chen", "accepted chen", "hung up chen"]
    house.bed.programs["daemon"].kill()
    house.start_daemon()
    await house.ready()
    await chen.silent("incoming", 3)
    await egan.silent("incoming", 0.1)
    assert house.who() == ("Dr Chen", "Dr Egan")
    assert house.facts("notify") == []


async def test_who_does_not_is_the_backup_of_the_backup_until_they_do(house: Shifts, phones: Phones) -> None:
    chen, egan = await house.desk(phones, "201"), await house.desk(phones, "202")
    house.start_daemon()
    await chen.expect("incoming", 15)
    house.bed.programs["daemon"].kill()  # in the middle of it
    await chen.expect("disconnected", 15)
    house.start_daemon()
    await chen.expect("incoming", 15)
    await chen.answer(486)
    await chen.expect("incoming", 10)
    await chen.answer()  # a machine: no key
    await egan.expect("incoming", 60)
    (notice,) = house.facts("notify")
    assert notice["kind"] == "handover_missed"
    await egan.answer()
    await egan.expect("connected")
    await asyncio.sleep(0.5)  # nobody presses a key before the question
    await press(egan, "1")
    await egan.expect("disconnected", 10)
    assert house.who() == ("Dr Egan", "Dr Chen")
    patient = await house.caller(phones)
    await patient.call(house.number)
    await egan.expect("incoming", 10)  # the step on_call rings who was promoted
    await patient.hangup()
    await house.empty()
    house.bed.clinicpbx("oncall", "confirm", "kids")
    assert house.who() == ("Dr Chen", "Dr Egan")


async def test_a_cover_is_obeyed_listed_and_cancelled(house: Shifts, phones: Phones) -> None:
    chen, egan = await house.desk(phones, "201"), await house.desk(phones, "202")
    before = house.reached()
    house.bed.clinicpbx("oncall", "cover", "kids", "--who", "egan", "--until", "2h")
    house.start_daemon()
    await egan.expect("incoming", 15)  # it is their shift to confirm
    await egan.answer()
    await egan.expect("connected")
    await asyncio.sleep(0.5)
    await press(egan, "1")
    await egan.expect("disconnected", 10)
    assert house.who() == ("Dr Egan", "")
    (cover,) = json.loads(house.bed.clinicpbx("oncall", "covers", "--json").stdout)
    house.bed.clinicpbx("oncall", "uncover", str(cover["cover"]))
    patient = await house.caller(phones)
    await patient.call(house.number)
    await chen.expect("incoming", 10)
    await patient.hangup()
    assert house.bed.clinicpbx("oncall", "uncover", "9", check=False).returncode == 1
    after = house.reached()
    rung, confirmed = before["egan"]
    assert after == {"chen": before["chen"], "egan": (rung + 1, confirmed + 1)}
