"""A day of calls, small enough to work out every figure by hand, and what else happened that day."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Table, insert
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.inbox_tables import contact, item
from clinicpbx.adapters.db.spells import keep_spells
from clinicpbx.adapters.db.tables import fact, interaction, offer, queue_entry
from clinicpbx.core.records.rows import fact as fact_row
from clinicpbx.reports._report import Period

DAY = datetime(2026, 11, 24, tzinfo=UTC)  # a Tuesday
PERIOD = Period(DAY, DAY + timedelta(days=1), now=DAY + timedelta(days=10))
Row = dict[str, Any]


def at(minute: float) -> datetime:
    return DAY + timedelta(minutes=minute)


def stay(waited: float, outcome: str, agent: str = "", queue: str = "front", **lengths: float) -> Row:
    """*lengths* in seconds: talk (with hold), hold, wrap."""
    times = {f"{name}_ms": round(lengths.get(name, 0) * 1000) for name in ("talk", "hold", "wrap")}
    return {"queue": queue, "waited_ms": round(waited * 1000), "outcome": outcome, "agent": agent, **times}


def rung(agent: str, outcome: str, queue: str = "front") -> Row:
    return {"queue": queue, "agent": agent, "outcome": outcome}


@dataclass
class Call:
    """*minute*: of DAY; *talk*: with hold, in seconds; *after*: minutes until the same number called again."""

    id: str
    minute: float
    outcome: str
    stays: Sequence[Row] = ()
    offers: Sequence[Row] = ()
    agent: str = ""
    talk: float | None = None
    hold: float = 0
    number: str = ""
    did: str = "100"
    site: str = "main"
    category: str = ""
    kind: str = "inbound"
    menu: Sequence[str] = ()
    moves: int = 0
    after: float | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    def rows(self) -> tuple[Row, list[Row], list[Row]]:
        """Of the call, its stays and its offers."""
        begun = at(self.minute)
        call = {
            "call": self.id,
            "kind": self.kind,
            "outcome": self.outcome,
            "started": begun,
            "ended": begun + timedelta(minutes=5),
            "number": self.number,
            "did": self.did,
            "site": self.site,
            "category": self.category,
            "menu_path": json.dumps(list(self.menu)),
            "agent": self.agent,
            "transfers": json.dumps([{"kind": "blind"}] * self.moves),
            "cause": 16,
            "fallback": False,
            "answered": None if self.talk is None else begun,
            "talk_ms": round((self.talk or 0) * 1000),
            "hold_ms": round(self.hold * 1000),
            "wait_ms": sum(one["waited_ms"] for one in self.stays),
            "again": None if self.after is None else begun + timedelta(minutes=self.after),
            "callback": "",
            "tries": 0,
            "called_back": None,
            **self.more,
        }
        stays, entered = [], begun
        for n, one in enumerate(self.stays):
            left = entered + timedelta(milliseconds=one["waited_ms"])
            stays.append({"call": self.id, "n": n, "entered": entered, "left": left, "offers": 0, **one})
            entered = left
        offers = [{"call": self.id, "n": n, "at": begun, **one} for n, one in enumerate(self.offers)]
        return call, stays, offers


def number(n: int) -> str:
    return f"+1212555{n:04}"


def promised(minute: float, state: str, tries: int = 0, delay: float | None = None) -> Row:
    reached = None if delay is None else at(minute + 5) + timedelta(seconds=delay)
    return {"callback": state, "tries": tries, "called_back": reached}


CALLS = [
    # answered after exactly the threshold: in time; the same number calls again for the same reason
    Call(
        *("c.1", 0, "answered", [stay(20, "answered", "ana", talk=60, wrap=15)]),
        [rung("ana", "answered"), rung("ben", "elsewhere")],
        *("ana", 60, 0, number(1)),
        category="bill",
        after=600,
    ),
    # ana misses it, ben takes it late, holds for 10 s
    Call(
        *("c.2", 10, "answered", [stay(40, "answered", "ben", talk=100, hold=10, wrap=15)]),
        [rung("ana", "noanswer"), rung("ben", "answered")],
        *("ben", 100, 10, number(2)),
        after=10,
    ),
    # give up: after exactly what is short, and late while a phone rings
    Call("c.3", 20, "abandoned", [stay(5, "abandoned")], number=number(2)),
    Call("c.4", 30, "abandoned", [stay(55, "abandoned")], [rung("ana", "abandoned")], number=number(3)),
    # overflows into another queue, is taken there at once, and transferred twice
    Call(
        *("c.5", 40, "answered"),
        [stay(60, "overflow"), stay(2, "answered", "ana", "nurses", talk=30)],
        [rung("ana", "answered", "nurses")],
        *("ana", 50, 0, number(4), "200", "annex", "rx"),
        moves=2,
    ),
    # hangs up in the second menu
    Call("c.6", 50, "abandoned", number=number(5), menu=["main:1", "more:2"]),
    # a phone of ours rings a queue: no patient's call
    Call(
        *("c.7", 55, "internal", [stay(50, "answered", "ana", talk=10)]),
        [rung("ben", "noanswer"), rung("ana", "answered")],
        *("ana", 10),
        did="",
        kind="internal",
    ),
    # began the day before, and goes on
    Call("c.8", -1, "answered", [stay(200, "answered", "ana", talk=600)], (), "ana", 600, number=number(9)),
    # begins before midnight, is taken after it
    Call(
        *("c.9", 1439, "answered", [stay(120, "answered", "ben", "nurses", talk=40, wrap=5)]),
        [rung("ben", "busy", "nurses"), rung("ben", "answered", "nurses")],
        *("ben", 40, 0, number(6), "200", "annex"),
        menu=["main:1"],
    ),
    # Asterisk ends
    Call("c.10", 60, "interrupted", [stay(30, "interrupted")], [rung("ben", "interrupted")], number=number(7)),
    # call-backs: done, open, given up
    Call(
        *("c.11", 70, "callback", [stay(90, "overflow")]),
        number=number(8),
        menu=["main:1"],
        more=promised(70, "done", 2, 600),
    ),
    Call("c.12", 80, "callback", [stay(15, "overflow")], number=number(10), more=promised(80, "promised")),
    Call(
        *("c.13", 90, "callback", [stay(10, "overflow", queue="nurses")]),
        number=number(11),
        more=promised(90, "unreached", 3),
    ),
    Call("c.14", 600, "voicemail", number=number(1), category="bill", menu=["main:9", "main:9"]),
    # a withheld number, put through without a queue
    Call("c.15", 610, "answered", agent="ana", talk=25),
    Call("c.16", 620, "outbound", agent="ana", talk=15, did="", kind="outbound", number=number(2)),
    Call("c.17", 630, "selftest", talk=5, kind="selftest"),
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
        ["front", 8, 2, 2, 1, 3, 1, 1, 12.5, 14.3, 50.0, 30.0, 90.0],
        ["nurses", 3, 2, 0, 0, 1, 0, 1, 33.3, 33.3, 50.0, 61.0, 120.0],
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


async def write_rows(engine: AsyncEngine, calls: Sequence[Call]) -> None:
    """The rows of *calls*."""
    rows = [call.rows() for call in calls]
    parts: list[tuple[Table, list[Row]]] = [
        (interaction, [call for call, _, _ in rows]),
        (queue_entry, [one for _, stays, _ in rows for one in stays]),
        (offer, [one for _, _, offers in rows for one in offers]),
    ]
    async with engine.begin() as connection:
        for table, values in parts:
            if values:
                await connection.execute(insert(table), values)


async def write_calls(engine: AsyncEngine) -> None:
    """All that happened on DAY."""
    await write_rows(engine, CALLS)
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
        for id, (call, category, opened, due, tried, closed) in enumerate(ITEMS, 1):
            times = {"opened": at(opened), "due": at(due), "touched": at(opened)}
            ended = None if closed is None else at(closed)
            await connection.execute(
                insert(item).values(id=id, category=category, queue="front", closed=ended, **times)
            )
            held = [(call, "voicemail", opened), *([(f"item-{id}", "tried", tried)] if tried else [])]
            for name, kind, minute in held:
                values = {"call": name, "item": id, "kind": kind, "at": at(minute), "settled": False}
                await connection.execute(insert(contact).values(values))
