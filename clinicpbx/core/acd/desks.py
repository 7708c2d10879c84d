"""What agents decide for themselves, where they sit, and what their not taking a call says of them."""

from dataclasses import replace
from datetime import datetime, timedelta

from clinicpbx.core.acd.agent import FREE, NO_ANSWER, Agent, WrapUp
from clinicpbx.core.acd.results import AgentResult, AgentStateChanged, CallDisposed, Result
from clinicpbx.core.acd.roster import Roster
from clinicpbx.core.commands import (
    AgentCommand,
    DisposeCall,
    EndWrapUp,
    ExtendWrapUp,
    TakeDesk,
    ToggleLogin,
    TogglePause,
)

BY_HAND = "by hand"


class Desks:
    """Every change is kept; what it makes possible is for the floor to distribute."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster

    def mark(
        self, agent: Agent, at: datetime, *, logged_in: bool | None = None, paused: str = "", why: str = ""
    ) -> list[AgentStateChanged]:
        """Set what a person decides; *why*: what logs the agent out, where no person does."""
        agent.used = at
        logged_in = agent.logged_in if logged_in is None else logged_in
        if (agent.logged_in, agent.paused) == (logged_in, paused):
            return []
        if logged_in and not agent.logged_in:
            agent.free_since = at
            there = (other.taken for other in self._roster.agents.values() if other.logged_in)
            agent.taken = min(there, default=0)
            if agent.left:  # of an earlier shift
                agent.left = frozenset()
                self._roster.serve(agent)
        leaves = bool(agent.desk) and not logged_in
        agent.logged_in, agent.paused, agent.why = logged_in, paused, why
        agent.since, agent.misses, agent.desk = at, 0, agent.desk if logged_in else ""
        kept = self._roster.keep(agent)
        if leaves:
            return [kept, *self._roster.seat(at)]
        self._roster.lines.refresh(agent)
        return [kept]

    def take(self, agent: Agent, phone: str, at: datetime) -> tuple[str, list[AgentStateChanged]]:
        """Log the agent in at *phone*, and nowhere else; a word for what came of it, as of AgentChanged.

        Nobody is driven from a phone where they are logged in, or have a call; a call goes on where it is.
        """
        there = self._roster.on_phone(phone)
        if there is not None and there is not agent and (there.logged_in or there.engaged):
            return "taken", []
        before = agent.phone.extension
        if agent.engaged and before != phone:
            return "engaged", []
        moved = agent.logged_in and before not in ("", phone)
        agent.desk = "" if phone == agent.rules.phone else phone
        if moved:
            agent.since = at
        seated = self._roster.seat(at)
        kept = self.mark(agent, at, logged_in=True) or [self._roster.keep(agent)]
        return "moved" if moved else "login", [*seated, *kept]

    def dialled(self, command: AgentCommand, at: datetime) -> tuple[str, list[Result]]:
        """What an agent's feature code changed, in a word for the agent to hear, and what follows."""
        agent = self._roster.on_phone(command.phone)
        if isinstance(command, TakeDesk):
            agent = self._roster.agents.get(command.agent)
        if agent is None:
            return "unknown", []
        agent.used = at
        match command:
            case TakeDesk(phone=phone):
                change, changes = self.take(agent, phone, at)
                return change, [*changes]
            case ToggleLogin(queue=""):
                change = "logout" if agent.logged_in else "login"
                return change, [*self.mark(agent, at, logged_in=not agent.logged_in)]
            case ToggleLogin(queue=queue):
                return self._toggle_queue(agent, queue, at)
            case TogglePause(reason=reason):
                return self._toggle_pause(agent, reason or BY_HAND, at)
            case EndWrapUp() if isinstance(agent.activity, WrapUp):
                return "ready", [*self._roster.become(agent, FREE, at)]
            case ExtendWrapUp() if isinstance(agent.activity, WrapUp):
                more = self._roster.wrap_up(agent.activity.queue)
                longer = replace(agent.activity, deadline=agent.activity.deadline + more)
                return "more", [*self._roster.become(agent, longer, at)]
            case DisposeCall(disposition=disposition) if agent.last_call:
                return "disposed", [CallDisposed(agent.last_call, agent.name, disposition, at)]
        return "none", []

    def _toggle_queue(self, agent: Agent, queue: str, at: datetime) -> tuple[str, list[Result]]:
        """Out of *queue*, or into it again; who was not logged in at all is, for that queue alone."""
        if queue not in agent.rules.queues and queue not in agent.joined:
            return "none", []
        if agent.logged_in and queue in agent.queues:
            return "logout", [self.leave(agent, queue)]
        alone = not agent.logged_in
        if alone:
            self.mark(agent, at, logged_in=True)
        agent.left = (frozenset(agent.queues) if alone else agent.left) - {queue}
        return "login", [self._roster.serve(agent)]

    def _toggle_pause(self, agent: Agent, reason: str, at: datetime) -> tuple[str, list[Result]]:
        if not agent.logged_in:
            return "logout", []  # nothing to pause: say what is true
        paused = "" if agent.paused and reason in (BY_HAND, agent.paused) else reason
        return "pause" if paused else "unpause", [*self.mark(agent, at, paused=paused)]

    def join(self, agent: Agent, queue: str, penalty: int) -> AgentStateChanged:
        """Serve *queue* from now on, whatever the rules say, until it is left."""
        agent.left -= {queue}
        if agent.rules.queues.get(queue) != penalty:
            agent.joined = {**agent.joined, queue: penalty}
        return self._roster.serve(agent)

    def leave(self, agent: Agent, queue: str) -> AgentStateChanged:
        """Do not serve *queue* until it is joined again, or the agent logs in anew; a call of it goes on."""
        agent.joined = {name: penalty for name, penalty in agent.joined.items() if name != queue}
        agent.left = agent.left | {queue} if queue in agent.rules.queues else agent.left
        return self._roster.serve(agent)

    def passed(self, agent: Agent, queue: str, status: str, rest: timedelta | None, at: datetime) -> list[AgentResult]:
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

    def _missed(self, agent: Agent, queue: str, rest: timedelta | None, at: datetime) -> list[AgentResult]:
        rules = self._roster.queues[queue].rules
        most = rules.pause_after_misses if rules is not None else 0
        changes: list[AgentResult] = []
        if most and agent.misses >= most and not agent.paused:
            agent.paused, agent.since, agent.misses = NO_ANSWER, at, 0
            changes.append(self._roster.keep(agent))
        after = self._roster.become(agent, FREE, at) if rest is None else self._roster.rest(agent, at, rest)
        return [*changes, *after]
