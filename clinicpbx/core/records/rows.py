"""What Asterisk and the daemon wrote about calls, row by row, as the assembler reads it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from clinicpbx.private import Private

T = TypeVar("T")
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


@dataclass(frozen=True, slots=True)
class CelRow:
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
    extra: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True, slots=True)
class CdrRow:
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


@dataclass(frozen=True, slots=True)
class Fact:
    """What the daemon decided or heard about a call."""

    call: str
    at: datetime
    kind: str
    body: Mapping[str, Any] = field(hash=False)


def instant(seconds: str) -> datetime | None:
    """Seconds since the epoch as Asterisk writes them; None where there is no such time."""
    try:
        value = float(seconds)
        return datetime.fromtimestamp(value, UTC) if value > 0 else None
    except (ValueError, OverflowError, OSError):
        return None


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def cel_row(row: Mapping[str, str]) -> CelRow:
    """A row of the CEL spool; what cannot be read becomes empty, since no row may stop a record."""
    return CelRow(
        row["eventtype"],
        instant(row["eventtime"]) or EPOCH,
        row["linkedid"],
        row["uniqueid"],
        row["channame"],
        Private(row["num"]),
        row["exten"],
        row["context"],
        row["appname"],
        {key: str(value) for key, value in _object(row["eventextra"]).items()},
    )


def cdr_row(row: Mapping[str, str]) -> CdrRow:
    """A row of the CDR spool."""
    return CdrRow(
        row["linkedid"],
        row["uniqueid"],
        row["sequence"],
        instant(row["start"]),
        instant(row["answer"]),
        instant(row["end"]),
        Private(row["src"]),
        row["dst"],
        row["channel"],
        row["dstchannel"],
        row["disposition"],
    )


def fact(row: Mapping[str, str]) -> Fact:
    """A row of the journal's `fact` table."""
    try:
        at = datetime.fromisoformat(row["at"])
    except ValueError:
        at = EPOCH
    return Fact(row["call"], at if at.tzinfo else at.replace(tzinfo=UTC), row["kind"], _object(row["body"]))


def once(rows: Iterable[T]) -> list[T]:
    """*rows* in order without exact doubles, which a restored spool file brings."""
    return list(dict.fromkeys(rows))
