"""All queues and agents of the clinic as one state machine: input with its time in, results out."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

from clinicpbx.core.acd.agent import FREE, NO_ANSWER, Agent, Offered, Talking
from clinicpbx.core.acd.alarms import Alarms, Subject
from clinicpbx.core.acd.distributor import choose, left_out
from clinicpbx.core.acd.queue import Caller, Offer, Queue
from clinicpbx.core.acd.results import AgentStateChanged, Result, ResyncAsked, ToCall
from clinicpbx.core.acd.roster import DOUBT, GRACE, REST, Roster
from clinicpbx.core.commands import (
    AskPlace,
    JoinQueue,
    LeaveQueue,
    QueueCommand,
    ReturnOffer,
    TakeOffer,
    ToggleLogin,
    TogglePause,
)
from clinicpbx.core.events import AgentChanged, OfferMade, PlaceTold
from clinicpbx.core.rulebook import Rulebook

BY_HAND = "by hand"
SETTLE = timedelta(seconds=0.5)
"""Phones that rang together and rang out are free together again, or the first to be free would ring alone."""


class Floor:
    """Every input changes the state at once and returns what follows; none raises, but for an agent's unknown name.

    A caller is waiting or offered from JoinQueue to LeaveQueue, TakeOffer or call_gone. An agent is free, offered,
    talking, in wrap-up or resting, for all queues together. Until the first snapshot every phone is out of reach.
    """

    def __init__(self, book: Rulebook, at: datetime, states: Iterable[AgentStateChanged] = ()) -> None:
        self._alarms = Alarms()
        self._roster = Roster(self._alarms, states)
        self._callers: dict[str, Caller] = {}
        self._talks: dict[str, Agent] = {}
        self._arrivals = count()
        self._roster.adopt(book, at)

    @property
    def deadline(self) -> datetime | None:
        """When `deadline_reached` has something to do."""
        return self._alarms.earliest

    @property
    def queues(self) -> Mapping[str, Queue]:
        return self._roster.queues

    @property
    def agents(self) -> Mapping[str, Agent]:
        return self._roster.agents

    @property
    def callers(self) -> Mapping[str, Caller]:
        """Who is waiting or offered, by call."""
        return self._callers

    # Calls

    def perform(self, call: str, command: QueueCommand, at: datetime) -> list[Result]:
        """What a call asks of the queues. JoinQueue and ReturnOffer are answered by OfferMade or PlaceTold."""
        match command:
            case JoinQueue():
                return self._join(call, command, at)
            case LeaveQueue(queue=queue):
                caller = self._callers.get(call)
                done = self._forget(caller, at) if caller is not None and caller.queue == queue else []
                return [*done, *self._distribute(at)]
            case AskPlace(queue=queue):
                return [self._place(call, queue, at)]
            case TakeOffer(queue=queue, phone=phone):
                return self._take(call, queue, phone, at)
            case ReturnOffer(queue=queue, status=status):
                return self._return(call, queue, status, at)
            case ToggleLogin(phone=phone):
                return self._toggled(call, phone, at, login=True)
            case TogglePause(phone=phone):
                return self._toggled(call, phone, at, login=False)
        return []

    def call_gone(self, call: str, at: datetime) -> list[Result]:
        """The caller's channel is gone. An agent whose phone still has a channel stays busy until that is gone too."""
        results: list[Result] = []
        if (caller := self._callers.get(call)) is not None:
            results += self._forget(caller, at)
        agent = self._talks.pop(call, None)
        if agent is not None and isinstance(agent.activity, Talking):
            over = agent.activity.call == call and not agent.phone.channels
            results += self._roster.finish(agent, agent.activity, at) if over else []
        return [*results, *self._distribute(at)]

    def restore(self, call: str, join: JoinQueue, at: datetime, phones: tuple[str, ...] = ()) -> None:
        """After a restart, before the first snapshot: the call is in the queue again, or still offered to *phones*.

        Nothing is offered and nobody is told before all are back. A call that was talking is restored by TakeOffer.
        """
        caller = self._enter(call, join)
        if phones:
            agents = [agent for phone in phones if (agent := self._roster.on_phone(phone)) is not None]
            self._reserve(caller, [agent for agent in agents if not agent.engaged], phones, at)
        else:
            self._line_up(caller)

    # Agents

    def log_in(self, name: str, at: datetime) -> list[Result]:
        """Ends any pause too."""
        return self._mark(name, at, logged_in=True)

    def log_out(self, name: str, at: datetime) -> list[Result]:
        """A call that is ringing or talking goes on; no other follows."""
        return self._mark(name, at, logged_in=False)

    def pause(self, name: str, at: datetime, reason: str = "") -> list[Result]:
        return self._mark(name, at, paused=reason or BY_HAND)

    def unpause(self, name: str, at: datetime) -> list[Result]:
        return self._mark(name, at)

    # Phones

    def phone_channels(self, extension: str, channels: int, at: datetime) -> list[Result]:
        """The phone has so many live channels: it is busy while it has any."""
        return [*self._roster.channels(self._roster.phone(extension, at), channels, at), *self._distribute(at)]

    def phone_reachable(self, extension: str, reachable: bool, at: datetime) -> list[Result]:
        """The phone registered, or is gone."""
        self._roster.registration(self._roster.phone(extension, at), reachable, at)
        return self._distribute(at)

    def snapshot(self, phones: Mapping[str, tuple[bool, int]], at: datetime) -> list[Result]:
        """The whole truth: extension to (reachable, live channels). A phone that is not named is out of reach."""
        results: list[Result] = []
        for extension in sorted(self._roster.phones.keys() | phones.keys()):
            reachable, channels = phones.get(extension, (False, 0))
            phone = self._roster.phone(extension, at)
            self._roster.registration(phone, reachable, at, certain=True)
            results += self._roster.channels(phone, channels, at, certain=True)
        return [*results, *self._distribute(at)]

    # Time and rules

    def deadline_reached(self, at: datetime) -> list[Result]:
        """Do what was due by *at*; asks for a resync, once, if an answer is overdue."""
        results: list[Result] = []
        overdue = [self._due(subject, at, results) for subject in self._alarms.due(at)]
        resync = [ResyncAsked()] if any(overdue) else []
        return [*results, *self._distribute(at), *resync]

    def rules(self, book: Rulebook, at: datetime) -> list[Result]:
        """New rules. Callers of a queue that is gone are told that nobody is there; calls that ring or talk go on."""
        results: list[Result] = [*self._roster.adopt(book, at)]
        for queue in list(self.queues.values()):
            if queue.rules is None:
                results += [self._place(caller.call, queue.name, at) for caller in queue.waiting]
                self._drop_if_empty(queue)
        return [*results, *self._distribute(at)]

    # Inside

    def _join(self, call: str, join: JoinQueue, at: datetime) -> list[Result]:
        results: list[Result] = []
        caller = self._callers.get(call)
        if caller is not None and caller.queue != join.queue:
            results += self._forget(caller, at)
            caller = None
        if caller is None:
            caller = self._enter(call, join)
            self._line_up(caller)
        elif caller.offer is not None and caller.offer.agents and not join.anew:
            return []  # its offer is on the way
        elif caller.offer is not None:
            results += self._withdraw(caller, at)
            self._reopen(caller)
        return [*results, *self._distribute(at), *self._told(caller, at)]

    def _enter(self, call: str, join: JoinQueue) -> Caller:
        self._roster.queues.setdefault(join.queue, Queue(join.queue))
        caller = Caller(call, join.queue, join.since, join.priority, next(self._arrivals))
        self._callers[call] = caller
        return caller

    def _line_up(self, caller: Caller) -> None:
        queue = self.queues[caller.queue]
        queue.line_up(caller)
        self._roster.touched[queue.name] = queue

    def _reopen(self, caller: Caller) -> None:
        """The caller's offer is over; it waits again, in its old place."""
        self._alarms.put(("offer", caller.call), None)
        caller.offer = None
        self._line_up(caller)

    def _told(self, caller: Caller, at: datetime) -> list[Result]:
        return [self._place(caller.call, caller.queue, at)] if caller.offer is None else []

    def _place(self, call: str, queue: str, at: datetime) -> ToCall:
        """A call that the queue does not know is told that nobody is there, so that it goes where somebody is."""
        caller = self._callers.get(call)
        if caller is None or caller.queue != queue:
            return ToCall(call, PlaceTold(at=at, queue=queue, position=1, staffed=False))
        line = self.queues[queue]
        position = line.position(caller) if caller.offer is None else 1
        return ToCall(call, PlaceTold(at=at, queue=queue, position=position, staffed=line.staffed))

    def _distribute(self, at: datetime) -> list[Result]:
        """Offer the first callers of the touched queues while agents are free for them."""
        offers: list[Result] = []
        touched = self._roster.touched
        while ready := [queue for queue in touched.values() if queue.waiting and queue.free]:
            queue = min(ready, key=lambda queue: queue.waiting[0].place)
            caller = queue.waiting.pop(0)
            assert queue.strategy is not None  # a queue without rules has no members
            chosen = choose(queue.name, queue.free, caller.passed, queue.strategy)
            phones = tuple(agent.phone.extension for agent in chosen)
            skipped = left_out(queue.name, queue.members.values(), chosen, caller.passed)
            self._reserve(caller, chosen, phones, at)
            offers.append(ToCall(caller.call, OfferMade(at=at, queue=queue.name, phones=phones, skipped=skipped)))
        touched.clear()
        return offers

    def _reserve(self, caller: Caller, agents: Iterable[Agent], phones: tuple[str, ...], at: datetime) -> None:
        rules = self.queues[caller.queue].rules
        deadline = at + GRACE + (rules.ring if rules is not None else GRACE)
        caller.offer = Offer(at, tuple(agent.name for agent in agents), phones, deadline)
        self._alarms.put(("offer", caller.call), deadline)
        for agent in agents:
            self._roster.become(agent, Offered(caller.call, caller.queue, deadline), at)

    def _reserved(self, caller: Caller) -> Iterator[Agent]:
        """The agents that the caller's offer still holds."""
        for name in caller.offer.agents if caller.offer is not None else ():
            agent = self.agents.get(name)
            if agent is not None and isinstance(agent.activity, Offered) and agent.activity.call == caller.call:
                yield agent

    def _withdraw(self, caller: Caller, at: datetime) -> list[AgentStateChanged]:
        """Free the agents of the caller's offer, blaming none."""
        self._alarms.put(("offer", caller.call), None)
        return [change for agent in list(self._reserved(caller)) for change in self._roster.become(agent, FREE, at)]

    def _forget(self, caller: Caller, at: datetime) -> list[Result]:
        """The caller's entry ends here."""
        del self._callers[caller.call]
        queue = self.queues[caller.queue]
        if caller.offer is None:
            queue.step_out(caller)
        changes = self._withdraw(caller, at)
        self._drop_if_empty(queue)
        return [*changes]

    def _drop_if_empty(self, queue: Queue) -> None:
        if queue.rules is None and not any(caller.queue == queue.name for caller in self._callers.values()):
            del self._roster.queues[queue.name]

    def _take(self, call: str, queue: str, phone: str, at: datetime) -> list[Result]:
        results: list[Result] = []
        agent = self._roster.on_phone(phone)
        caller = self._callers.get(call)
        if agent is not None:
            offered = agent.activity if isinstance(agent.activity, Offered) else None
            rang_out = offered is not None and offered.call == call and offered.rang_out
            talking = Talking(call, queue, None if agent.phone.channels else at + GRACE)
            agent.misses = 0
            results += self._roster.become(agent, talking, at)
            self._talks[call] = agent
            if rang_out:
                results += self._roster.finish(agent, talking, at)
        if caller is not None:
            results += self._forget(caller, at)
        return [*results, *self._distribute(at)]

    def _return(self, call: str, queue: str, status: str, at: datetime) -> list[Result]:
        caller = self._callers.get(call)
        if caller is None or caller.queue != queue:
            return [self._place(call, queue, at)]
        if caller.offer is None:
            return []
        agents = list(self._reserved(caller))
        caller.passed |= set(caller.offer.agents)
        early = at - caller.offer.made < (caller.offer.deadline - GRACE - caller.offer.made) / 2
        self._reopen(caller)
        rest = REST if early else SETTLE if len(agents) > 1 else None
        results = [change for agent in agents for change in self._passed(agent, queue, status, rest, at)]
        return [*results, *self._distribute(at), *self._told(caller, at)]

    def _passed(
        self, agent: Agent, queue: str, status: str, rest: timedelta | None, at: datetime
    ) -> list[AgentStateChanged]:
        """The agent did not take the call: what that says of the agent or the phone. *rest*: after no answer."""
        agent.free_since = at
        match status:
            case "CHANUNAVAIL":
                self._roster.refuse(agent.phone, at)
                return self._roster.become(agent, FREE, at)
            case "NOANSWER":
                agent.misses += 1
                return self._missed(agent, queue, rest, at)
        return self._roster.rest(agent, at)

    def _missed(self, agent: Agent, queue: str, rest: timedelta | None, at: datetime) -> list[AgentStateChanged]:
        rules = self.queues[queue].rules
        most = rules.pause_after_misses if rules is not None else 0
        changes = []
        if most and agent.misses >= most and not agent.paused:
            agent.paused, agent.since, agent.misses = NO_ANSWER, at, 0
            changes.append(self._roster.keep(agent))
        after = self._roster.become(agent, FREE, at) if rest is None else self._roster.rest(agent, at, rest)
        return [*changes, *after]

    def _toggled(self, call: str, phone: str, at: datetime, *, login: bool) -> list[Result]:
        agent = self._roster.on_phone(phone)
        results: list[Result] = []
        if agent is None:
            change = "unknown"
        elif login:
            change = "logout" if agent.logged_in else "login"
            results = self._mark(agent.name, at, logged_in=not agent.logged_in)
        elif not agent.logged_in:
            change = "logout"  # nothing to pause: say what is true
        else:
            change = "unpause" if agent.paused else "pause"
            results = self._mark(agent.name, at, paused="" if agent.paused else BY_HAND)
        return [ToCall(call, AgentChanged(at=at, change=change)), *results]

    def _mark(self, name: str, at: datetime, *, logged_in: bool | None = None, paused: str = "") -> list[Result]:
        """Set what a person decides; KeyError for an agent who does not exist."""
        agent = self.agents[name]
        logged_in = agent.logged_in if logged_in is None else logged_in
        if (agent.logged_in, agent.paused) == (logged_in, paused):
            return []
        if logged_in and not agent.logged_in:
            agent.free_since = at
        agent.logged_in, agent.paused = logged_in, paused
        agent.since, agent.misses = at, 0
        kept = self._roster.keep(agent)
        self._roster.refresh(agent)
        return [kept, *self._distribute(at)]

    def _due(self, subject: Subject, at: datetime, results: list[Result]) -> bool:
        """Whether the answer that was due by now is overdue."""
        kind, name = subject
        if kind == "phone":
            self._alarms.put(subject, at + DOUBT)
            return True
        if kind == "offer":
            caller = self._callers[name]
            results += self._withdraw(caller, at)
            assert caller.offer is not None
            caller.offer = replace(caller.offer, agents=(), deadline=at + GRACE)
            self._alarms.put(subject, at + GRACE)
            return True
        agent = self.agents[name]
        if isinstance(agent.activity, Talking):
            results += self._roster.become(agent, replace(agent.activity, deadline=at + GRACE), at)
            return True
        results += self._roster.become(agent, FREE, at)
        return False
