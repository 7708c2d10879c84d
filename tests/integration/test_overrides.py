"""Overrides on real calls: the next call follows, they end by themselves, and hold without the daemon as well."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest

from clinicpbx.demo.phones import Phone, Phones
from tests.support.bed import Bed, eventually
from tests.support.clinic_bed import RULES, Clinic, ended

pytestmark = pytest.mark.integration
MORE = """
overrides:
  night: {{title: Closed early, flow: shut, dids: "{did}"}}
  brief: {{title: For seconds, flow: shut, longest: 1h}}
"""
SHUT = """
  shut:
    steps:
      take: {{voicemail: {{mailbox: desk, confirm_number: false}}, next: {{done: bye, empty: bye}}}}
      bye: {{hangup: }}
"""


@pytest.fixture(scope="module")
def house(bed: Bed) -> Iterator[Clinic]:
    with ended(bed):
        made = Clinic(bed, RULES + SHUT + MORE)
        made.start_daemon()
        yield made


@pytest.fixture(autouse=True)
async def tidy(house: Clinic) -> AsyncIterator[None]:
    await house.ready()
    yield
    await house.empty()


async def switch(house: Clinic, *words: str) -> None:
    await asyncio.to_thread(house.bed.clinicpbx, "override", *words)


async def step_of_a_call(house: Clinic, caller: Phone) -> str:
    """The step in which a new call waits."""
    await caller.call(house.number)
    await eventually(lambda: len(house.steps()) == 1, 10)
    (step,) = house.steps()
    await caller.hangup()
    await eventually(lambda: not house.steps(), 10)
    return step


async def test_the_next_call_follows_and_the_end_comes_by_itself(house: Clinic, phones: Phones) -> None:
    caller = await house.caller(phones)
    assert await step_of_a_call(house, caller) == "menu"
    await switch(house, "on", "night", "--until", "2h")
    assert await step_of_a_call(house, caller) == "take"
    await switch(house, "off", "night")
    assert await step_of_a_call(house, caller) == "menu"
    await switch(house, "on", "brief", "--until", "3s")
    began = datetime.now(UTC)
    await eventually(lambda: (datetime.now(UTC) - began).total_seconds() > 3, 10)
    assert await step_of_a_call(house, caller) == "menu"


async def test_it_outlives_the_daemon_and_holds_without_it(house: Clinic, phones: Phones) -> None:
    desk = await house.desk(phones, "201")
    await switch(house, "on", "night", "--until", "1h")
    house.bed.programs["daemon"].kill()
    house.bed.rx("dialplan set global CPBX_HB 1")  # as six seconds later
    caller = await house.caller(phones)
    await caller.call(house.number)
    await eventually(lambda: house.in_context("cpbx-fallback") == 1, 10)
    await eventually(lambda: "Record" in house.bed.rx("core show channels concise"), 15)
    await desk.silent("incoming", 0.1)  # the phones of an empty house are not rung
    await house.empty()
    house.start_daemon()
    await house.ready()
    assert await step_of_a_call(house, caller) == "take"
    await switch(house, "off", "night")
    assert await step_of_a_call(house, caller) == "menu"
