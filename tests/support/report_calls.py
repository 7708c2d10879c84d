"""A few calls of a day, as records."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.records import write_records
from clinicpbx.core.records.call_record import Interaction, Offer, QueueEntry
from clinicpbx.private import Private

DAY = datetime(2026, 11, 24, tzinfo=UTC)
CALLER = Private("+12125550147")


def at(minute: float) -> datetime:
    return DAY + timedelta(minutes=minute)


def entry(minute: float, waited: float, outcome: str, agent: str = "", queue: str = "front") -> QueueEntry:
    return QueueEntry(queue, at(minute), at(minute) + timedelta(seconds=waited), outcome, agent, 1)


def inbound(call: str, minute: float, outcome: str, **more: Any) -> Interaction:
    begun = {"started": at(minute), "ended": at(minute + 5), "caller": CALLER, "did": "100"}
    return replace(Interaction(call, "inbound", outcome, **begun), **more)  # type: ignore[arg-type]


def taken(agent: str, minute: float, talk: float) -> dict[str, Any]:
    return {"agent": agent, "answered": at(minute), "talk": timedelta(seconds=talk)}


CALLS = [
    # answered after exactly the threshold: in time
    inbound(
        "c.1",
        0,
        "answered",
        queues=(entry(0, 20, "answered", "ana"),),
        offers=(Offer("front", "ana", at(0), "answered"), Offer("front", "ben", at(0), "elsewhere")),
        **taken("ana", 1, 60),
    ),
    # ana misses it, ben takes it late
    inbound(
        "c.2",
        10,
        "answered",
        queues=(entry(10, 40, "answered", "ben"),),
        offers=(Offer("front", "ana", at(10), "noanswer"), Offer("front", "ben", at(10.5), "answered")),
        **taken("ben", 11, 90),
    ),
    # gives up early, and late
    inbound("c.3", 20, "abandoned", queues=(entry(20, 5, "abandoned"),)),
    inbound(
        "c.4",
        30,
        "abandoned",
        queues=(entry(30, 55, "abandoned"),),
        offers=(Offer("front", "ana", at(30), "abandoned"),),
    ),
    # overflows from one queue into another, where ana takes it at once
    inbound(
        "c.5",
        40,
        "answered",
        did="200",
        queues=(entry(40, 60, "overflow"), entry(41, 2, "answered", "ana", "nurses")),
        offers=(Offer("nurses", "ana", at(41), "answered"),),
        **taken("ana", 41, 30),
    ),
    # hangs up in the menu
    inbound("c.6", 50, "abandoned"),
    # a phone of ours rings a queue: no patient's call
    replace(
        Interaction("c.7", "internal", "internal", at(55), at(56), Private("101")),
        dialled=Private("300"),
        queues=(entry(55, 50, "answered", "ana"),),
        offers=(Offer("front", "ben", at(55), "noanswer"), Offer("front", "ana", at(55), "answered")),
        **taken("ana", 55, 10),
    ),
    # another day
    inbound("c.8", -1, "answered", queues=(entry(-1, 1, "answered", "ana"),), **taken("ana", 0, 600)),
]


async def write_calls(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await write_records(connection, {record.call for record in CALLS}, CALLS)
