"""Tallies: calls counted by quarter hour, by local day and by hour of the week, and which rows cover a period.

A call counts in the slot in which it began, an item of the inbox in that in which it was opened. Grain 'quarter': the
slot is the UTC epoch // 900; 'day': the local date, as days since the epoch; 'week' and 'demand': local (12 * year +
month - 1) * 672 + weekday * 96 + quarter of the day, for all names together but for those that the tally's shape tells
apart.
"""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Column, ColumnElement, Integer, Table, Text, and_, case, or_

from clinicpbx.adapters.db.tables import UtcTime, metadata
from clinicpbx.core.records import slots
from clinicpbx.core.records.tally import SHAPES, Shape


def _tally(name: str, shape: Shape) -> Table:
    keys = (Column(key, Text, primary_key=True) for key in shape.of)
    figures = (Column(figure, BigInteger, nullable=False, server_default="0") for figure in shape.figures)
    slot = Column("slot", Integer, primary_key=True, autoincrement=False)
    # rows lie in the order of slots: a period is read in one go
    return Table(
        name, metadata, Column("grain", Text, primary_key=True), slot, *keys, *figures, sqlite_with_rowid=False
    )


TALLIES = {name: _tally(name, shape) for name, shape in SHAPES.items()}
queue_tally, call_tally, agent_tally = (TALLIES[name] for name in ("queue_tally", "call_tally", "agent_tally"))
path_tally, contact_tally, callback_tally, spell_tally = (
    TALLIES[name] for name in ("path_tally", "contact_tally", "callback_tally", "spell_tally")
)
item_tally = TALLIES["item_tally"]

# one row: the zone whose days and weeks are counted, "" where nothing was counted yet; figures before `closed` stand,
# though their records may be gone
tally_state = Table(
    "tally_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("zone", Text, nullable=False),
    Column("closed", UtcTime),
)


def widened(since: datetime, until: datetime) -> tuple[datetime, datetime]:
    """The shortest period of whole quarter hours around *since* to *until* (aware)."""
    first, last = slots.quarter_of(since), slots.quarter_of(until)
    return slots.instant_of(first), slots.instant_of(last if slots.instant_of(last) == until else last + 1)


def covering(table: Table, since: datetime, until: datetime, zone: str) -> ColumnElement[bool]:
    """The rows of *table* that count *since* to before *until* once: whole days, and quarter hours at the edges.

    *zone*: the one that the tallies are kept in. Errors: ValueError where the period is not of whole quarter hours.
    """
    local, (first, last) = ZoneInfo(zone), _quarters(since, until)
    begin = slots.day_of(first, local)
    begin += slots.day_begins(begin, local) < first
    end = slots.day_of(last, local)
    return _picked(
        table, "day", (begin, end), (slots.day_begins(begin, local), slots.day_begins(end, local)), first, last
    )


def weekly(table: Table, since: datetime, until: datetime, zone: str, grain: str = "week") -> ColumnElement[bool]:
    """Like covering, but whole months by hour of the week, to group by local_quarter; *grain*: week or demand."""
    local, (first, last) = ZoneInfo(zone), _quarters(since, until)
    begin, end = _months(first, last, local)
    whole = (slots.month_begins(begin, local), slots.month_begins(end, local))
    return _picked(table, grain, (begin * slots.WEEK, end * slots.WEEK), whole, first, last)


def local_day(table: Table, since: datetime, until: datetime, zone: str) -> ColumnElement[int]:
    """Of the rows that covering picks: the local date, as days since the epoch."""
    return _local(table, ("day",), table.c.slot, lambda quarter: quarter // slots.DAY, since, until, zone)


def local_quarter(table: Table, since: datetime, until: datetime, zone: str) -> ColumnElement[int]:
    """Of the rows that weekly picks: 96 * weekday + quarter of the day, from 0 on Monday at 0:00 to 671."""
    monday = 3 * slots.DAY  # the epoch was a Thursday
    whole = table.c.slot % slots.WEEK
    return _local(table, ("week", "demand"), whole, lambda quarter: (quarter + monday) % slots.WEEK, since, until, zone)


def _quarters(since: datetime, until: datetime) -> tuple[int, int]:
    if (since, until) != widened(since, until):
        raise ValueError("tallies count whole quarter hours")
    return slots.quarter_of(since), slots.quarter_of(until)


def _months(first: int, last: int, zone: ZoneInfo) -> tuple[int, int]:
    begin = slots.month_of(first, zone)
    return begin + (slots.month_begins(begin, zone) < first), slots.month_of(last, zone)


def _picked(
    table: Table, grain: str, whole: tuple[int, int], within: tuple[int, int], first: int, last: int
) -> ColumnElement[bool]:
    """*whole* slots of *grain*, which last from quarter to quarter *within*, and the quarters around them."""
    parts = [(grain, *whole), ("quarter", first, within[0]), ("quarter", within[1], last)]
    if whole[0] >= whole[1]:
        parts = [("quarter", first, last)]
    row = table.c
    return or_(*(and_(row.grain == of, row.slot >= a, row.slot < b) for of, a, b in parts if a < b or len(parts) == 1))


def _local(
    table: Table,
    grains: tuple[str, ...],
    whole: ColumnElement[int],
    of: Callable[[ColumnElement[int]], ColumnElement[int]],
    since: datetime,
    until: datetime,
    zone: str,
) -> ColumnElement[int]:
    """*whole* of rows of *grains*, and what *of* makes of the local quarter of the others."""
    slot, turns = table.c.slot, slots.offsets(*_quarters(since, until), ZoneInfo(zone))
    edges = [(slot < before, of(slot + offset)) for before, offset in turns]
    return case((table.c.grain.in_(grains), whole), *edges)
