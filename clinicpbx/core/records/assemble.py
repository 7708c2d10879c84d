"""One record per call, from what Asterisk wrote and what the daemon decided; either may be missing."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from clinicpbx.core.callflow.rehearsal import is_test
from clinicpbx.core.inbox.attempt import INTERRUPTED, NOT_PICKED_UP, Attempt
from clinicpbx.core.records.call_record import SILENT, Interaction, Kind, Outcome, QueueEntry, Transfer
from clinicpbx.core.records.legs import Leg, Talk, extension, hold, legs_of, talks
from clinicpbx.core.records.lives import lives
from clinicpbx.core.records.parties import UNKNOWN, Parties, held, length_of, rung, worked
from clinicpbx.core.records.promises import paged, promised
from clinicpbx.core.records.queueing import Queueing, in_line, queueing
from clinicpbx.core.records.rows import CdrRow, CelRow, Fact, once
from clinicpbx.core.records.spans import total
from clinicpbx.core.records.transfers import transfers
from clinicpbx.private import Private

AGAIN = "~"  # of an id that Asterisk gave twice: the second call is ID~2
FALLBACK, EMERGENCY, TRUNK = "cpbx-fallback", "cpbx-emergency-call", "cpbx-from-trunk"
ATTEMPT = re.compile(r"^(.+)\.\d+(?:-red)?\.a\d+$")
"""The id of a channel by which somebody is rung about a call: see callbacks.py and page.py."""
RUNG = "s"
NORMAL = 16
"""The cause (Q.850) where one side ended the call."""
NO_TALK = timedelta(milliseconds=100)
"""A bridge that is torn down while it is made is no talk: a caller hung up in that moment."""
OF_CHANNELS = ("held", "unheld")
"""Facts whose call is a channel, perhaps not the caller's."""
OUTCOMES: dict[str, Outcome] = {
    "answered": "answered",
    "abandoned": "abandoned",
    "voicemail": "voicemail",
    "callback": "callback",
    "informed": "informed",
    "internal": "internal",
    "failed": "failed",
}


@dataclass(frozen=True, slots=True)
class Group:
    """Every row about channels that belong together; *lost* are channels whose end was never written."""

    cdr: Sequence[CdrRow]
    cel: Sequence[CelRow]
    facts: Sequence[Fact]
    lost: Collection[str] = ()


def calls_in(group: Group, legs: Mapping[str, Leg]) -> list[str]:
    """The ids of the calls in *group*: each caller from outside and each emergency call is one; else the
    first channel is. More than one where an agent joined two callers."""
    own = [leg for leg in legs.values() if not leg.dialled and (leg.arrived or leg.tests or EMERGENCY in leg.contexts)]
    first = [leg.uniqueid for leg in own]
    told = [fact.call for fact in group.facts if fact.kind == "arrived" and fact.call not in legs]
    found = list(dict.fromkeys(first + told))
    if found:
        return found
    rest = [leg.uniqueid for leg in legs.values()]
    rest += [fact.call for fact in group.facts if fact.kind not in OF_CHANNELS]
    rest += [row.uniqueid for row in sorted(group.cdr, key=lambda row: row.uniqueid != row.linkedid)]
    return rest[:1]


def assemble_all(group: Group) -> list[Interaction]:
    """The record of each call of *group* that is over; the same rows give the same records."""
    found: dict[str, Interaction] = {}
    for life in lives(once(group.cdr), once(group.cel), once(group.facts)):
        lost = {row.uniqueid for row in life.cel} if life.over else group.lost
        one = Group(life.cdr, life.cel, life.facts, lost)
        legs = legs_of(one.cel)
        hold(legs, one.facts)
        calls = calls_in(one, legs)
        for record in (_Assembly(call, one, legs, calls).record() for call in calls):
            if record is not None:
                again = sum(known.partition(AGAIN)[0] == record.call for known in found)
                one_more = replace(record, call=f"{record.call}{AGAIN}{again + 1}") if again else record
                found[one_more.call] = one_more
    return list(found.values())


