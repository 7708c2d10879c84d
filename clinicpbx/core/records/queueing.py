"""A call's stays in queues and the phones rung for it, read from the daemon's facts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from clinicpbx.core.records.call_record import Offer, QueueEntry
from clinicpbx.core.records.rows import Fact

MOMENT = timedelta(seconds=1)
"""Between a transfer, by Asterisk's rows, and what the daemon hears of it."""


@dataclass(slots=True)
class _Stay:
    queue: str
    entered: datetime
    offers: int = 0
    ringing: list[tuple[str, datetime]] = field(default_factory=list)


@dataclass(slots=True)
class Queueing:
    """Reads facts in order; `entries` and `offers` grow as stays and rings end."""

    entries: list[QueueEntry] = field(default_factory=list)
    offers: list[Offer] = field(default_factory=list)
    stay: _Stay | None = None

    def read(self, fact: Fact) -> None:
        """Takes the next fact; facts about no open stay change nothing."""
        if fact.kind == "queued":
            self.leave(fact.at, "overflow")
            self.stay = _Stay(str(fact.body.get("queue", "")), fact.at)
        elif self.stay is None:
            return
        elif fact.kind == "offered":
            agents = [str(name) for name in fact.body.get("agents", ())]
            self.stay.offers += 1
            self.stay.ringing += [(name, fact.at) for name in agents]
        elif fact.kind == "answered":
            self.leave(fact.at, "answered", str(fact.body.get("agent", "")))
        elif fact.kind == "refused":
            self._stop({str(name) for name in fact.body.get("agents", ())}, str(fact.body.get("status", "")).lower())
        elif fact.kind == "abandoned":
            self.leave(fact.at, "abandoned")
        elif fact.kind == "overflowed":
            self.leave(fact.at, "overflow")

    def _stop(self, agents: set[str], outcome: str) -> None:
        stay = self.stay
        if stay is None:
            return
        self.offers += [Offer(stay.queue, name, at, outcome) for name, at in stay.ringing if name in agents]
        stay.ringing = [(name, at) for name, at in stay.ringing if name not in agents]

    def leave(self, at: datetime, outcome: str, agent: str = "") -> None:
        """Ends the open stay, if there is one; phones still ringing were answered elsewhere or given up."""
        stay = self.stay
        if stay is None:
            return
        self._stop({agent}, "answered")
        self._stop({name for name, _ in stay.ringing}, "elsewhere" if outcome == "answered" else outcome)
        self.entries.append(QueueEntry(stay.queue, stay.entered, at, outcome, agent, stay.offers))
        self.stay = None


def queueing(facts: Sequence[Fact]) -> Queueing:
    """What *facts* say about queues; the last stay may still be open."""
    found = Queueing()
    for fact in facts:
        found.read(fact)
    return found


def in_line(
    own: Sequence[Fact], asked: Sequence[Sequence[Fact]], left: Iterable[datetime]
) -> tuple[Sequence[Fact], Sequence[Sequence[Fact]]]:
    """The facts of a caller whom an agent *left* in the place of the agent's own call, one of those that *asked* a
    queue: the stay goes on. And those of *asked* that stay others'. Where the caller was left in none, as they were."""
    moments = tuple(left)
    over = (fact for one in asked for fact in one if fact.kind == "abandoned" and _near(fact.at, moments))
    gone = next(over, None)
    if gone is None:
        return own, asked

    def goes_on(fact: Fact) -> bool:
        # the daemon may hear that the caller has arrived in that place before it hears that the agent has gone
        same = fact.body.get("queue") == gone.body.get("queue")
        return fact.kind == "queued" and same and fact.at > gone.at - MOMENT and fact.call != gone.call

    # whom the agent called has a channel whose facts are a call of their own
    mine = [one for one in asked if gone in one or any(map(goes_on, one))]
    facts = [*own, *(fact for one in mine for fact in one)]
    on = next(filter(goes_on, facts), None)
    joined = (fact for fact in facts if fact is not on and fact is not gone and fact.kind != "ended")
    return sorted(joined, key=lambda fact: fact.at), [one for one in asked if one not in mine]


def _near(at: datetime, moments: Iterable[datetime]) -> bool:
    return any(abs(at - moment) < MOMENT for moment in moments)
