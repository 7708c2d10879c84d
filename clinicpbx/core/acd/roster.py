"""Agents, their phones, and which queues they are free for."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from clinicpbx.core.acd.agent import FREE, Activity, Agent, Offered, Phone, Resting, Talking, WrapUp
from clinicpbx.core.acd.alarms import Alarms
from clinicpbx.core.acd.distributor import STRATEGIES
from clinicpbx.core.acd.lines import Lines
from clinicpbx.core.acd.modes import QueueMode
from clinicpbx.core.acd.queue import Queue
from clinicpbx.core.acd.results import AgentResult, AgentStateChanged, WrappedUp
from clinicpbx.core.rulebook import AgentRules, Rulebook

GRACE = timedelta(seconds=15)
"""How long an answer that is due may be late before the floor asks for a resync."""

REST = timedelta(seconds=10)
DOUBT = timedelta(seconds=60)
"""How long a phone that could not be reached, though it is registered, is left before the floor asks for a resync."""


class Roster:
    """Keeps the queues' members, and who of them is free, true."""

    def __init__(self, alarms: Alarms, states: Iterable[AgentStateChanged], modes: Iterable[QueueMode] = ()) -> None:
        self.queues: dict[str, Queue] = {}
        self.agents: dict[str, Agent] = {}
        self.phones: dict[str, Phone] = {}
        self.lines = Lines()
        self._by_phone: dict[str, Agent] = {}
        self._alarms = alarms
        self._kept = {state.name: state for state in states}
        self._modes: dict[str, QueueMode] = {}
        for mode in modes:
            self._decide(mode)
        self._wanted: Mapping[str, AgentRules] = {}
        self._order: tuple[str, ...] = ()
        self._unseated = False  # a rule change waits until its agent's call is over

    def on_phone(self, extension: str) -> Agent | None:
        return self._by_phone.get(extension)

    def phone(self, extension: str, at: datetime) -> Phone:
        return self.phones.setdefault(extension, Phone(extension, at))

    def adopt(self, book: Rulebook, at: datetime) -> list[AgentStateChanged]:
        """Follow new rules; KeyError, before anything changes, names a strategy that does not exist.

        Of several agents with one phone only the first by name has it. An agent bound to a call keeps the phone until
        the call is over. A queue that is gone stays while callers are in it.
        """
        strategies = {name: STRATEGIES[rules.strategy] for name, rules in book.queues.items()}
        for name in self.queues.keys() | book.queues.keys():
            queue = self.queues.setdefault(name, Queue(name))
            queue.rules, queue.strategy = book.queues.get(name), strategies.get(name)
            queue.decided = self._modes.get(name) if queue.rules is not None else None
        self._wanted = dict(sorted(book.agents.items()))
        self._order = tuple(book.agents)
        return self.seat(at)

    def seat(self, at: datetime) -> list[AgentStateChanged]:
        """Give every agent the rules and the phone they should have, as far as calls allow.

        Who logged in at a phone has it before the one whom the rules put there.
        """
        before, self.agents = self.agents, {}
        agents = {name: before.get(name) or self._made(rules, at) for name, rules in self._wanted.items()}
        bound = {name: agent for name, agent in before.items() if agent.engaged and self._leads_away(agent)}
        held = {agent.phone.extension for agent in bound.values()}
        for agent in bound.values():
            if agent.rules != self._wanted.get(agent.name):
                agent.rules, agent.joined = replace(agent.rules, queues={}), {}
                agent.reckon()
        free = [agent for name, agent in agents.items() if name not in bound]
        for agent in sorted(free, key=lambda agent: (not agent.engaged, not agent.desk)):
            agent.rules = self._wanted[agent.name]
            self._sit(agent, agent.seat if agent.seat not in held else "", at)
            agent.reckon()
            held |= {agent.phone.extension} - {""}
        seated = agents | bound
        for order, name in enumerate(self._order):
            seated[name].order = order
        self.agents = dict(sorted(seated.items()))
        self._unseated = bool(bound)
        self._by_phone = {extension: agent for agent in seated.values() if (extension := agent.phone.extension)}
        for queue in self.queues.values():
            queue.enrol(self.agents.values())
        self.lines.enrol()
        return self._dismiss([agent for name, agent in before.items() if name not in self.agents], at)

    def _leads_away(self, agent: Agent) -> bool:
        """Whether the agent should be at another phone, or nowhere."""
        rules = self._wanted.get(agent.name)
        return rules is None or (agent.desk or rules.phone) != agent.phone.extension

    def _made(self, rules: AgentRules, at: datetime) -> Agent:
        kept = self._kept.get(rules.name, AgentStateChanged(rules.name, False, "", at))
        agent = Agent(rules, Phone("", at), kept.since, at, kept.since, at, kept.logged_in)
        agent.paused, agent.why, agent.desk = kept.paused, kept.why, kept.desk
        agent.left, agent.joined = frozenset(kept.left), dict(kept.joined)
        return agent

    def _sit(self, agent: Agent, extension: str, at: datetime) -> None:
        if extension != agent.phone.extension:
            agent.phone = self.phone(extension, at) if extension else Phone("", at)

    def _dismiss(self, agents: Iterable[Agent], at: datetime) -> list[AgentStateChanged]:
        """Forget agents; those whom the rules do not name any more are logged out for good."""
        changes = []
        for agent in agents:
            self._alarms.put(("agent", agent.name), None)
            if agent.name not in self._wanted and agent.logged_in:
                agent.logged_in, agent.paused, agent.since, agent.desk = False, "", at, ""
                changes.append(self.keep(agent))
        return changes

    def decide(self, mode: QueueMode) -> None:
        """The queue is in *mode* from now on."""
        self._decide(mode)
        if (queue := self.queues.get(mode.queue)) is not None:
            queue.decided = mode
            self.lines.enrol()

    def _decide(self, mode: QueueMode) -> None:
        self._modes[mode.queue] = mode
        self._alarms.put(("mode", mode.queue), mode.until)

    def serve(self, agent: Agent) -> AgentStateChanged:
        """The queues that the agent joined or left have changed."""
        agent.reckon()
        for queue in self.queues.values():
            queue.enrol(self.agents.values())
        self.lines.enrol()
        return self.keep(agent)

    def keep(self, agent: Agent) -> AgentStateChanged:
        """The agent's login and pause, to be remembered while the rules come and go."""
        left, joined = tuple(sorted(agent.left)), tuple(sorted(agent.joined.items()))
        login = (agent.name, agent.logged_in, agent.paused, agent.since)
        state = AgentStateChanged(*login, left, joined, agent.why, agent.desk, agent.phone.extension)
        self._kept[agent.name] = state
        return state

    def become(self, agent: Agent, activity: Activity, at: datetime) -> list[AgentResult]:
        """Change what the agent does, with its alarm; an offer's alarm is the caller's."""
        over: list[AgentResult] = []
        if isinstance(was := agent.activity, WrapUp) and not isinstance(activity, WrapUp):
            over.append(WrappedUp(was.call, agent.name, agent.phone.extension, was.queue, was.since, at))
        agent.activity, agent.active_since = activity, at
        alarm = None if isinstance(activity, Offered) else activity.deadline
        self._alarms.put(("agent", agent.name), alarm)
        if self._unseated and not agent.engaged:
            return [*over, *self.seat(at)]
        self.lines.refresh(agent)
        return over

    def finish(self, agent: Agent, talking: Talking, at: datetime) -> list[AgentResult]:
        """The call is over: wrap-up begins, as long as its queue asks for."""
        agent.free_since = agent.used = at
        queue = self.queues.get(talking.queue)
        wrap_up = self.wrap_up(talking.queue)
        if queue is not None:
            queue.pace.saw(at - agent.active_since + wrap_up)
        return self.become(agent, WrapUp(talking.call, talking.queue, at, at + wrap_up) if wrap_up else FREE, at)

    def wrap_up(self, name: str) -> timedelta:
        """An agent's quiet time after a call of that queue."""
        queue = self.queues.get(name)
        return queue.rules.wrap_up if queue is not None and queue.rules is not None else timedelta(0)

    def rest(self, agent: Agent, at: datetime, length: timedelta = REST) -> list[AgentResult]:
        return self.become(agent, Resting(at + length), at)

    def channels(self, phone: Phone, count: int, at: datetime, *, certain: bool = False) -> list[AgentResult]:
        """The phone has *count* channels now; if that is *certain*, a talk whose channel was never seen is over too."""
        had, phone.channels = phone.channels, count
        if bool(had) != bool(count):
            phone.since = at
        agent = self._by_phone.get(phone.extension)
        if agent is None:
            return []
        match agent.activity:
            case Talking(deadline=deadline) as talking if not count and (certain or deadline is None):
                return self.finish(agent, talking, at)
            case Talking(deadline=deadline) as talking if count and deadline is not None:
                self._alarms.put(("agent", agent.name), None)
                agent.activity = replace(talking, deadline=None)
            case Offered(rang_out=rang_out) as offered:
                agent.activity = replace(offered, rang_out=not count and (had > 0 or rang_out))
        self.lines.refresh(agent)
        return []

    def registration(self, phone: Phone, registered: bool, at: datetime, *, certain: bool = False) -> None:
        """Asterisk says whether it can reach the phone.

        What ends the doubt left by a failed call is a change of that, or a *certain* word; not the same word again.
        """
        if phone.registered == registered and not certain:
            return
        if phone.reachable != registered:
            phone.since = at
        phone.registered, phone.refused = registered, False
        self._alarms.put(("phone", phone.extension), None)
        self._refresh(phone)

    def refuse(self, phone: Phone, at: datetime) -> None:
        """A call to the phone failed: it is out of reach until Asterisk says otherwise."""
        phone.refused, phone.since = True, at
        self._alarms.put(("phone", phone.extension), at + DOUBT)
        self._refresh(phone)

    def _refresh(self, phone: Phone) -> None:
        if (agent := self._by_phone.get(phone.extension)) is not None:
            self.lines.refresh(agent)
