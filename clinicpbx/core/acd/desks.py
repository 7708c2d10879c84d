"""What agents decide for themselves, and what their not taking a call says of them."""

from datetime import datetime, timedelta

from clinicpbx.core.acd.agent import FREE, NO_ANSWER, Agent
from clinicpbx.core.acd.results import AgentStateChanged
from clinicpbx.core.acd.roster import Roster

BY_HAND = "by hand"


class Desks:
    """Every change is kept; what it makes possible is for the floor to distribute."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster

    def mark(
        self, agent: Agent, at: datetime, *, logged_in: bool | None = None, paused: str = ""
    ) -> list[AgentStateChanged]:
        """Set what a person decides."""
        logged_in = agent.logged_in if logged_in is None else logged_in
        if (agent.logged_in, agent.paused) == (logged_in, paused):
            return []
        if logged_in and not agent.logged_in:
            agent.free_since = at
            there = (other.taken for other in self._roster.agents.values() if other.logged_in)
            agent.taken = min(there, default=0)
        agent.logged_in, agent.paused = logged_in, paused
        agent.since, agent.misses = at, 0
        kept = self._roster.keep(agent)
        self._roster.lines.refresh(agent)
        return [kept]

    def toggle(self, phone: str, at: datetime, *, login: bool) -> tuple[str, list[AgentStateChanged]]:
        """What the feature code of *phone* changed, in a word, for the agent to hear."""
        agent = self._roster.on_phone(phone)
        if agent is None:
            return "unknown", []
        if login:
            change = "logout" if agent.logged_in else "login"
            return change, self.mark(agent, at, logged_in=not agent.logged_in)
        if not agent.logged_in:
            return "logout", []  # nothing to pause: say what is true
        change = "unpause" if agent.paused else "pause"
        return change, self.mark(agent, at, paused="" if agent.paused else BY_HAND)

    def passed(
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
        rules = self._roster.queues[queue].rules
        most = rules.pause_after_misses if rules is not None else 0
        changes = []
        if most and agent.misses >= most and not agent.paused:
            agent.paused, agent.since, agent.misses = NO_ANSWER, at, 0
            changes.append(self._roster.keep(agent))
        after = self._roster.become(agent, FREE, at) if rest is None else self._roster.rest(agent, at, rest)
        return [*changes, *after]