class _Assembly:
    def __init__(self, call: str, group: Group, legs: dict[str, Leg], calls: Sequence[str]) -> None:
        self.call, self.calls, self.legs = call, calls, legs
        self.cdr = [row for row in group.cdr if row.uniqueid == call]
        self.cel = group.cel
        self.facts = [fact for fact in group.facts if fact.call == call]
        consults = (fact for fact in group.facts if fact.kind == "consults" and fact.body.get("call") == call)
        self.asked = [[fact for fact in group.facts if fact.call == one.call] for one in consults]
        self.said: dict[str, list[Fact]] = {}
        for fact in self.facts:
            self.said.setdefault(fact.kind, []).append(fact)
        self.leg = legs.get(call)
        self.lost = call in group.lost and self.leg is not None and self.leg.ended is None

    def record(self) -> Interaction | None:
        """The record, or None while the call goes on."""
        times = self._times()
        if times is None:
            return None
        started, ended = times
        kind = self._kind()
        spans = self._talks(kind, ended)
        moves = transfers(self.call, self.cel, self.legs)
        hangup = self._hangup(spans, moves)
        outcome = self._outcome(kind, spans, moves, hangup)
        answered, talk, agent = self._answered(spans)
        answers = [(answered, agent), *((span.since, extension(span.other.channel)) for span in spans)]
        stays = Queueing() if kind == "selftest" else self._stays(moves, outcome, answers, ended)
        queues = self._queues(stays, spans, outcome, ended)
        arrived = self._body("arrived", 0)  # a transfer may bring it in again
        language = self._body("language").get("language") or arrived.get("language", "")
        return Interaction(
            call=self.call,
            kind=kind,
            outcome=outcome,
            started=started,
            ended=ended,
            caller=self._caller(),
            dialled=Private("" if kind == "inbound" else self._called()),
            did=self._called() if kind == "inbound" else "",
            flow=arrived.get("flow", ""),
            version=arrived.get("version", ""),
            language=language,
            menu_path=tuple(self._menu_path()),
            queues=queues,
            offers=tuple(sorted(stays.offers, key=lambda offer: offer.at)),
            transfers=tuple(moves),
            agent=agent,
            answered=answered,
            talk=talk,
            hangup=hangup,
            cause=self.leg.cause if self.leg else 0,
            fallback=self.leg is not None and FALLBACK in self.leg.contexts,
            hold=held(spans),
            wrap=sum(map(length_of, self._all("wrapped_up")), timedelta()),
            legs=self._legs(stays, arrived, ended).of(self.legs.values(), spans),
            **self._told(arrived),
            **promised(self.said),
            **paged(self.said),
        )

    def _attempts(self) -> tuple[Attempt, ...]:
        """To call patients of items; of one without an end, whether the phone that was rung for it came in tells."""
        without = INTERRUPTED if self._body("arrived") else NOT_PICKED_UP
        told = [(str(one.body.get("attempt", "")), one) for one in self.said.get("item", ())]
        last = {id: Attempt(id, one.at, str(one.body.get("result", "") or without)) for id, one in told if id}
        return tuple(last.values())

    def _told(self, arrived: Mapping[str, str]) -> dict[str, Any]:
        """What the rules, the caller and agents said of the call."""
        message, disposed = self._body("message"), self._all("disposition")
        return {
            "site": arrived.get("site", ""),
            "category": self._body("request").get("category", ""),
            "disposition": str(disposed[-1].body.get("disposition", "")) if disposed else "",
            "mailbox": message.get("mailbox", ""),
            "message": message.get("message", ""),
            "origin": arrived.get("origin", "") or self._origin(),
            "attempts": self._attempts(),
            "given": Private(self._body("number").get("number", "")),
        }

    def _all(self, kind: str) -> list[Fact]:
        """The facts of *kind* about the call, and about those by which agents asked others first."""
        asked = (fact for facts in self.asked for fact in facts if fact.kind == kind)
        return [*self.said.get(kind, ()), *asked]

    def _origin(self) -> str:
        """The call for which this channel was rung by us, whether or not anybody answered: its id says so."""
        found = ATTEMPT.match(self.call)
        return found.group(1) if found else ""

    def _legs(self, stays: Queueing, arrived: Mapping[str, str], ended: datetime) -> Parties:
        asked = arrived.get("entry", UNKNOWN) if self._origin() else ""
        return Parties(self.call, set(self.calls) - {self.call}, stays.offers, asked, rung(self.facts), ended)

    def _menu_path(self) -> list[str]:
        pressed = [fact.body for fact in self.said.get("menu", ())]
        return [f"{body.get('name', '')}:{body.get('key', '')}" for body in pressed]

    def _body(self, kind: str, which: int = -1) -> dict[str, str]:
        found = self.said.get(kind)
        return {key: str(value) for key, value in found[which].body.items()} if found else {}

    def _times(self) -> tuple[datetime, datetime] | None:
        if self.leg is not None:
            if self.lost:
                last = max((row.at for row in self.cel), default=self.leg.started)
                return self.leg.started, max(last, self.leg.started)
            return (self.leg.started, max(self.leg.ended, self.leg.started)) if self.leg.ended else None
        starts = [row.start for row in self.cdr if row.start]
        ends = [row.end for row in self.cdr if row.end]
        if starts and ends:
            return min(starts), max(ends)
        if "ended" in self.said:
            return self.facts[0].at, max(self.facts[0].at, self.facts[-1].at)
        return None

    def _kind(self) -> Kind:
        leg = self.leg
        if self._tests():
            return "selftest"
        if leg is not None and EMERGENCY in leg.contexts:
            return "emergency"
        if leg is None:
            from_phone = any(extension(row.channel) for row in self.cdr)
            return "internal" if from_phone or self._body("ended", 0).get("outcome") == "internal" else "inbound"
        if leg.arrived:
            return "inbound"
        outside = any(other.dialled and other.context == TRUNK for other in self.legs.values())
        return "outbound" if outside else "internal"

    def _tests(self) -> bool:
        if self.leg is not None:
            return self.leg.tests
        return any(is_test(row.channel) for row in self.cdr) or self._body("ended", 0).get("outcome") == "selftest"

    def _outcome(self, kind: Kind, spans: Sequence[Talk], moves: Sequence[Transfer], hangup: str) -> Outcome:
        if self.lost:
            return "interrupted"
        if kind in ("internal", "outbound", "emergency", "selftest"):
            return kind
        told = OUTCOMES.get(self._body("ended").get("outcome", ""))
        if told == "answered" and self._in_vain(spans):
            told = "abandoned"
        if told == "internal":  # a patient whom a phone of ours transferred to a number of ours
            told = None
        said = self.said.get("message")
        talked = [span.until for span in spans] or [row.end for row in self._taken() if row.end]
        if said and talked and said[-1].at >= max(talked):
            return "voicemail"  # who was transferred to a mailbox still waits for an answer
        sought = self._sought(moves)
        # the talk before a transfer ends a moment after it
        taken = any(sought is None or span.until > sought + NO_TALK for span in spans)
        if told == "answered" and spans and not taken:
            told = None
        if told is not None and told not in ("abandoned", "failed"):
            return told
        if taken or (not spans and self.leg is None and self._by_cdr()[0]):
            return "answered"
        if self._body("message") or (self.leg is not None and self.leg.recorded):
            return "voicemail"
        if spans and hangup == "system" and self.leg is not None and self.leg.cause != SILENT:
            return "failed"
        fell = self.leg is not None and FALLBACK in self.leg.contexts
        return told if told and not fell else "abandoned"

    def _sought(self, moves: Sequence[Transfer]) -> datetime | None:
        """When somebody was sought for the caller last: by a queue, or by a transfer, or by a flow that one led to."""
        arrived = [fact.at for fact in self.said.get("arrived", ())]
        sent = [move.at for move in moves if not arrived or move.at > max(arrived)]
        queued = [fact.at for fact in self.said.get("queued", ())]
        return max([*sent, *queued, *sorted(arrived)[1:]], default=None)

    def _queues(
        self, stays: Queueing, spans: Sequence[Talk], outcome: Outcome, ended: datetime
    ) -> tuple[QueueEntry, ...]:
        """Who hung up before whoever picked up could talk was answered by nobody."""
        queues = tuple(worked(stays.entries, spans, self._all("wrapped_up")))
        if outcome != "abandoned" or not queues or queues[-1].outcome != "answered" or queues[-1].talk:
            return queues
        left = max(ended, queues[-1].left)
        return (*queues[:-1], replace(queues[-1], left=left, outcome="abandoned", agent=""))

    def _talks(self, kind: Kind, ended: datetime) -> Sequence[Talk]:
        found = talks(self.leg, self.legs.values(), ended) if self.leg else []
        if kind != "inbound" or self.lost:  # of a call cut off by the end of Asterisk only the beginning is known
            return found
        return found if total(one.span for one in found) >= NO_TALK else []

    def _in_vain(self, spans: Sequence[Talk]) -> bool:
        """Nobody talked with the caller, whoever picked up: the caller hung up while they heard whose call it is."""
        return self.leg is not None and not self.lost and not spans

    def _taken(self) -> list[CdrRow]:
        """The rows of whom the caller talked with, where Asterisk wrote no others."""
        return [] if self.leg is not None else [row for row in self.cdr if row.disposition == "ANSWERED" and row.peer]

    def _by_cdr(self) -> tuple[datetime | None, timedelta, str]:
        taken = [(row.answer, row.end, row.peer) for row in self._taken() if row.answer and row.end]
        if not taken:
            return None, timedelta(), ""
        talk = sum((max(end - answer, timedelta()) for answer, end, _ in taken), timedelta())
        first, _, peer = min(taken)
        return first, talk, extension(peer)

    def _answered(self, spans: Sequence[Talk]) -> tuple[datetime | None, timedelta, str]:
        at, talk, agent = self._by_cdr() if self.leg is None else (None, timedelta(), "")
        if spans:
            at, talk, agent = spans[0].since, total(span.span for span in spans), extension(spans[0].other.channel)
        if self._in_vain(spans):
            return None, timedelta(), ""
        if told := next(iter(self.said.get("answered", ())), None):
            return at or told.at, talk, str(told.body.get("agent", "")) or agent
        return at, talk, agent

    def _stays(
        self,
        moves: Sequence[Transfer],
        outcome: Outcome,
        answers: Iterable[tuple[datetime | None, str]],
        ended: datetime,
    ) -> Queueing:
        """What facts say about queues; a stay still open is ended by the first of *answers* (when, by whom) in it."""
        left = [move.at for move in moves if move.kind == "attended" and not move.to]  # nobody had answered yet
        facts, others = in_line(self.facts, self.asked, left)
        stays = queueing(facts)
        if stays.stay is not None:
            since = stays.stay.entered
            taken = next(((at, agent) for at, agent in answers if at is not None and at >= since), None)
            if taken is not None:
                stays.leave(taken[0], "answered", taken[1])
            else:
                stays.leave(ended, "interrupted" if outcome == "interrupted" else "abandoned")
        for found in map(queueing, others):  # by an agent who asked first, and was answered
            if any(stay.outcome == "answered" for stay in found.entries):
                stays.entries += found.entries
                stays.offers += found.offers
        return stays

    def _caller(self) -> Private[str]:
        if self.leg is not None:
            return Private(self.leg.number)
        return next((row.source for row in self.cdr), Private(""))

    def _called(self) -> str:
        told = self._body("arrived", 0).get("entry", "")
        exten = self.leg.exten if self.leg else ""
        if exten == RUNG:  # by us: whom the call was to reach, Asterisk's rows of the other channel tell
            return ""
        line = self.leg.line if self.leg is not None and self.leg.arrived else ""
        return line or exten or told or next((row.destination for row in self.cdr), "")

    def _hangup(self, spans: Sequence[Talk], moves: Sequence[Transfer]) -> str:
        leg = self.leg
        if leg is None or self.lost:
            return ""
        since = max((move.at + NO_TALK for move in moves), default=leg.started)
        last = spans[-1] if spans and leg.ended and spans[-1].until > max(since, leg.ended - NO_TALK) else None
        source = leg.hangup_source or (last.other.hangup_source if last else "")
        if source == leg.channel and not self._origin():
            return "caller"
        if not source and last and leg.cause == last.other.cause == NORMAL:
            return ""  # of some talks Asterisk does not write which side ended them
        if not source or source.startswith("dialplan/"):
            return "system"
        return "agent" if extension(source) else "other"
