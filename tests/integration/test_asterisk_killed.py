"""Asterisk itself is killed: its calls are lost with it, their records are not."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.bed import eventually, running_bed
from tests.support.crowd import Crowd, crowd

pytestmark = pytest.mark.integration


LONGEST = 81  # characters of an instance's folder


@pytest.fixture
def floor() -> Iterator[Crowd]:
    """In a folder with the longest path there may be: Asterisk writes its records there, too."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / ("h" * (LONGEST - len(folder) - 1))
        with running_bed(home) as bed, crowd(bed) as made:
            bed.run("listener")
            yield made


async def test_calls_that_were_cut_off_have_records_and_the_next_ones_too(floor: Crowd) -> None:
    since = datetime.now(UTC)
    bed = floor.bed
    floor.start_daemon()
    await floor.staffed()
    floor.callers(2)
    await eventually(lambda: floor.agents("talking") == 2, 20)
    await floor.all_hear(2)
    await floor.empty()
    await floor.recorded(since, 2)

    floor.callers(12)
    await eventually(lambda: (floor.agents("talking"), floor.waiting()) == (10, 2), 20)
    bed.programs["asterisk"].kill()
    bed.start_asterisk()
    found = await floor.recorded(since, 14, within=60)
    assert Counter(row["outcome"] for row in found) == {"answered": 2, "interrupted": 12}
    cut_off = [row for row in found if row["outcome"] == "interrupted"]
    assert sum(row["answered"] is not None for row in cut_off) == 10, "those who talked, by what Asterisk wrote of them"
    assert all(row["started"] <= (row["answered"] or row["ended"]) <= row["ended"] for row in cut_off)
    await floor.staffed()
    assert floor.ask("calls") == []

    floor.callers(1)
    await eventually(lambda: floor.agents("talking") == 1, 20)
    await floor.all_hear(1)
    await floor.empty()
    found = await floor.recorded(since, 15)
    assert found[-1]["outcome"] == "answered"
    assert "clinicpbx_records_faults 0.0" in (bed.instance.run / "listener.prom").read_text()
