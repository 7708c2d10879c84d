"""The week, the search for calls and saved reports say the same in both databases."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, text

from clinicpbx.adapters.db.audit import append
from clinicpbx.adapters.db.call_search import Wanted, find_calls_by
from clinicpbx.adapters.db.deliveries import announced
from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.adapters.db.inbox_tables import item
from clinicpbx.adapters.db.outbox import announce
from clinicpbx.core.audit.entry import Entry
from clinicpbx.core.records.stretch import stretch
from clinicpbx.reports._report import Period
from clinicpbx.reports._week import week_page
from tests.support.weeks import NUMBERS, ZONE, fill, week_calls

pytestmark = pytest.mark.integration
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
WEEK = stretch("last-week", NOW, ZONE)
PERIOD = Period(*WEEK, zone=ZONE.key, now=NOW)


async def test_reading(url: str) -> None:
    await fill(url)
    engine = make_engine(url, writes=True)
    async with engine.begin() as connection:
        await connection.execute(
            insert(item), [_item("ana", NOW - timedelta(hours=1)), _item("", NOW), _item("ben", NOW)]
        )
        await announce(connection, "report_ready", "week-2026-11-23", {})
        await append(
            connection, Entry("root", "rules.apply", "000002", {"why": "winter"}), WEEK[0] + timedelta(hours=9)
        )
        await append(connection, Entry("root", "rules.apply", "000001", {}), WEEK[0] - timedelta(seconds=1))
    page = await week_page(engine, PERIOD, "Harbor", 80)
    sheets = {sheet.title.partition(":")[0]: sheet.rows for sheet in page.sheets}
    assert sheets["What changed"][0]["this_week"] == 72
    assert {row["day"] for row in sheets["What surprised us"]} == {"2026-11-18"}
    assert [(row["owner"], row["open"], row["past"]) for row in sheets["What needs an owner"]] == [
        ("ana", 1, 1),
        ("nobody", 1, 0),
    ]
    assert [(row["at"], row["of"], row["why"]) for row in sheets["Rules that changed"]] == [
        ("2026-11-16 09:00", "000002", "winter")
    ]
    assert sum(row["Wednesday"] for row in sheets["When patients called"]) == 30

    calls = [call for call in week_calls() if WEEK[0] <= call.started < WEEK[1]]
    for wanted, many in (
        (Wanted(*WEEK), len(calls)),
        (Wanted(*WEEK, queue="nurse"), sum(call.queues[0].queue == "nurse" for call in calls)),
        (Wanted(*WEEK, agent="102"), sum(call.offers[0].agent == "102" for call in calls)),
        (Wanted(*WEEK, ending=NUMBERS[3][-2:]), sum(call.caller.value == NUMBERS[3] for call in calls)),
        (Wanted(number=NUMBERS[3], queue="refills", agent="101"), 51),
    ):
        assert len(await find_calls_by(engine, wanted, 1000)) == many, wanted
    async with engine.connect() as connection:
        assert await announced(connection, "report_ready", "week-2026-11-23")
        assert not await announced(connection, "report_ready", "week-2026-11-30")
    await engine.dispose()


def _item(owner: str, due: datetime) -> dict[str, object]:
    return {"category": "refill", "owner": owner, "opened": due - timedelta(days=1), "due": due, "touched": due}


async def test_postgresql_compiles_no_query_of_ours(postgres: str) -> None:
    """Also in a connection that is used again, after what was done in it was taken back."""
    engine = make_engine(postgres)
    for _ in range(3):
        async with engine.connect() as connection:
            assert (await connection.execute(text("SHOW jit"))).scalar_one() == "off"
            await connection.rollback()
    await engine.dispose()
