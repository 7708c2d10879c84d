"""What Asterisk and the daemon wrote about calls, row by row, as the assembler reads it."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from clinicpbx.private import Private

T = TypeVar("T", bound=tuple[Any, ...])
Read = Callable[[str], Any]
CEL_COLUMNS = (
    *("eventtype", "eventtime", "linkedid", "uniqueid", "channame", "num"),
    *("name", "exten", "context", "appname", "eventextra"),
)
CDR_COLUMNS = (
    *("linkedid", "uniqueid", "sequence", "start", "answer", "end", "src"),
    *("dst", "clid", "channel", "dstchannel", "disposition", "userfield"),
)
FACT_COLUMNS = ("call", "at", "kind", "body")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST = itemgetter(0, 1, 2)


class CelRow(NamedTuple):
    """A channel event (CEL). *number* is the channel's caller number as Asterisk had it."""

    kind: str
    at: datetime
    linkedid: str
    uniqueid: str
    channel: str
    number: Private[str]
    exten: str
    context: str
    application: str
    extra: Mapping[str, str]

    def __hash__(self) -> int:
        return hash(self[:-1])


class CdrRow(NamedTuple):
    """A call detail record: one dialled pair of channels."""

    linkedid: str
    uniqueid: str
    sequence: str
    start: datetime | None
    answer: datetime | None
    end: datetime | None
    source: Private[str]
    destination: str
    channel: str
    peer: str
    disposition: str


class Fact(NamedTuple):
    """What the daemon decided or heard about a call."""

    call: str
    at: datetime
    kind: str
    body: Mapping[str, Any]

    def __hash__(self) -> int:
        return hash(self[:-1])


def instant(seconds: str) -> datetime | None:
    """Seconds since the epoch as Asterisk writes them; None where there is no such time."""
    try:
        value = float(seconds)
        return datetime.fromtimestamp(value, UTC) if value > 0 else None
    except (ValueError, OverflowError, OSError):
        return None


def stamp(at: datetime) -> str:
    """*at* as facts have it: ISO-8601, UTC, microseconds, so that texts sort as instants do."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _object(text: str, read: Read) -> dict[str, Any]:
    try:
        found = read(text) if text else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def cel_cells(*cells: str, read: Read = json.loads) -> CelRow:
    """The cells of CEL_COLUMNS; what cannot be read becomes empty, since no row may stop a record. *read*: JSON."""
    kind, time, linkedid, uniqueid, channel, number, _, exten, context, application, extra = cells
    told = {key: str(value) for key, value in _object(extra, read).items()} if extra else {}
    at = instant(time) or EPOCH
    return CelRow(kind, at, linkedid, uniqueid, channel, Private(number), exten, context, application, told)


def cel_row(row: Mapping[str, str]) -> CelRow:
    """A row of the CEL spool."""
    return cel_cells(*(row[name] for name in CEL_COLUMNS))


def cdr_cells(*cells: str, read: Read = json.loads) -> CdrRow:
    """The cells of CDR_COLUMNS."""
    linkedid, uniqueid, sequence, *times, source, destination, _, channel, peer, disposition, _ = cells
    start, answer, end = map(instant, times)
    number = Private(source)
    return CdrRow(linkedid, uniqueid, sequence, start, answer, end, number, destination, channel, peer, disposition)


def fact_cells(*cells: str, read: Read = json.loads) -> Fact:
    """The cells of FACT_COLUMNS."""
    call, time, kind, body = cells
    try:
        at = datetime.fromisoformat(time)
    except ValueError:
        at = EPOCH
    return Fact(call, at if at.tzinfo else at.replace(tzinfo=UTC), kind, _object(body, read))


def fact(row: Mapping[str, str]) -> Fact:
    """A row of the journal's `fact` table."""
    return fact_cells(*(row[name] for name in FACT_COLUMNS))


def once(rows: Iterable[T]) -> list[T]:
    """*rows* in order without exact doubles, which a restored spool file brings."""
    found = list(rows)
    if len(set(map(FIRST, found))) == len(found):  # as ever; to hash whole rows takes long
        return found
    return list(dict.fromkeys(found))
