"""Years of a hospital group's calls, written straight into the main database, tallies and all."""

import random
from bisect import bisect
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import accumulate, pairwise
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.bulk import put, replacing
from clinicpbx.adapters.db.tables import interaction, offer, queue_entry
from clinicpbx.adapters.db.tallies import add_counts
from clinicpbx.adapters.db.tally_tables import tally_state
from clinicpbx.core.records.sums import Sums
from clinicpbx.core.records.tally import contact, tallies

ZONE = ZoneInfo("America/New_York")
YEARS = 10
SITES = [f"site-{n}" for n in range(8)]
QUEUES = [f"queue-{n:02}" for n in range(20)]
AGENTS = [str(1000 + n) for n in range(300)]
CATEGORIES = ("appointment", "refill", "results", "billing", "")
LEGS = 6
STORIES = 8192
# calls by hour of a weekday: nights few, a peak in the morning and one after lunch
HOURS = (1, 1, 1, 1, 1, 2, 6, 30, 80, 100, 95, 80, 55, 75, 85, 70, 55, 30, 10, 6, 4, 3, 2, 1)
WEEKDAYS = (13, 11, 10, 10, 9, 2, 1)
PARTS = (interaction, queue_entry, offer)
HOUR = timedelta(hours=1)
Row = dict[str, Any]
Cells = tuple[Any, ...]
FIXED = (
    *("kind", "outcome", "number_raw", "dialled", "did", "flow", "version", "language", "menu_path", "transfers"),
    *("agent", "mailbox", "message", "hangup", "cause", "fallback", "category", "site", "disposition", "recording"),
    *("wait_ms", "wrap_ms", "callback", "tries", "paged", "page_outcome", "origin", "talk_ms", "hold_ms"),
)
CALL = ("call", "started", "ended", "number", "again", "answered", "called_back", *FIXED)
STAY = ("n", "queue", "waited_ms", "outcome", "agent", "offers", "wrap_ms", "talk_ms", "hold_ms")
OFFER = ("n", "queue", "agent", "outcome")
COLUMNS = (CALL, ("call", "entered", "left", *STAY), ("call", "at", *OFFER))


