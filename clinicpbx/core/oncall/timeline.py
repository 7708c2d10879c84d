"""What happened to a call and to those who were paged for it, line by line, and how people on call are reached."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median

from clinicpbx.core.records.assemble import EMERGENCY
from clinicpbx.core.records.legs import extension
from clinicpbx.core.records.path import path
from clinicpbx.core.records.rows import CelRow, Fact

CHANNELS = {"CHAN_START": "channel", "ANSWER": "answered", "BRIDGE_ENTER": "connected", "HANGUP": "hung up"}
"""Asterisk's events that the timeline of an emergency call tells."""


@dataclass(frozen=True, slots=True)
class Line:
    """*who*: a person, a phone, or a part of the rules; never a number."""

    at: datetime
    what: str
    who: str
    result: str


def timeline(facts: Iterable[Fact], channels: Sequence[CelRow] = ()) -> list[Line]:
    """In order. *channels*: Asterisk's own rows, told of a call to the emergency number."""
    found = [line for fact in facts for line in _of_fact(fact)]
    if any(row.context == EMERGENCY for row in channels):
        found += (line for row in channels for line in _of_channel(row))
    return sorted(found, key=lambda line: line.at)


def _of_fact(fact: Fact) -> Iterator[Line]:
    if fact.kind == "page":
        event, who, result = (str(fact.body.get(key, "")) for key in ("event", "who", "result"))
        yield Line(fact.at, event, who, result)
    elif fact.kind == "notify":
        yield Line(fact.at, "people are told", "", str(fact.body.get("kind", "")))
    else:
        yield from (Line(one.at, one.outcome, one.step, one.why) for one in path([fact]))


def _of_channel(row: CelRow) -> Iterator[Line]:
    if row.kind in CHANNELS:
        phone = extension(row.channel)
        who = f"phone {phone}" if phone else row.channel.partition("/")[2].rpartition("-")[0]
        yield Line(row.at, CHANNELS[row.kind], who, row.exten if row.context == EMERGENCY else "")


@dataclass(slots=True)
class Reached:
    """How often *who* was rung for pages and shifts, and what came of it. *waits*: from the ring to the acceptance."""

    who: str
    rung: int = 0
    answered: int = 0
    accepted: int = 0
    confirmed: int = 0
    declined: int = 0
    silent: int = 0
    waits: list[timedelta] = field(default_factory=list)

    @property
    def median(self) -> timedelta | None:
        return timedelta(seconds=median(map(timedelta.total_seconds, self.waits))) if self.waits else None


def reachability(facts: Iterable[Fact]) -> list[Reached]:
    """One a person, by name."""
    found: dict[str, Reached] = {}
    since: dict[tuple[str, str], datetime] = defaultdict()
    for fact in sorted(facts, key=lambda fact: fact.at):
        page, event, who = (str(fact.body.get(key, "")) for key in ("page", "event", "who"))
        if fact.kind != "page" or (event != "rung" and (page, who) not in since):
            continue  # accepted by somebody who was not rung: at the desk
        one = found.setdefault(who, Reached(who))
        match event:
            case "rung":
                one.rung += 1
                since[page, who] = fact.at
            case "postponed":
                one.rung -= 1  # Asterisk did not answer: no phone rang
            case "answered":
                one.answered += 1
            case "accepted":
                one.confirmed += page.startswith("handover-")
                one.accepted += not page.startswith("handover-")
                one.waits.append(fact.at - since[page, who])
            case "declined":
                one.declined += 1
            case "silent" | "refused":
                one.silent += 1
    return sorted(found.values(), key=lambda one: one.who)
