"""A day of calls, small enough to work out every figure by hand, and what else happened that day."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from clinicpbx.adapters.db.inbox_tables import contact, item
from clinicpbx.adapters.db.item_tally import recounted
from clinicpbx.adapters.db.records import write_records
from clinicpbx.adapters.db.spells import keep_spells
from clinicpbx.adapters.db.tables import fact
from clinicpbx.core.records.call_record import NOBODY as WITHHELD
from clinicpbx.core.records.call_record import Interaction, Offer, QueueEntry, Transfer
from clinicpbx.core.records.rows import fact as fact_row
from clinicpbx.private import Private
from clinicpbx.reports._report import Period

DAY = datetime(2026, 11, 24, tzinfo=UTC)  # a Tuesday
PERIOD = Period(DAY, DAY + timedelta(days=1), now=DAY + timedelta(days=10))
Row = dict[str, Any]


def at(minute: float) -> datetime:
    return DAY + timedelta(minutes=minute)


def length(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def stay(waited: float, outcome: str, agent: str = "", queue: str = "front", **lengths: float) -> QueueEntry:
    """In seconds; *lengths*: talk (with hold), hold, wrap. It begins when the one before ends."""
    times = {name: length(seconds) for name, seconds in lengths.items()}
    return QueueEntry(queue, DAY, DAY + length(waited), outcome, agent, **times)


def rung(agent: str, outcome: str, queue: str = "front") -> Offer:
    return Offer(queue, agent, DAY, outcome)


def call(id: str, minute: float, outcome: Any, *stays: QueueEntry, offers: Sequence[Offer] = (), **more: Any) -> Any:
    """An inbound call to 100 at the main site, unless *more* says otherwise. *talk* and *hold* in seconds: answered."""
    begun, entered, queues = at(minute), at(minute), list[QueueEntry]()
    for one in stays:
        queues.append(replace(one, entered=entered, left=entered + one.waited))
        entered = queues[-1].left
    if "talk" in more:
        times = {name: length(more.get(name, 0)) for name in ("talk", "hold")}
        more = {**more, "answered": entered, **times}
    one = Interaction(id, "inbound", outcome, begun, begun + timedelta(minutes=5), WITHHELD, did="100", site="main")
    rings = tuple(replace(each, at=begun) for each in offers)
    return replace(one, queues=tuple(queues), offers=rings, **more)


def number(n: int) -> Private[str]:
    return Private(f"+1212555{n:04}")


def promised(minute: float, state: str, tries: int = 0, delay: float | None = None) -> Row:
    reached = None if delay is None else at(minute + 5) + length(delay)
    return {"callback": state, "tries": tries, "called_back": reached}


MOVE = Transfer(at(41), "blind", "201", "202")
CALLS: list[Interaction] = [
    # answered after exactly the threshold: in time; the same number calls again for the same reason
    call(
        *("c.1", 0, "answered", stay(20, "answered", "ana", talk=60, wrap=15)),
        offers=[rung("ana", "answered"), rung("ben", "elsewhere")],
        agent="ana",
        talk=60,
        caller=number(1),
        category="bill",
    ),
    # ana misses it, ben takes it late, holds for 10 s; calls again after 10 minutes
    call(
        *("c.2", 10, "answered", stay(40, "answered", "ben", talk=100, hold=10, wrap=15)),
        offers=[rung("ana", "noanswer"), rung("ben", "answered")],
        agent="ben",
        talk=100,
        hold=10,
        caller=number(2),
    ),
    # give up: after exactly what is short, and late while a phone rings
    call("c.3", 20, "abandoned", stay(5, "abandoned"), caller=number(2)),
    call("c.4", 30, "abandoned", stay(55, "abandoned"), offers=[rung("ana", "abandoned")], caller=number(3)),
    # overflows into another queue, is taken there at once, and transferred twice
    call(
        *("c.5", 40, "answered", stay(60, "overflow"), stay(2, "answered", "ana", "nurses", talk=30)),
        offers=[rung("ana", "answered", "nurses")],
        agent="ana",
        talk=50,
        caller=number(4),
        did="200",
        site="annex",
        category="rx",
        transfers=(MOVE, MOVE),
    ),
    # hangs up in the second menu
    call("c.6", 50, "abandoned", caller=number(5), menu_path=("main:1", "more:2")),
    # a phone of ours rings a queue: no patient's call
    call(
        *("c.7", 55, "internal", stay(50, "answered", "ana", talk=10)),
        offers=[rung("ben", "noanswer"), rung("ana", "answered")],
        agent="ana",
        talk=10,
        did="",
        kind="internal",
    ),
    # began the day before, and goes on
    call("c.8", -1, "answered", stay(200, "answered", "ana", talk=600), agent="ana", talk=600, caller=number(9)),
    # begins before midnight, is taken after it
    call(
        *("c.9", 1439, "answered", stay(120, "answered", "ben", "nurses", talk=40, wrap=5)),
        offers=[rung("ben", "busy", "nurses"), rung("ben", "answered", "nurses")],
        agent="ben",
        talk=40,
        caller=number(6),
        did="200",
        site="annex",
        menu_path=("main:1",),
    ),
    # Asterisk ends
    call("c.10", 60, "interrupted", stay(30, "interrupted"), offers=[rung("ben", "interrupted")], caller=number(7)),
    # call-backs: done, open, given up
    call(
        *("c.11", 70, "callback", stay(90, "overflow")),
        **{"caller": number(8), "menu_path": ("main:1",), **promised(70, "done", 2, 600)},
    ),
    call("c.12", 80, "callback", stay(15, "overflow"), caller=number(10), **promised(80, "promised")),
    call(
        *("c.13", 90, "callback", stay(10, "overflow", queue="nurses")),
        **{"caller": number(11), **promised(90, "unreached", 3)},
    ),
    call("c.14", 600, "voicemail", caller=number(1), category="bill", menu_path=("main:9", "main:9")),
    # a withheld number, put through without a queue
    call("c.15", 610, "answered", agent="ana", talk=25),
    call("c.16", 620, "outbound", agent="ana", talk=15, did="", kind="outbound", dialled=number(2)),
    call("c.17", 630, "selftest", talk=5, kind="selftest"),
]
AGENTS = [  # minute, name, state, reason
    (-120, "ben", "ready", ""),
    (480, "ana", "ready", ""),
    (540, "cleo", "ready", ""),
    (600, "cleo", "out", ""),
    (720, "ana", "paused", "lunch"),
    (750, "ana", "ready", ""),
    (960, "ana", "out", ""),
    (1410, "ben", "paused", "no answer"),
    (1470, "ben", "ready", ""),
]
PAGES = [  # minute, page, event, who, result
    (-1, "p.0", "begun", "", "message for doctors"),
    (1, "p.0", "accepted", "ada", ""),
    (120, "p.1", "begun", "", "message for doctors"),
    (120, "p.1", "rung", "ada", ""),
    (120.5, "p.1", "accepted", "ada", ""),
    (180, "p.2", "begun", "", "red flag for doctors"),
    (180, "p.2", "rung", "eve", ""),
    (181, "p.2", "rung", "ada", ""),
    (181.5, "p.2", "accepted", "ada", ""),
    (182, "p.2", "closed", "ada", "seen"),
    (420, "h.1", "begun", "", "handover for doctors"),
    (421, "h.1", "accepted", "ada", ""),
    (1430, "p.3", "begun", "", "message for doctors"),
    (1430, "p.3", "rung", "eve", ""),
]
ITEMS = [  # call, minutes: opened, due, tried, closed
    ("c.14", "bill", 605, 725, 615, 635),
    ("c.4", "abandoned", 35, 60, None, 120),
    ("c.3", "abandoned", 26, 240, None, None),
    ("c.9", "bill", 1380, 2100, None, None),
]

ELSEWHERE, NO_NUMBER, NO_REASON, NOBODY = "outside every queue", "no number", "no reason said", "nobody"
EXPECTED: dict[str, list[list[Any]]] = {
    # did, kind, calls, answered, abandoned, voicemail, callback, informed, failed, interrupted, taken,
    # mean talk: (60 + 90 + 25) / 3, (50 + 40) / 2
    "call_volume": [
        [NO_NUMBER, "internal", 1, 0, 0, 0, 0, 0, 0, 0, 1, 10.0],
        [NO_NUMBER, "outbound", 1, 0, 0, 0, 0, 0, 0, 0, 1, 15.0],
        ["100", "inbound", 11, 3, 3, 1, 3, 0, 0, 1, 3, 58.3],
        ["200", "inbound", 2, 2, 0, 0, 0, 0, 0, 0, 2, 45.0],
    ],
    # front: 20, 40 answered, 5, 55 abandoned, 60, 90, 15 overflow, 30 interrupted; nurses: 2, 120 answered, 10 overflow
    "service_level": [
        ["front", 8, "", "", 2, 2, 1, 3, 1, 1, 12.5, 14.3, 50.0, 25.0, 30.0, 90.0],
        ["nurses", 3, "", "", 2, 0, 0, 1, 0, 1, 33.3, 33.3, 50.0, 0.0, 61.0, 120.0],
    ],
    # one in the menu
    "abandoned_calls": [
        [ELSEWHERE, 1, 1, 0, 100.0, 0.0, 0.0],
        ["front", 8, 2, 1, 25.0, 30.0, 55.0],
        ["nurses", 3, 0, 0, 0.0, None, None],
    ],
    "handle_time": [
        ["front", 2, 150.0, 10.0, 30.0, 75.0, 5.0, 15.0, 95.0],
        ["nurses", 2, 70.0, 0.0, 5.0, 35.0, 0.0, 2.5, 37.5],
    ],
    # ana: two offers answered, one missed, one given up by the caller; talked 60 + 30, and 25 without a queue
    "agent_activity": [["ana", 4, 2, 1, 66.7, 3, 115.0, 38.3], ["ben", 5, 2, 1, 66.7, 2, 130.0, 65.0]],
    # ana: eight hours, half of one for lunch; (115 + 15) / 27000. ben: all day, half an hour paused before midnight
    "agent_time": [
        ["ana", 28800.0, 1800.0, 27000.0, 3, 115.0, 0.0, 15.0, 0.5],
        ["ben", 86400.0, 1800.0, 84600.0, 2, 130.0, 10.0, 20.0, 0.2],
        ["cleo", 3600.0, 0.0, 3600.0, 0, 0.0, 0.0, 0.0, 0.0],
    ],
    "pauses": [["lunch", 1, 1800.0, 1800.0, 1800.0], ["no answer", 1, 1800.0, 1800.0, 1800.0]],
    "demand": [
        ["Tuesday", quarter, calls, float(calls)]
        for quarter, calls in [
            *(("00:00", 2), ("00:15", 1), ("00:30", 2), ("00:45", 1), ("01:00", 2)),
            *(("01:15", 1), ("01:30", 1), ("10:00", 2), ("23:45", 1)),
        ]
    ],
    "transfers": [["100", 3, 0, 0.0], ["200", 2, 1, 50.0]],
    "first_call_resolution": [[NO_REASON, 2, 2, 1, 50.0], ["bill", 1, 1, 1, 0.0], ["rx", 1, 1, 0, 100.0]],
    # eight numbers once, two numbers twice
    "repeat_callers": [[1, 8, 8, 80.0, 66.7], [2, 2, 4, 20.0, 33.3]],
    "callbacks": [["front", 2, 1, 0, 1, 2, 100.0, 600.0], ["nurses", 1, 0, 1, 0, 3, 0.0, None]],
    "menus": [["main", "1", 3, 60.0, 0, 0.0], ["main", "9", 2, 40.0, 0, 0.0], ["more", "2", 1, 100.0, 1, 100.0]],
    "menu_paths": [
        ["", 9, 4, 0, 0.0],
        ["main:1", 2, 1, 0, 0.0],
        ["main:1 > more:2", 1, 0, 1, 100.0],
        ["main:9 > main:9", 1, 0, 0, 0.0],
    ],
    "messages": [["abandoned", 2, 0, 1, 0, 2, 0.0, None, 5100.0], ["bill", 2, 1, 1, 1, 0, 100.0, 600.0, 1800.0]],
    "on_call": [[NOBODY, 1, 0, 0.0, 1, None, None], ["ada", 2, 2, 100.0, 3, 60.0, 90.0]],
}


def fact_rows(kind: str, told: Sequence[tuple[float, str, Row]]) -> list[dict[str, Any]]:
    return [
        {
            "spool": kind,
            "rowid": n,
            "call": call,
            "at": at(minute).isoformat(timespec="microseconds"),
            "kind": kind,
            "body": json.dumps(body),
        }
        for n, (minute, call, body) in enumerate(told)
    ]


async def write_records_of(engine: AsyncEngine, calls: Sequence[Interaction]) -> None:
    async with engine.begin() as connection:
        await write_records(connection, {one.call for one in calls}, calls)


async def write_day(engine: AsyncEngine) -> None:
    """All that happened on DAY."""
    await write_records_of(engine, CALLS)
    pages = [
        (minute, "c", {"page": page, "event": event, "who": who, "result": result})
        for minute, page, event, who, result in PAGES
    ]
    agents = [
        (minute, f"agent {name}", {"name": name, "agent": name, "state": state, "reason": reason})
        for minute, name, state, reason in AGENTS
    ]
    async with engine.begin() as connection:
        await connection.execute(insert(fact), [*fact_rows("page", pages), *fact_rows("agent", agents)])
        await keep_spells(connection, [fact_row(row) for row in fact_rows("agent", agents)])
        async with recounted(connection, range(1, len(ITEMS) + 1)):
            await write_items(connection)


async def write_items(connection: AsyncConnection) -> None:
    for id, (call, category, opened, due, tried, closed) in enumerate(ITEMS, 1):
        times = {"opened": at(opened), "due": at(due), "touched": at(opened)}
        ended = None if closed is None else at(closed)
        await connection.execute(insert(item).values(id=id, category=category, queue="front", closed=ended, **times))
        held = [(call, "voicemail", opened), *([(f"item-{id}", "tried", tried)] if tried else [])]
        for name, kind, minute in held:
            values = {"call": name, "item": id, "kind": kind, "at": at(minute), "settled": False}
            await connection.execute(insert(contact).values(values))