class Story:
    """What happened in a call but for when, who called and whether they called again."""

    def __init__(self, draw: random.Random) -> None:
        kind = draw.choices(("inbound", "internal", "outbound"), (80, 12, 8))[0]
        outcome = draw.choices(("answered", "abandoned", "voicemail", "callback"), (78, 12, 6, 4))[0]
        inbound = kind == "inbound"
        did = draw.randrange(40)  # a site has its own numbers, these lead to some queues, an agent serves two of them
        queue = (did % len(SITES) + len(SITES) * draw.randrange(3)) % len(QUEUES)
        agents = [AGENTS[n] for n in range(len(AGENTS)) if queue in (n % len(QUEUES), (n // len(QUEUES)) % len(QUEUES))]
        agent = draw.choice(agents)
        wait, talk = int(draw.expovariate(1 / 45_000)), int(draw.expovariate(1 / 180_000))
        taken = not inbound or outcome == "answered"
        self.inbound, self.taken, self.wait, self.last = inbound, taken, wait, wait + (talk if taken else 0)
        self.again = draw.choices((0, 0.2, 2, 6, 20, 60), (70, 5, 5, 8, 7, 5))[0] if inbound else 0
        own = {"talk_ms": talk if taken else 0, "hold_ms": talk // 8 if taken else 0}
        self.call: Row = {
            "kind": kind, "outcome": outcome if inbound else kind, "number_raw": "", "dialled": "",
            "did": f"+1212555{did:04}" if inbound else "", "flow": "main", "version": "000042",
            "language": draw.choice(("en", "en", "en", "es")), "menu_path": f'["main:{draw.randrange(1, 6)}"]',
            "transfers": "[]" if draw.random() < 0.9 else '[{"kind": "blind"}]', "agent": agent if taken else "",
            "mailbox": "", "message": "", "hangup": "caller", "cause": 16, "fallback": False,
            "category": draw.choice(CATEGORIES), "site": SITES[did % len(SITES)], "disposition": "", "recording": "",
            "wait_ms": wait if inbound else 0, "wrap_ms": 15_000 if taken else 0,
            "callback": draw.choice(("done", "unreached")) if outcome == "callback" and inbound else "",
            "tries": 1, "paged": "", "page_outcome": "", "origin": "", **own,
        }  # fmt: skip
        ends = {"answered": "answered", "abandoned": "abandoned"}
        stay = {
            "n": 0, "queue": QUEUES[queue], "waited_ms": wait, "outcome": ends.get(outcome, "overflow"),
            "agent": agent if taken else "", "offers": 1, "wrap_ms": 15_000 if taken else 0, **own,
        }  # fmt: skip
        self.stays = [stay] if inbound else []
        missed = [{"n": 0, "queue": QUEUES[queue], "agent": draw.choice(agents), "outcome": "noanswer"}]
        rang = [{"n": 1, "queue": QUEUES[queue], "agent": agent, "outcome": "answered" if taken else "abandoned"}]
        self.offers = (missed if draw.random() < 0.3 else []) + rang if inbound else []
        self.done = self.call["callback"] == "done"
        self._brief = {name: self.call[name] for name in ("kind", "site", "category")}
        self._own = tuple(self.call[name] for name in FIXED)
        self._stays = [tuple(stay[name] for name in STAY) for stay in self.stays]
        self._offers = [tuple(one[name] for name in OFFER) for one in self.offers]
        self._counts: list[Any] = []

    def rows(
        self, call: str, number: str, at: datetime, again: datetime | None
    ) -> tuple[Cells, list[Cells], list[Cells]]:
        """As CALL, STAY and OFFER name their columns."""
        answered, ended = at + timedelta(milliseconds=self.wait), at + timedelta(milliseconds=self.last)
        reached = ended + HOUR if self.done else None
        own = (call, at, ended, number, again, answered if self.taken else None, reached, *self._own)
        return own, [(call, at, answered, *stay) for stay in self._stays], [(call, at, *one) for one in self._offers]

    def tally(self, sums: Sums, at: datetime, number: str, again: datetime | None) -> None:
        """Counts the call: the same for each of the story, but for when they called again."""
        times = {"started": at, "ended": at + timedelta(milliseconds=self.last), "number": number, "again": again}
        times |= {"answered": at if self.taken else None}
        if not self._counts:
            times["called_back"] = times["ended"] + HOUR if self.done else None
            counted = tallies(self.call | times, self.stays, self.offers)
            self._counts = [one for one in counted if one[0][0] != "contact_tally"]
        sums.add(at, self._counts)
        if self.taken and number:
            sums.add(at, contact({**self._brief, **times}))


def midnight(at: datetime) -> datetime:
    """When the clinic's day of *at* began."""
    return at.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)


def days(calls: int, until: datetime) -> Iterator[tuple[datetime, int]]:
    """The days of YEARS up to *until*, each with its number of calls; *calls* in all."""
    all_days = [midnight(until) - timedelta(days=n) for n in range(365 * YEARS, 0, -1)]
    reached = list(accumulate(WEEKDAYS[day.weekday()] for day in all_days))
    marks = [0, *(calls * one // reached[-1] for one in reached)]
    return zip(all_days, (b - a for a, b in pairwise(marks)), strict=True)


class Decade:
    """Makes calls in the order in which they begin; some patients call again, when their first call says."""

    def __init__(self, until: datetime, seed: int = 7) -> None:
        self._until, self._draw = midnight(until), random.Random(seed)  # noqa: S311
        self._stories = [Story(self._draw) for _ in range(STORIES)]
        inbound = [one for one in self._stories if one.inbound]
        self._of = {name: [one for one in inbound if one.call["category"] == name] for name in CATEGORIES}
        self._hours = list(accumulate(HOURS))
        self._due: list[tuple[datetime, str, str]] = []
        self._n = 0

    def day(self, day: datetime, calls: int) -> Iterator[tuple[Story, str, str, datetime, datetime | None]]:
        """The calls of *day*: story, id, number, when it began, when the number called again."""
        draw, top, night = self._draw.random, self._hours[-1], (day + timedelta(days=1)).astimezone(UTC)
        for _ in range(calls * 3 // 4):  # about a quarter are those who call again
            began = day.replace(hour=bisect(self._hours, draw() * top)).astimezone(UTC)
            heappush(self._due, (began + timedelta(seconds=draw() * 3600), "", ""))
        while self._due and self._due[0][0] < night:
            at, known, category = heappop(self._due)
            self._n += 1
            stories = self._of[category] if known else self._stories
            story = stories[self._n * 7919 % len(stories)]
            number = known or (f"+1{3_000_000_000 + self._n}" if story.inbound else "")
            again = at + timedelta(days=story.again * (0.5 + draw())) if story.again else None
            if again is not None and again < self._until:
                heappush(self._due, (again, number, story.call["category"]))
            else:
                again = None
            yield story, f"bench-{int(at.timestamp())}.{self._n:09}", number, at, again


async def fill(engine: AsyncEngine, calls: int, until: datetime, told: Callable[[int], None]) -> None:
    """About *calls* calls up to *until*, a month a transaction; *told* hears how many are there."""
    decade, written, sums = Decade(until), 0, Sums()
    rows: tuple[list[Cells], ...] = ([], [], [])
    indexes = sorted((one for table in PARTS for one in table.indexes), key=lambda one: str(one.name))
    async with engine.begin() as connection:
        await put(connection, tally_state, ("id", "zone"), [(1, ZONE.key)], replacing(tally_state, ["zone"]))
        for index in indexes:
            await connection.run_sync(index.drop)
    month = 0
    for day, count in days(calls, until):
        if day.month != month and rows[0]:
            await _write(engine, rows, sums)
            written, month, sums, rows = written + len(rows[0]), day.month, Sums(), ([], [], [])
            told(written)
        month = day.month
        for story, call, number, at, again in decade.day(day, count):
            own, stays, offers = story.rows(call, number, at, again)
            rows[0].append(own)
            rows[1].extend(stays)
            rows[2].extend(offers)
            story.tally(sums, at, number, again)
    await _write(engine, rows, sums)
    async with engine.begin() as connection:
        for index in indexes:
            await connection.run_sync(index.create)
        await connection.execute(text("ANALYZE"))


async def _write(engine: AsyncEngine, rows: tuple[list[Cells], ...], sums: Sums) -> None:
    async with engine.begin() as connection:
        for table, columns, found in zip(PARTS, COLUMNS, rows, strict=True):
            await put(connection, table, columns, found)
        first, last = rows[0][0][0], rows[0][-1][0]
        await connection.execute(_legs(), {"first": first, "last": last})
        for name, counted in sums.rows(ZONE).items():
            await add_counts(connection, name, counted)


def _legs() -> TextClause:
    """LEGS channels of each call, made where they are stored."""
    numbers = " UNION ALL ".join(f"SELECT {n} AS n" for n in range(LEGS))
    names = "call, n, channel, role, party, queue, started, answered, ended, talk_ms, hold_ms, cause"
    return text(
        f"INSERT INTO leg ({names}) SELECT call, n, 'PJSIP/phone-' || agent || '-0000abcd', "
        "CASE n WHEN 0 THEN 'caller' ELSE 'agent' END, agent, '', started, answered, ended, talk_ms, hold_ms, 16 "
        f"FROM interaction, ({numbers}) numbers WHERE call BETWEEN :first AND :last ORDER BY call, n"
    )
