"""Patients who are called back: each in a queue's line until an agent is reserved, with one live attempt at most."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum

from clinicpbx.core.commands import (
    EndAttempt,
    JoinQueue,
    KeepCallback,
    LeaveQueue,
    QueueCommand,
    ReturnOffer,
    RingAgent,
    TakeOffer,
)
from clinicpbx.core.rulebook import DEFAULT_RING, Rulebook
from clinicpbx.private import Private

CLOSED = timedelta(minutes=10)
"""Outside the hours in which the clinic calls back: looked at again after so long."""
SOON = timedelta(minutes=1)
"""An attempt that did not ring the patient is made again after so long."""


class State(Enum):
    WAITING = "waiting"  # in the queue's line
    LATER = "later"  # until its time has come
    CALLING = "calling"  # the patient has called again, and is on the line
    OFFERED = "offered"  # the agent's phone rings
    LIVE = "live"  # the agent is on the line
    UNREACHED = "unreached"  # tried as often as it may be: a person has to see to it
    DONE = "done"


BEING_TRIED = (State.OFFERED, State.LIVE)


@dataclass(frozen=True, slots=True)
class Callback:
    """One promise: what was asked for, and what came of it so far.

    *when*: of the state; of one that is tried later, when. *tried*: how often the patient was rung; *made*: attempts,
    whether or not the patient was rung. *phone*: of the agent.
    """

    wish: KeepCallback
    state: State
    when: datetime
    tried: int = 0
    made: int = 0
    phone: str = ""
    outcome: str = ""

    @property
    def id(self) -> str:
        return self.wish.callback

    @property
    def queue(self) -> str:
        return self.wish.join.queue

    @property
    def call(self) -> str:
        """The call in which it was promised: the id is that of a visit to a step of it."""
        return self.id.rpartition(".")[0]

    @property
    def attempt(self) -> str:
        """The channel of the agent who is to make it."""
        return f"{self.id}.a{self.made}"

    @property
    def open(self) -> bool:
        return self.state is not State.DONE

    def is_for(self, number: Private[str]) -> bool:
        """Whether *number* is the patient's: the same is written with and without its country code."""
        return _digits(self.wish.number) == _digits(number)


@dataclass(frozen=True, slots=True)
class Ask:
    """Have *command* done, for the call-back."""

    callback: str
    command: QueueCommand | RingAgent


@dataclass(frozen=True, slots=True)
class Keep:
    """The call-back as it is now, for the next start."""

    callback: Callback


Action = Ask | Keep


