"""Ten calls talk and ten wait while the daemon dies or hangs: none is dropped, and each has its one record."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest

from tests.support.bed import Bed, eventually
from tests.support.crowd import DESKS, Crowd, crowd

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def floor(bed: Bed) -> Iterator[Crowd]:
    with crowd(bed) as made:
        bed.run("listener")
        yield made


@pytest.fixture(autouse=True)
async def tidy(floor: Crowd) -> AsyncIterator[None]:
    floor.start_daemon()
    await floor.staffed()
    yield
    await floor.empty()
    for name in ("daemon", "rescuer"):
        if name in floor.bed.programs:
            floor.bed.programs[name].stop()


async def talking_and_waiting(floor: Crowd, waiting: int) -> list[str]:
    """Every desk talks, and so many more wait: those, in their order."""
    floor.callers(len(DESKS))
    await eventually(lambda: floor.agents("talking") == len(DESKS), 20)
    floor.callers(waiting)
    await eventually(lambda: floor.waiting() == waiting, 20)
    talking = {row["call"] for row in floor.ask("agents")}
    return [row["call"] for row in floor.ask("calls") if row["call"] not in talking]


async def test_killed_daemon_drops_nobody_and_keeps_the_order(floor: Crowd) -> None:
    since = datetime.now(UTC)
    order = await talking_and_waiting(floor, 10)
    await floor.all_hear(10)
    floor.bed.programs["daemon"].kill()
    await floor.all_hear(10)
    assert floor.channels() == 30
    floor.start_daemon()
    await floor.ready()
    await floor.all_hear(10)
    assert (floor.agents("talking"), floor.waiting()) == (10, 10)
    for desk, call in zip(reversed(DESKS), order, strict=True):
        await floor.hang_up(desk)
        await eventually(lambda desk=desk, call=call: floor.talks(desk) == call, 10)  # type: ignore[misc]
    await floor.all_hear(10)
    await floor.empty()
    found = await floor.recorded(since, 20)
    assert Counter(row["outcome"] for row in found) == {"answered": 20}
    assert {row["agent"] for row in found} == set(DESKS)
    assert not any(row["fallback"] for row in found)


async def test_hung_daemon_loses_nobody_and_does_no_harm_when_it_wakes(floor: Crowd) -> None:
    since = datetime.now(UTC)
    floor.bed.run("rescuer")
    order = await talking_and_waiting(floor, 3)
    daemon = floor.bed.programs["daemon"]
    daemon.pause()
    await asyncio.sleep(3)
    assert floor.in_context("cpbx-fallback") == 0, "hung for less than the heartbeat's limit: nothing happens"
    daemon.resume()
    await eventually(lambda: floor.waiting() == 3)
    assert [row["call"] for row in floor.ask("calls")][-3:] == order

    daemon.pause()
    await eventually(lambda: floor.in_context("cpbx-fallback") == 3, 15)
    await eventually(lambda: floor.channels() == 26, 10)
    await floor.all_hear(13)
    daemon.resume()
    await floor.ready()
    await eventually(lambda: len(floor.ask("calls")) == 10, 10)
    await floor.all_hear(13)
    assert (floor.agents("talking"), floor.waiting(), floor.channels()) == (10, 0, 26)
    await floor.empty()
    found = await floor.recorded(since, 13)
    assert Counter((row["outcome"], bool(row["fallback"])) for row in found) == {
        ("answered", False): 10,
        ("answered", True): 3,
    }
