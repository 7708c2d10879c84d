"""Channels and the bridges they were in, read from channel events."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from clinicpbx.core.callflow.rehearsal import is_test
from clinicpbx.core.records.rows import CelRow, Fact
from clinicpbx.core.records.spans import Span

END = datetime.max.replace(tzinfo=UTC)
LINES = ("cpbx-arrive", "cpbx-fallback")
"""Contexts whose extensions are our numbers as the rules write them."""
PHONE = re.compile(r"^PJSIP/phone-(.+)-[0-9a-f]{8}(?:;[12])?$")


@dataclass(slots=True)
class Stay:
    """A channel in a bridge; *until* is None while it is there."""

    bridge: str
    since: datetime
    until: datetime | None = None


@dataclass(slots=True)
class Leg:
    """One channel of a call. *linkedid*: of its first row. *holds*: when its party had the others on hold. *line*: our
    number that it called, however the carrier writes it, "" before the dialplan has said so."""

    uniqueid: str
    linkedid: str
    channel: str
    exten: str
    context: str
    number: str
    started: datetime
    answered: datetime | None = None
    ended: datetime | None = None
    dialled: bool = False
    cause: int = 0
    hangup_source: str = ""
    contexts: set[str] = field(default_factory=set)
    line: str = ""
    recorded: bool = False
    stays: list[Stay] = field(default_factory=list)
    holds: list[Span] = field(default_factory=list)

    @property
    def tests(self) -> bool:
        """It is the self-test's, in the caller's stead."""
        return is_test(self.channel)

    @property
    def arrived(self) -> bool:
        """It came in from a trunk, rather than being dialled by us."""
        return self.context == "cpbx-from-trunk" and not self.dialled


def extension(channel: str) -> str:
    """The extension of a desk phone's channel, "" for any other channel."""
    found = PHONE.match(channel)
    return found.group(1) if found else ""


def _stay(leg: Leg, row: CelRow) -> None:
    bridge = row.extra.get("bridge_id", "")
    if row.kind == "BRIDGE_ENTER":
        # callers who wait side by side in a holding bridge do not talk to each other
        if "holding" not in row.extra.get("bridge_technology", ""):
            leg.stays.append(Stay(bridge, row.at))
        return
    for stay in leg.stays:
        if stay.bridge == bridge and stay.until is None:
            stay.until = row.at


def _hangup(leg: Leg, row: CelRow) -> None:
    cause = row.extra.get("hangupcause", "0")
    leg.cause = int(cause) if cause.isdigit() else 0
    leg.hangup_source = row.extra.get("hangupsource", "")


def legs_of(rows: Iterable[CelRow]) -> dict[str, Leg]:
    """Every channel that appears in *rows*, in the order of its first row."""
    legs: dict[str, Leg] = {}
    for row in rows:
        leg = legs.get(row.uniqueid)
        if leg is None:
            leg = Leg(row.uniqueid, row.linkedid, row.channel, row.exten, row.context, row.number.value, row.at)
            # a channel that we dial starts at `s`; arrivals are explicit numbers
            leg.dialled = row.kind == "CHAN_START" and row.exten == "s"
            legs[row.uniqueid] = leg
        leg.contexts.add(row.context)
        if row.context in LINES:
            leg.line = leg.line or row.exten
        if row.kind in ("BRIDGE_ENTER", "BRIDGE_EXIT"):
            _stay(leg, row)
        elif row.kind == "HANGUP":
            _hangup(leg, row)
        elif row.kind == "ANSWER":
            leg.answered = leg.answered or row.at
        elif row.kind == "CHAN_END":
            leg.ended = row.at
        elif row.kind == "APP_START" and row.application == "Record":
            leg.recorded = leg.recorded or row.context == "cpbx-fallback"
    return legs


def hold(legs: dict[str, Leg], facts: Iterable[Fact]) -> None:
    """Gives *legs* the holds of *facts*, which name a channel each; one that is not said to end lasts as long as it."""
    said = [fact for fact in facts if fact.kind in ("held", "unheld")]
    began: dict[str, datetime] = {}
    for fact in sorted(said, key=lambda fact: fact.at):
        if fact.kind == "held":
            began.setdefault(fact.call, fact.at)
        elif fact.call in began:
            _hold(legs, fact.call, began.pop(fact.call), fact.at)
    for channel, at in began.items():
        _hold(legs, channel, at, END)


def _hold(legs: dict[str, Leg], channel: str, since: datetime, until: datetime) -> None:
    if channel in legs:
        legs[channel].holds.append((since, until))


@dataclass(frozen=True, slots=True)
class Talk:
    """Time that two channels were bridged."""

    since: datetime
    until: datetime
    other: Leg

    @property
    def span(self) -> Span:
        return self.since, self.until


def talks(leg: Leg, legs: Iterable[Leg], last: datetime) -> list[Talk]:
    """When *leg* was bridged, and with whom, in order; a stay without an end lasts until *last*."""
    found = []
    for stay in leg.stays:
        for other in legs:
            for theirs in other.stays if other is not leg else ():
                since = max(stay.since, theirs.since)
                until = min(stay.until or leg.ended or last, theirs.until or other.ended or last)
                if theirs.bridge == stay.bridge and until >= since:
                    found.append(Talk(since, until, other))
    return sorted(found, key=lambda talk: (talk.since, talk.until))
