"""One record per call, from what Asterisk wrote and what the daemon decided; either may be missing."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from clinicpbx.core.callflow.rehearsal import is_test
from clinicpbx.core.records.call_record import Interaction, Kind, Outcome, Transfer
from clinicpbx.core.records.legs import Talk, extension, legs_of, talks, total
from clinicpbx.core.records.lives import lives
from clinicpbx.core.records.queueing import Queueing, queueing
from clinicpbx.core.records.rows import CdrRow, CelRow, Fact, once
from clinicpbx.private import Private

AGAIN = "~"  # of an id that Asterisk gave twice: the second call is ID~2
FALLBACK, EMERGENCY, TRUNK = "cpbx-fallback", "cpbx-emergency-call", "cpbx-from-trunk"
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


def calls_in(group: Group) -> list[str]:
    """The ids of the calls in *group*: each caller from outside and each emergency call is one; else the
    first channel is. More than one where an agent joined two callers."""
    legs = legs_of(group.cel)
    own = [leg for leg in legs.values() if not leg.dialled and (leg.arrived or leg.tests or EMERGENCY in leg.contexts)]
    first = [leg.uniqueid for leg in own]
    told = [fact.call for fact in group.facts if fact.kind == "arrived" and fact.call not in legs]
    found = list(dict.fromkeys(first + told))
    if found:
        return found
    rest = [leg.uniqueid for leg in legs.values()]
    rest += [fact.call for fact in group.facts] + [row.uniqueid for row in group.cdr]
    return rest[:1]


def assemble_all(group: Group) -> list[Interaction]:
    """The record of each call of *group* that is over; the same rows give the same records."""
    found: dict[str, Interaction] = {}
    for life in lives(once(group.cdr), once(group.cel), once(group.facts)):
        lost = {row.uniqueid for row in life.cel} if life.over else group.lost
        one = Group(life.cdr, life.cel, life.facts, lost)
        for record in (_Assembly(call, one).record() for call in calls_in(one)):
            if record is not None:
                again = sum(known.partition(AGAIN)[0] == record.call for known in found)
                call = f"{record.call}{AGAIN}{again + 1}" if again else record.call
                found[call] = replace(record, call=call)
    return list(found.values())


class _Assembly:
    def __init__(self, call: str, group: Group) -> None:
        self.call = call
        self.cdr = [row for row in group.cdr if row.uniqueid == call]
        self.cel = group.cel
        self.facts = [fact for fact in group.facts if fact.call == call]
        consults = (fact for fact in group.facts if fact.kind == "consults" and fact.body.get("call") == call)
        self.asked = [[fact for fact in group.facts if fact.call == one.call] for one in consults]
        self.legs = legs_of(group.cel)
        self.leg = self.legs.get(call)
        self.lost = call in group.lost and self.leg is not None and self.leg.ended is None

    def record(self) -> Interaction | None:
        """The record, or None while the call goes on."""
        times = self._times()
        if times is None:
            return None
        started, ended = times
        spans = talks(self.leg, self.legs.values(), ended) if self.leg else []
        kind = self._kind()
        stays = queueing(() if kind == "selftest" else self.facts)
        outcome = self._outcome(kind, spans)
        answered, talk, agent = self._answered(spans)
        self._close(stays, outcome, answered, agent, ended)
        for found in map(queueing, self.asked):  # by an agent who asked first, and was answered
            if any(stay.outcome == "answered" for stay in found.entries):
                stays.entries += found.entries
                stays.offers += found.offers
        arrived, message = self._body("arrived", 0), self._body("message")  # a transfer may bring it in again
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
            queues=tuple(sorted(stays.entries, key=lambda stay: stay.entered)),
            offers=tuple(sorted(stays.offers, key=lambda offer: offer.at)),
            transfers=tuple(self._transfers()),
            agent=agent,
            answered=answered,
            talk=talk,
            mailbox=message.get("mailbox", ""),
            message=message.get("message", ""),
            hangup=self._hangup(),
            cause=self.leg.cause if self.leg else 0,
            fallback=self.leg is not None and FALLBACK in self.leg.contexts,
            category=self._body("request").get("category", ""),
            **self._callback(),
            **self._page(),
        )

    def _page(self) -> dict[str, Any]:
        """Who on call accepted what the call was about, and how it ended."""
        told = {str(fact.body.get("event", "")): fact.body for fact in self.facts if fact.kind == "page"}
        accepted, closed = told.get("accepted", {}), told.get("closed", {})
        who = str(closed.get("who", "") or accepted.get("who", ""))
        return {"paged": who, "page_outcome": str(closed.get("result", ""))} if who else {}

    def _callback(self) -> dict[str, Any]:
        """What became of the call-back that was promised in the call."""
        if not self._body("callback"):
            return {}
        ended = [fact for fact in self.facts if fact.kind == "callback_ended"]
        if not ended:
            return {"callback": "promised"}
        last, tries = ended[-1], str(ended[-1].body.get("tried", 0))
        state = str(last.body.get("state", ""))
        return {
            "callback": state,
            "tries": int(tries) if tries.isdigit() else 0,
            "called_back": last.at if state == "done" else None,
        }

    def _menu_path(self) -> list[str]:
        pressed = [fact.body for fact in self.facts if fact.kind == "menu"]
        return [f"{body.get('name', '')}:{body.get('key', '')}" for body in pressed]

    def _body(self, kind: str, which: int = -1) -> dict[str, str]:
        bodies = [fact.body for fact in self.facts if fact.kind == kind]
        return {key: str(value) for key, value in bodies[which].items()} if bodies else {}

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
        if any(fact.kind == "ended" for fact in self.facts):
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

    def _outcome(self, kind: Kind, spans: Sequence[Talk]) -> Outcome:
        if self.lost:
            return "interrupted"
        if kind in ("internal", "outbound", "emergency", "selftest"):
            return kind
        told = OUTCOMES.get(self._body("ended").get("outcome", ""))
        waiting = max((fact.at for fact in self.facts if fact.kind == "queued"), default=None)
        # the talk before a transfer ends a moment after the queue it led to was entered
        taken = any(waiting is None or span.since >= waiting for span in spans)
        if told == "internal":  # a patient whom a phone of ours transferred to a number of ours
            told = None
        if told is not None and told not in ("abandoned", "failed"):
            return told
        if taken or (not spans and self.leg is None and self._by_cdr()[0]):
            return "answered"
        if self._body("message") or (self.leg is not None and self.leg.recorded):
            return "voicemail"
        fell = self.leg is not None and FALLBACK in self.leg.contexts
        return told if told and not fell else "abandoned"

    def _by_cdr(self) -> tuple[datetime | None, timedelta, str]:
        taken = [
            (row.answer, row.end, row.peer)
            for row in self.cdr
            if row.disposition == "ANSWERED" and row.peer and row.answer and row.end
        ]
        if not taken:
            return None, timedelta(), ""
        talk = sum((max(end - answer, timedelta()) for answer, end, _ in taken), timedelta())
        first, _, peer = min(taken)
        return first, talk, extension(peer)

    def _answered(self, spans: Sequence[Talk]) -> tuple[datetime | None, timedelta, str]:
        at, talk, agent = self._by_cdr() if self.leg is None else (None, timedelta(), "")
        if spans:
            at, talk, agent = spans[0].since, total(spans), extension(spans[0].other.channel)
        told = next((fact for fact in self.facts if fact.kind == "answered"), None)
        if told is not None:
            return at or told.at, talk, str(told.body.get("agent", "")) or agent
        return at, talk, agent

    def _close(self, stays: Queueing, outcome: Outcome, answered: datetime | None, agent: str, ended: datetime) -> None:
        stay = stays.stay
        if stay is None:
            return
        if answered is not None and answered >= stay.entered:
            stays.leave(answered, "answered", agent)
        else:
            stays.leave(ended, "interrupted" if outcome == "interrupted" else "abandoned")

    def _caller(self) -> Private[str]:
        if self.leg is not None:
            return Private(self.leg.number)
        return next((row.source for row in self.cdr), Private(""))

    def _called(self) -> str:
        told = self._body("arrived").get("entry", "")
        return (self.leg.exten if self.leg else "") or told or next((row.destination for row in self.cdr), "")

    def _transfers(self) -> list[Transfer]:
        found = []
        for row in self.cel:
            if row.kind not in ("BLINDTRANSFER", "ATTENDEDTRANSFER"):
                continue
            extra = row.extra
            about = {extra.get("transferee_channel_uniqueid", ""), extra.get("transfer_target_channel_uniqueid", "")}
            if self.call not in about and any(leg.arrived for leg in self.legs.values() if leg.uniqueid in about):
                continue
            blind = row.kind == "BLINDTRANSFER"
            to = extra.get("extension", "") if blind else extension(extra.get("transfer_target_channel_name", ""))
            found.append(Transfer(row.at, "blind" if blind else "attended", extension(row.channel), to))
        return found

    def _hangup(self) -> str:
        if self.leg is None or self.lost:
            return ""
        source = self.leg.hangup_source
        if source == self.leg.channel:
            return "caller"
        if not source:
            return "system"
        return "agent" if extension(source) else "other"
