"""What the queues do, as the rows that app_queue would write into Asterisk's queue_log.

Fields and their order: https://docs.asterisk.org/Operation/Logging/Queue-Logs/, and where that says nothing what
app_queue of Asterisk 22 wrote (docs/asterisk-notes.md). Times are differences of whole seconds, rings milliseconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from clinicpbx.core.acd.agent import NO_ANSWER
from clinicpbx.core.acd.desks import BY_HAND
from clinicpbx.core.acd.floor import Floor
from clinicpbx.core.commands import JoinQueue, LeaveQueue, QueueCommand, ReturnOffer, TakeOffer

NONE = "NONE"
RANG = ("NOANSWER", "BUSY", "CONGESTION")
"""Statuses of an offer that was at the phone."""
EXITS = {"overflow": "EXITWITHTIMEOUT", "unstaffed": "EXITEMPTY"}
REASONS = {NO_ANSWER: "Auto-Pause", BY_HAND: ""}
UNSAID = timedelta(seconds=1)
"""A talk that nobody hung up was transferred: for so long the word of that may be late."""
CALLER, AGENT = "COMPLETECALLER", "COMPLETEAGENT"


@dataclass(frozen=True, slots=True)
class Row:
    """One line: *call* is a uniqueid, or who did it where no call did; *agent* a name. *fields* may hold numbers."""

    queue: str
    call: str
    agent: str
    event: str
    fields: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Transferred:
    """The party at *channel* sent *call* on: blindly to an extension and its context, or to what queue_log calls *to*
    of an attended transfer."""

    call: str
    channel: str
    event: str
    to: tuple[str, ...] = field(repr=False)


@dataclass(slots=True)
class _Stay:
    """In a queue. *position*: the first."""

    queue: str
    entered: datetime
    position: int


@dataclass(slots=True)
class _Talk:
    """*channel*: the agent's. *end*: the row that who hung up first asks for."""

    stay: _Stay
    agent: str
    channel: str
    since: datetime
    until: datetime | None = None
    end: str = ""

    def over(self, at: datetime) -> tuple[str, ...]:
        hold = _seconds(self.stay.entered, self.since)
        return hold, _seconds(self.since, at), str(self.stay.position)


@dataclass(frozen=True, slots=True)
class _Desk:
    """An agent's queues while logged in, and the reason of the pause, "" if not paused."""

    queues: frozenset[str]
    paused: str