@dataclass(slots=True)
class Callbacks:
    """Every input returns what follows. Inputs about what is not there, or not in that state, change nothing."""

    book: Rulebook
    known: dict[str, Callback] = field(default_factory=dict)

    @property
    def deadline(self) -> datetime | None:
        """When `due` has something to do."""
        later = (each.when for each in self.known.values() if each.state is State.LATER)
        return min(later, default=None)

    def restore(self, kept: Iterable[Callback], live: Mapping[str, Private[str] | None], at: datetime) -> list[Action]:
        """After a start, with the *live* calls and their callers: an attempt goes on where its channel is one of them,
        and nobody who is on the line is called back; all others wait again."""
        actions = list[Action]()
        for each in kept:
            self.known[each.id] = each
            attempted = each.attempt in live
            on_the_line = any(number is not None and each.is_for(number) for number in live.values())
            match each.state:
                case State.WAITING:
                    actions += self._wait(each, at)
                case State.CALLING if not on_the_line:
                    actions += self._wait(each, at)
                case State.OFFERED if not attempted:
                    actions += self._wait(each, at)
                case State.LIVE if not attempted:
                    actions += self._later(each, at, SOON)
        return actions

    def keep(self, wish: KeepCallback, at: datetime) -> list[Action]:
        """A promise. One for a number that has one already keeps the better place of the two."""
        for each in self.known.values():
            if each.is_for(wish.number):
                return self._merge(each, wish, at)
        return self._wait(Callback(wish, State.WAITING, at), at)

    def _merge(self, each: Callback, wish: KeepCallback, at: datetime) -> list[Action]:
        old, new = each.wish.join, wish.join
        join = replace(old, since=min(old.since, new.since), priority=max(old.priority, new.priority))
        merged = replace(each, wish=replace(each.wish, join=join, language=wish.language))
        if each.state in BEING_TRIED:
            return self._put(merged)
        again = replace(merged, tried=0 if each.state is State.UNREACHED else each.tried)
        return [*_left(each), *self._wait(again, at)]

    def offered(self, callback: str, phone: str, at: datetime) -> list[Action]:
        """The queue reserved the agent at *phone*."""
        each = self.known.get(callback)
        if each is None or each.state is not State.WAITING:
            return [] if each is None else [Ask(callback, LeaveQueue(each.queue))]
        if not self._allowed(each, at):
            return [Ask(callback, LeaveQueue(each.queue)), *self._later(each, at, CLOSED)]
        rung = replace(each, state=State.OFFERED, when=at, made=each.made + 1, phone=phone)
        rules = self.book.queues.get(each.queue)
        seconds = int((rules.ring if rules is not None else DEFAULT_RING).total_seconds())
        return [*self._put(rung), Ask(callback, RingAgent(rung.attempt, phone, seconds))]

    def not_taken(self, attempt: str, status: str, at: datetime) -> list[Action]:
        """The agent did not answer the *attempt*. *status*: as of Dial."""
        each = self._offered(attempt)
        if each is None:
            return []
        return [
            *self._put(replace(each, state=State.WAITING, when=at)),
            Ask(each.id, ReturnOffer(each.queue, status)),
        ]

    def taken(self, attempt: str, at: datetime) -> tuple[Callback | None, list[Action]]:
        """The agent answered: the call-back, or None where nobody may be rung by this attempt any more."""
        each = self._offered(attempt)
        if each is None:
            return None, []
        live = replace(each, state=State.LIVE, when=at)
        return live, [*self._put(live), Ask(each.id, TakeOffer(each.queue, each.phone, live.attempt))]

    def ended(self, ended: EndAttempt, at: datetime) -> list[Action]:
        """What came of the attempt."""
        each = self.known.get(ended.callback)
        if each is None or each.state is not State.LIVE:
            return []
        if ended.reached:
            return self._put(replace(each, state=State.DONE, when=at, tried=each.tried + 1, outcome="reached"))
        each = replace(each, tried=each.tried + ended.counts, outcome=ended.why)
        if each.tried >= each.wish.tries:
            return self._put(replace(each, state=State.UNREACHED, when=at))
        return self._later(each, at, each.wish.again if ended.counts else SOON)

    def calls(self, number: Private[str], at: datetime) -> tuple[JoinQueue | None, list[Action]]:
        """The patient calls again: nobody is called back meanwhile, and the place is the new call's."""
        for each in list(self.known.values()):
            if each.state in (State.WAITING, State.LATER) and each.is_for(number):
                return each.wish.join, [*_left(each), *self._put(replace(each, state=State.CALLING, when=at))]
        return None, []

    def hung_up(self, number: Private[str], at: datetime) -> list[Action]:
        """The patient's own call is over, and nobody talked: the promise stands."""
        calling = [each for each in self.known.values() if each.state is State.CALLING]
        same = (each for each in calling if each.is_for(number))
        return [action for each in same for action in self._wait(each, at)]

    def talked(self, number: Private[str], at: datetime, outcome: str = "called again") -> list[Action]:
        """The patient talked with somebody: nobody has to call back."""
        for each in list(self.known.values()):
            if each.state not in BEING_TRIED and each.is_for(number):
                return self.close(each.id, outcome, at)
        return []

    def called(self, number: Private[str], at: datetime) -> list[Action]:
        """One of us calls the patient otherwise: it is not tried again before the time between two attempts is over."""
        actions = list[Action]()
        for each in list(self.known.values()):
            if each.state in (State.WAITING, State.LATER) and each.is_for(number):
                later = max(at + each.wish.again, each.when)
                actions += [*_left(each), *self._put(replace(each, state=State.LATER, when=later))]
        return actions

    def settled(self, calls: Collection[str], outcome: str, at: datetime) -> list[Action]:
        """The requests of *calls* are done: what was promised in them, and is not being tried now, is as well."""
        found = [each for each in self.known.values() if each.call in calls and each.state not in BEING_TRIED]
        return [action for each in found for action in self.close(each.id, outcome, at)]

    def close(self, callback: str, outcome: str, at: datetime) -> list[Action]:
        """A person has seen to it; KeyError where there is none such, or it is done or being tried."""
        each = self.known[callback]
        if each.state is State.DONE or each.state in BEING_TRIED:
            raise KeyError(callback)
        return [*_left(each), *self._put(replace(each, state=State.DONE, when=at, outcome=outcome))]

    def due(self, at: datetime) -> list[Action]:
        """Those whose time has come are in line again."""
        ready = [each for each in self.known.values() if each.state is State.LATER and each.when <= at]
        return [action for each in ready for action in self._wait(each, at)]

    def gone(self, callback: str, at: datetime) -> list[Action]:
        """The queue told that nobody is there for it: if the queue is gone for good, a person has to see to it."""
        each = self.known.get(callback)
        if each is None or each.state is not State.WAITING or each.queue in self.book.queues:
            return []
        lost = replace(each, state=State.UNREACHED, when=at, outcome="its queue is gone")
        return [Ask(callback, LeaveQueue(each.queue)), *self._put(lost)]

    def _offered(self, attempt: str) -> Callback | None:
        each = self.known.get(attempt.rpartition(".a")[0])
        return each if each is not None and each.state is State.OFFERED and each.attempt == attempt else None

    def _wait(self, each: Callback, at: datetime) -> list[Action]:
        if each.queue not in self.book.queues:
            return self._put(replace(each, state=State.UNREACHED, when=at, outcome="its queue is gone"))
        if not self._allowed(each, at):
            return self._later(each, at, CLOSED)
        return [*self._put(replace(each, state=State.WAITING, when=at)), Ask(each.id, each.wish.join)]

    def _later(self, each: Callback, at: datetime, wait: timedelta) -> list[Action]:
        return self._put(replace(each, state=State.LATER, when=at + wait))

    def _allowed(self, each: Callback, at: datetime) -> bool:
        hours = self.book.hours.get(each.wish.hours)
        return hours is None or hours.at(at).state == "open"

    def _put(self, each: Callback) -> list[Action]:
        self.known[each.id] = each
        if not each.open:
            del self.known[each.id]
        return [Keep(each)]


def _left(each: Callback) -> list[Action]:
    """Out of the line, if it is in it."""
    return [Ask(each.id, LeaveQueue(each.queue))] if each.state is State.WAITING else []


def _digits(number: Private[str]) -> str:
    """The last ten."""
    return "".join(filter(str.isdigit, number.value))[-10:]
