"""All queues and agents of the clinic as one state machine: input with its time in, results out."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from clinicpbx.core.acd.absence import Absence
from clinicpbx.core.acd.agent import FREE, Agent, Offered, Talking
from clinicpbx.core.acd.alarms import Alarms, Subject
from clinicpbx.core.acd.desks import BY_HAND, Desks
from clinicpbx.core.acd.modes import Mode, QueueMode
from clinicpbx.core.acd.queue import Caller, Queue
from clinicpbx.core.acd.results import AgentStateChanged, Result, ResyncAsked, ToCall
from clinicpbx.core.acd.roster import DOUBT, GRACE, REST, Roster
from clinicpbx.core.acd.waiting_room import WaitingRoom
from clinicpbx.core.commands import (
    AgentCommand,
    AskMode,
    AskPlace,
    AskWaiting,
    DecideMode,
    JoinQueue,
    LeaveQueue,
    QueueCommand,
    ReturnOffer,
    TakeOffer,
)
from clinicpbx.core.events import AgentChanged, ModeTold, WaitingTold
from clinicpbx.core.rulebook import Rulebook

SETTLE = timedelta(seconds=0.5)
"""Phones that rang together and rang out are free together again, or the first to be free would ring alone."""
AGAIN = timedelta(seconds=60)
"""Who refused a caller is not asked for the same caller again before, while another can be hoped for."""
REFUSED = ("BUSY", "CONGESTION")
"""Statuses by which the agent or the phone said no."""


class Floor:
    """Every input changes the state at once and returns what follows; none raises, but for an agent's unknown name.

    A caller is waiting or offered from JoinQueue to LeaveQueue, TakeOffer or call_gone. An agent is free, offered,
    talking, in wrap-up or resting, for all queues together. Until the first snapshot every phone is out of reach.
    """

    def __init__(
        self,
        book: Rulebook,
        at: datetime,
        states: Iterable[AgentStateChanged] = (),
        modes: Iterable[QueueMode] = (),
    ) -> None:
        self._alarms = Alarms()
        self._roster = Roster(self._alarms, states, modes)
        self._room = WaitingRoom(self._roster, self._alarms)
        self._desks = Desks(self._roster)
        self._absence = Absence(self._roster)
        self._talks: dict[str, Agent] = {}
        self._absence.adopt(book)
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
        return self._room.callers

    # Calls

    def perform(self, call: str, command: QueueCommand, at: datetime) -> list[Result]:
        """What a call asks of the queues. JoinQueue and ReturnOffer are answered by OfferMade or PlaceTold."""
        match command:
            case JoinQueue():
                return self._join(call, command, at)
            case LeaveQueue(queue=queue):
                caller = self._room.callers.get(call)
                done = self._room.forget(caller, at) if caller is not None and caller.queue == queue else []
                return [*done, *self._room.distribute(at)]
            case AskPlace(queue=queue):
                return [self._room.place(call, queue, at)]
            case TakeOffer():
                return self._take(call, command, at)
            case ReturnOffer(queue=queue, status=status):
                return self._return(call, queue, status, at)
            case AskWaiting(queue=queue):
                waiting = len(self.queues[queue].people) if queue in self.queues else 0
                return [ToCall(call, WaitingTold(at=at, queue=queue, waiting=waiting))]
            case AskMode(queue=queue):
                return [self._mode_told(call, queue, at)]
            case DecideMode(queue=queue, mode=mode, until=until, who=who):
                decided = self._decide(QueueMode(queue, mode, at, until, who), at) if self._has(queue) else []
                return [*decided, self._mode_told(call, queue, at)]
            case AgentCommand():
                change, changes = self._desks.dialled(command, at)
                return [ToCall(call, AgentChanged(at=at, change=change)), *changes, *self._room.distribute(at)]
        return []

    def admits(self, join: JoinQueue) -> bool:
        """Whether the queue's mode lets in a call that is not in it."""
        queue = self.queues.get(join.queue)
        decided = queue.decided if queue is not None else None
        return decided is None or decided.admits(join.since, callback=join.callback)

    def call_gone(self, call: str, at: datetime) -> list[Result]:
        """The caller's channel is gone. An agent whose phone still has a channel stays busy until that is gone too."""
        results: list[Result] = []
        if (caller := self._room.callers.get(call)) is not None:
            results += self._room.forget(caller, at)
        agent = self._talks.pop(call, None)
        if agent is not None and isinstance(agent.activity, Talking):
            over = agent.activity.call == call and not agent.phone.channels
            results += self._roster.finish(agent, agent.activity, at) if over else []
        return [*results, *self._room.distribute(at)]

    def restore(self, call: str, join: JoinQueue, at: datetime, phones: tuple[str, ...] = ()) -> None:
        """After a restart, before the first snapshot: the call is in the queue again, or still offered to *phones*.

        Nothing is offered and nobody is told before all are back. A call that was talking is restored by TakeOffer.
        """
        caller = self._room.enter(call, join)
        if phones:
            agents = [agent for phone in phones if (agent := self._roster.on_phone(phone)) is not None]
            self._room.reserve(caller, [agent for agent in agents if not agent.engaged], phones, at)
        else:
            self._room.line_up(caller, at)

    def talking(self, extension: str) -> str:
        """The call that the agent at that phone talks with; "" where there is none."""
        agent = self._roster.on_phone(extension)
        return agent.activity.call if agent is not None and isinstance(agent.activity, Talking) else ""

    def agent_at(self, extension: str) -> str:
        """Who works at that phone now; "" for nobody."""
        agent = self._roster.on_phone(extension)
        return agent.name if agent is not None else ""

    # Agents

    def take_desk(self, name: str, phone: str, at: datetime) -> tuple[str, list[Result]]:
        """Log in at *phone*; first what came of it: login, moved, taken or engaged."""
        word, changes = self._desks.take(self.agents[name], phone, at)
        return word, [*changes, *self._room.distribute(at)]

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

    def log_out_absent(self, at: datetime) -> list[Result]:
        """Log out those who are not there any more, as the rules say; to be asked every now and then."""
        gone = list(self._absence.gone(at))
        changes = [kept for agent, why in gone for kept in self._desks.mark(agent, at, logged_in=False, why=why)]
        return [*changes, *self._room.distribute(at)] if changes else []

    def join_queue(self, name: str, queue: str, penalty: int, at: datetime) -> list[Result]:
        """The agent serves *queue* for now, whatever the rules say; KeyError where there is none of these."""
        if not self._has(queue):
            raise KeyError(queue)
        return [self._desks.join(self.agents[name], queue, penalty), *self._room.distribute(at)]

    def leave_queue(self, name: str, queue: str, at: datetime) -> list[Result]:
        return [self._desks.leave(self.agents[name], queue), *self._room.distribute(at)]

    def decide(self, mode: QueueMode, at: datetime) -> list[Result]:
        """The queue is in *mode* from now on; who waits in a closed one is told. KeyError: no such queue in the rules.

        A call that rings or talks goes on. Those who wait to be called back keep their places.
        """
        if not self._has(mode.queue):
            raise KeyError(mode.queue)
        return self._decide(mode, at)

    # Phones

    def phone_channels(self, extension: str, channels: int, at: datetime) -> list[Result]:
        """The phone has so many live channels: it is busy while it has any."""
        return [*self._roster.channels(self._roster.phone(extension, at), channels, at), *self._room.distribute(at)]

    def phone_reachable(self, extension: str, reachable: bool, at: datetime) -> list[Result]:
        """The phone registered, or is gone."""
        self._roster.registration(self._roster.phone(extension, at), reachable, at)
        return self._room.distribute(at)

    def snapshot(self, phones: Mapping[str, tuple[bool, int]], at: datetime) -> list[Result]:
        """The whole truth: extension to (reachable, live channels). A phone that is not named is out of reach."""
        results: list[Result] = []
        self._absence.told_since = self._absence.told_since or at
        for extension in sorted(self._roster.phones.keys() | phones.keys()):
            reachable, channels = phones.get(extension, (False, 0))
            phone = self._roster.phone(extension, at)
            self._roster.registration(phone, reachable, at, certain=True)
            results += self._roster.channels(phone, channels, at, certain=True)
        self._room.look_at_all(at)
        return [*results, *self._room.distribute(at)]

    # Time and rules

    def deadline_reached(self, at: datetime) -> list[Result]:
        """Do what was due by *at*; asks for a resync, once, if an answer is overdue."""
        results: list[Result] = []
        overdue = [self._due(subject, at, results) for subject in self._alarms.due(at)]
        resync = [ResyncAsked()] if any(overdue) else []
        return [*results, *self._room.distribute(at), *resync]

    def rules(self, book: Rulebook, at: datetime) -> list[Result]:
        """New rules. Callers of a queue that is gone are told that nobody is there; calls that ring or talk go on."""
        results: list[Result] = [*self._roster.adopt(book, at)]
        self._absence.adopt(book)
        for queue in list(self.queues.values()):
            if queue.rules is None:
                results += [self._room.place(caller.call, queue.name, at) for caller in queue.waiting]
                self._room.drop_if_empty(queue)
        return [*results, *self._room.distribute(at)]

    # Inside

    def _has(self, queue: str) -> bool:
        """Whether the rules have it."""
        return queue in self.queues and self.queues[queue].rules is not None

    def _mode_told(self, call: str, queue: str, at: datetime) -> ToCall:
        decided = self.queues[queue].decided if queue in self.queues else None
        mode, until = (decided.mode, decided.until) if decided is not None else (Mode.OPEN, None)
        return ToCall(call, ModeTold(at=at, queue=queue, mode=mode, until=until))

    def _join(self, call: str, join: JoinQueue, at: datetime) -> list[Result]:
        results: list[Result] = []
        caller = self._room.callers.get(call)
        if caller is not None and caller.queue != join.queue:
            results += self._room.forget(caller, at)
            caller = None
        if caller is None and not self.admits(join):
            return [*results, *self._room.distribute(at), self._room.turn_away(call, join.queue, at)]
        if caller is None:
            caller = self._room.enter(call, join)
            self._room.line_up(caller, at)
        else:
            self._room.ask_for(caller, join, at)
        if caller.offer is not None and caller.offer.agents and not join.anew:
            return []  # its offer is on the way
        elif caller.offer is not None:
            results += self._room.withdraw(caller, at)
            self._room.reopen(caller, at)
        return [*results, *self._room.distribute(at), *self._told(caller, at)]

    def _told(self, caller: Caller, at: datetime) -> list[Result]:
        return [self._room.place(caller.call, caller.queue, at)] if caller.offer is None else []

    def _take(self, call: str, taken: TakeOffer, at: datetime) -> list[Result]:
        results: list[Result] = []
        agent = self._roster.on_phone(taken.phone)
        caller = self._room.callers.get(call)
        offered = agent.activity if agent is not None and isinstance(agent.activity, Offered) else None
        rang_out = offered is not None and offered.call == call and offered.rang_out
        if caller is not None and caller.callback and taken.channel:
            call = taken.channel  # the agent's call to the patient
        if agent is not None:
            talking = Talking(call, taken.queue, None if agent.phone.channels else at + GRACE)
            agent.misses, agent.taken, agent.used = 0, agent.taken + 1, at
            results += self._roster.become(agent, talking, at)
            self._talks.pop(agent.last_call, None)
            self._talks[call], agent.last_call = agent, call
            if rang_out:
                results += self._roster.finish(agent, talking, at)
        if caller is not None:
            results += self._room.forget(caller, at)
        return [*results, *self._room.distribute(at)]

    def _return(self, call: str, queue: str, status: str, at: datetime) -> list[Result]:
        caller = self._room.callers.get(call)
        if caller is None or caller.queue != queue:
            return [self._room.place(call, queue, at)]
        if caller.offer is None:
            return []
        agents = list(self._room.reserved(caller))
        again = at + AGAIN if status in REFUSED else at
        caller.passed |= dict.fromkeys(caller.offer.agents, again)
        early = at - caller.offer.made < (caller.offer.deadline - GRACE - caller.offer.made) / 2
        self._room.reopen(caller, at)
        rest = REST if early else SETTLE if len(agents) > 1 else None
        results = [change for agent in agents for change in self._desks.passed(agent, queue, status, rest, at)]
        return [*results, *self._room.distribute(at), *self._told(caller, at)]

    def _decide(self, mode: QueueMode, at: datetime) -> list[Result]:
        self._roster.decide(mode)
        self._room.look_at_all(at)
        queue = self.queues.get(mode.queue)
        leave = queue.people if queue is not None and mode.mode is Mode.CLOSED else []
        told = [self._room.place(caller.call, mode.queue, at) for caller in leave]
        return [mode, *told, *self._room.distribute(at)]

    def _mark(self, name: str, at: datetime, *, logged_in: bool | None = None, paused: str = "") -> list[Result]:
        """Set what a person decides; KeyError for an agent who does not exist."""
        changes = self._desks.mark(self.agents[name], at, logged_in=logged_in, paused=paused)
        return [*changes, *self._room.distribute(at)]

    def _due(self, subject: Subject, at: datetime, results: list[Result]) -> bool:
        """Whether the answer that was due by now is overdue."""
        kind, name = subject
        if kind == "phone":
            self._alarms.put(subject, at + DOUBT)
            return True
        if kind == "mode":
            results += self._decide(QueueMode(name, Mode.OPEN, at), at)
            return False
        if kind == "wait":
            self._room.look_again(self._room.callers[name], at)
            return False
        if kind == "offer":
            caller = self._room.callers[name]
            results += self._room.withdraw(caller, at)
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