class QueueLog:
    """Every input returns its rows. Call-backs have none: app_queue knows no caller who is not on the line."""

    def __init__(self, floor: Floor) -> None:
        self._stays: dict[str, _Stay] = {}
        self._talks: dict[str, _Talk] = {}
        self._unsaid: dict[str, _Talk] = {}
        self._calls: dict[str, str] = {}  # by the agent's channel
        self._desks = dict(_desks(floor))

    def asked(self, floor: Floor, call: str, command: QueueCommand, at: datetime, number: str = "") -> list[Row]:
        """Before the floor is asked. *number*: the caller's."""
        stay = self._stays.get(call)
        match command:
            case JoinQueue(callback=False) if stay is None or stay.queue != command.queue:
                return [self._enters(floor, call, command, at, number)]
            case LeaveQueue() if stay is not None and stay.queue == command.queue:
                return self._leaves(floor, call, command.why, at)
            case ReturnOffer(status=status) if stay is not None and status in RANG:
                return list(_rang(floor, call, "RINGNOANSWER", at))
            case TakeOffer() if stay is not None:
                return [self._connects(floor, call, command, at)]
        return []

    def gone(self, floor: Floor, call: str, at: datetime) -> list[Row]:
        """Before the floor is told that the caller's channel is gone, or is no longer the queues'."""
        if call in self._stays:
            return self._leaves(floor, call, "", at)
        talk = self._talks.get(call)
        if talk is None:
            return []
        self._forget(call)
        if talk.until is not None:
            return [Row(talk.stay.queue, call, talk.agent, talk.end, talk.over(talk.until))]
        talk.until = at
        self._unsaid[call] = talk
        return []

    def hung_up(self, channel: str, at: datetime) -> None:
        """The party at *channel* asked for the end of its call; the first of two is the one who did it."""
        talk = self._talks.get(self._calls.get(channel, channel))
        if talk is not None and talk.until is None:
            talk.until, talk.end = at, AGENT if channel == talk.channel else CALLER

    def transferred(self, news: Transferred, at: datetime) -> list[Row]:
        """A talk that ended by this, if it was one of ours."""
        call = self._calls.get(news.channel, news.call)
        talk = self._unsaid.pop(call, None) or self._talks.get(call)
        if talk is None:
            return []
        if self._talks.get(call) is talk:
            self._forget(call)
        return [Row(talk.stay.queue, call, talk.agent, news.event, (*news.to, *talk.over(talk.until or at)))]

    def look(self, at: datetime) -> list[Row]:
        """Now and then: talks whose end nobody explained."""
        over = [(call, talk) for call, talk in self._unsaid.items() if talk.until and at - talk.until >= UNSAID]
        for call, _ in over:
            del self._unsaid[call]
        return [Row(talk.stay.queue, call, talk.agent, CALLER, talk.over(talk.until or at)) for call, talk in over]

    def agents(self, floor: Floor, by: str = NONE) -> list[Row]:
        """After agents' states or queues may have changed. *by*: the uniqueid, or who it was."""
        before, self._desks = self._desks, dict(_desks(floor))
        nobody = _Desk(frozenset(), "")
        rows = list[Row]()
        for name in sorted(before.keys() | self._desks.keys()):
            rows += _changed(name, before.get(name, nobody), self._desks.get(name, nobody), by)
        return rows

    def restored(self, floor: Floor, call: str, join: JoinQueue) -> None:
        """After a restart, once the call is in its place again; its first position is forgotten."""
        if not join.callback:
            self._stays[call] = _Stay(join.queue, join.since, _position(floor, call))

    def talking(self, floor: Floor, call: str, taken: TakeOffer, entered: datetime, since: datetime) -> None:
        """After a restart: the call is with an agent."""
        self._talk(floor, call, taken, _Stay(taken.queue, entered, 1), since)

    def _enters(self, floor: Floor, call: str, join: JoinQueue, at: datetime, number: str) -> Row:
        place = (-join.priority, join.since, float("inf"))
        stay = self._stays[call] = _Stay(join.queue, at, _ahead(floor, join.queue, place) + 1)
        return Row(join.queue, call, NONE, "ENTERQUEUE", ("", number, str(stay.position)))

    def _leaves(self, floor: Floor, call: str, why: str, at: datetime) -> list[Row]:
        stay = self._stays.pop(call)
        fields = (str(_position(floor, call)), str(stay.position), _seconds(stay.entered, at))
        if event := EXITS.get(why):
            return [Row(stay.queue, call, NONE, event, fields)]
        if why:
            return [Row(stay.queue, call, NONE, "EXITWITHKEY", (why, *fields))]
        return [*_rang(floor, call, "RINGCANCELED", at), Row(stay.queue, call, NONE, "ABANDON", fields)]

    def _connects(self, floor: Floor, call: str, taken: TakeOffer, at: datetime) -> Row:
        stay, caller = self._stays.pop(call), floor.callers.get(call)
        offer = caller.offer if caller is not None else None
        talk = self._talk(floor, call, taken, stay, at)
        ring = (at - offer.made) // timedelta(seconds=1) if offer is not None else 0
        fields = (_seconds(stay.entered, at), taken.channel, str(max(ring, 0)))
        return Row(stay.queue, call, talk.agent, "CONNECT", fields)

    def _talk(self, floor: Floor, call: str, taken: TakeOffer, stay: _Stay, since: datetime) -> _Talk:
        self._forget(call)
        there = (agent.name for agent in floor.agents.values() if agent.phone.extension == taken.phone)
        talk = self._talks[call] = _Talk(stay, next(there, taken.phone), taken.channel, since)
        if taken.channel:
            self._calls[taken.channel] = call
        return talk

    def _forget(self, call: str) -> None:
        if (talk := self._talks.pop(call, None)) is not None:
            self._calls.pop(talk.channel, None)


def _seconds(since: datetime, until: datetime) -> str:
    """As time(2) counts them."""
    return str(max(int(until.timestamp()) - int(since.timestamp()), 0))


def _position(floor: Floor, call: str) -> int:
    """Among those who wait and those whose agents' phones ring: app_queue keeps both in its line."""
    caller = floor.callers.get(call)
    return _ahead(floor, caller.queue, caller.place) + 1 if caller is not None else 1


def _ahead(floor: Floor, queue: str, place: tuple[int, datetime, float]) -> int:
    callers = floor.callers.values()
    return sum(other.queue == queue and not other.callback and other.place < place for other in callers)


def _rang(floor: Floor, call: str, event: str, at: datetime) -> Iterator[Row]:
    caller = floor.callers.get(call)
    if caller is not None and caller.offer is not None:
        rang = max((at - caller.offer.made) // timedelta(milliseconds=1), 0)
        for name in caller.offer.agents:
            yield Row(caller.queue, call, name, event, (str(rang),))


def _desks(floor: Floor) -> Iterator[tuple[str, _Desk]]:
    for name, agent in floor.agents.items():
        if agent.logged_in:
            queues = frozenset(queue.name for queue in floor.queues.values() if name in queue.members)
            yield name, _Desk(queues, agent.paused)


def _changed(name: str, before: _Desk, after: _Desk, by: str) -> Iterator[Row]:
    for queue in sorted(after.queues - before.queues):
        yield Row(queue, by, name, "ADDMEMBER", ("PAUSED" if after.paused else "",))
    for queue in sorted(before.queues - after.queues):
        yield Row(queue, by, name, "REMOVEMEMBER", ("",))
    both = sorted(before.queues & after.queues)
    if both and before.paused != after.paused:
        event, reason = ("PAUSE", REASONS.get(after.paused, after.paused)) if after.paused else ("UNPAUSE", "")
        yield Row(NONE, NONE, name, f"{event}ALL", (reason,))
        for queue in both:
            yield Row(queue, NONE, name, event, (reason,))
