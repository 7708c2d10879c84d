"""Who was on a call by which channel, how long they talked, and what came after."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from clinicpbx.core.records.call_record import CallLeg, Offer, QueueEntry
from clinicpbx.core.records.legs import Leg, Talk, extension, talks
from clinicpbx.core.records.rows import Fact
from clinicpbx.core.records.spans import Span, common, joined, total

UNKNOWN = "?"
PATIENT = "patient"
"""Whom a fact says was dialled where the call is made for somebody."""
RINGS_WITHIN = timedelta(seconds=3)
"""So soon after a queue's offer its phone rings."""


@dataclass(frozen=True, slots=True)
class Parties:
    """What is known of a *call* to tell its channels apart: *others* are calls whose rows are mixed with its own.

    *asked*: the phone, or the name of who is on call, that was rung for the call; "" where the caller is the caller,
    UNKNOWN where nobody answered.
    *rung*: of `rung`.
    """

    call: str
    others: Collection[str]
    offers: Sequence[Offer]
    asked: str
    rung: Sequence[tuple[datetime, str]]
    ended: datetime

    def of(self, legs: Collection[Leg], spans: Sequence[Talk]) -> tuple[CallLeg, ...]:
        """The call's channels of *legs*, its own first; *spans*: what its own talked."""
        talked = {span.other.uniqueid for span in spans}
        mine = [leg for leg in legs if self._mine(leg, talked)]
        return tuple(self._told(leg, legs, spans) for leg in sorted(mine, key=lambda leg: leg.uniqueid != self.call))

    def _mine(self, leg: Leg, talked: Collection[str]) -> bool:
        if leg.uniqueid == self.call:
            return True
        if leg.channel.startswith("Local/"):  # nobody's
            return False
        if not self.others or leg.uniqueid in talked:
            return True
        return leg.uniqueid not in self.others and leg.linkedid not in self.others

    def _told(self, leg: Leg, legs: Collection[Leg], spans: Sequence[Talk]) -> CallLeg:
        ended = max(leg.ended or self.ended, leg.started)
        if leg.stays:
            own = spans if leg.uniqueid == self.call else talks(leg, legs, ended)
            times = joined(span.span for span in own)
            length, held = total(times), total(common(times, leg.holds)) if leg.holds else timedelta()
        else:
            length = held = timedelta()
        role, party, queue = self._who(leg)
        answered = None if leg.answered is None else max(leg.answered, leg.started)
        return CallLeg(leg.channel, role, party, queue, leg.started, answered, ended, length, held, leg.cause)

    def _who(self, leg: Leg) -> tuple[str, str, str]:
        """Role, party, queue."""
        phone = extension(leg.channel)
        if leg.uniqueid == self.call:
            if not self.asked:
                return "caller", phone, ""
            if self.asked in (phone, UNKNOWN):
                return ("agent" if phone == self.asked else "phone" if phone else "oncall"), phone, ""
            return "oncall", self.asked, ""
        if not phone:
            person = next((who for at, who in reversed(self.rung) if at <= leg.started), "")
            return ("oncall", person, "") if person and leg.dialled else ("outside", "", "")
        mine = [offer for offer in self.offers if offer.agent == phone]
        rang = [offer.queue for offer in mine if timedelta() <= leg.started - offer.at <= RINGS_WITHIN]
        return "agent" if mine else "phone", phone, rang[-1] if rang and leg.dialled else ""


def rung(facts: Iterable[Fact]) -> list[tuple[datetime, str]]:
    """Who on call was rung for the caller, and from when on; "" for nobody any more."""
    found = []
    for fact in facts:
        if fact.kind == "dialled" and fact.body.get("why") and fact.body.get("target") != PATIENT:
            found.append((fact.at, str(fact.body.get("target", ""))))
        elif fact.kind in ("answered", "dial_ended"):
            found.append((fact.at, ""))
    return found


def held(spans: Sequence[Talk]) -> timedelta:
    """Of the caller's *spans*, the time when whom the caller talked with had the caller on hold."""
    holds = [part for span in spans if span.other.holds for part in common([span.span], span.other.holds)]
    return total(holds) if holds else timedelta()


def worked(stays: Iterable[QueueEntry], spans: Sequence[Talk], wraps: Iterable[Fact]) -> tuple[QueueEntry, ...]:
    """*stays* in order, those that were answered with the talk of their agent and the work afterwards."""
    left, found = list(wraps), []
    ordered = sorted(stays, key=lambda stay: stay.entered)
    for n, stay in enumerate(ordered):
        if stay.outcome == "answered":
            until = ordered[n + 1].entered if n + 1 < len(ordered) else None
            wrap = next((fact for fact in left if _is_of(fact, stay)), None)
            if wrap is not None:
                left.remove(wrap)
            stay = _with_talk(stay, spans, until, length_of(wrap))
        found.append(stay)
    return tuple(found)


def _with_talk(stay: QueueEntry, spans: Sequence[Talk], until: datetime | None, wrap: timedelta) -> QueueEntry:
    mine = [span for span in spans if span.since >= stay.entered and (until is None or span.since < until)]
    mine = [span for span in mine if extension(span.other.channel) == stay.agent]
    times: list[Span] = [span.span for span in mine]
    return replace(stay, talk=total(times), hold=held(mine), wrap=wrap)


def _is_of(fact: Fact, stay: QueueEntry) -> bool:
    return fact.body.get("queue") == stay.queue and fact.body.get("phone") == stay.agent and fact.at >= stay.entered


def length_of(wrap: Fact | None) -> timedelta:
    """How long an agent worked after a call, by the fact of it; nothing for what cannot be read."""
    told = wrap.body.get("ms") if wrap is not None else None
    return timedelta(milliseconds=min(max(told, 0), 10**9)) if isinstance(told, int) else timedelta()
