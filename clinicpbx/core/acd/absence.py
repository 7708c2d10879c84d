"""Agents who are not there any more: when they are logged out without anybody's doing."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from clinicpbx.core.acd.agent import Agent, Free, Resting
from clinicpbx.core.acd.roster import Roster
from clinicpbx.core.rulebook import LogOutRules, Rulebook
from clinicpbx.core.schedule.hours import Hours
from clinicpbx.core.schedule.stretches import closing

IDLE, UNREACHABLE, CLOSING = "idle", "unreachable", "closing"


class Absence:
    """*told_since*: when it was first said which phones are in reach; before, none is known not to be."""

    def __init__(self, roster: Roster) -> None:
        self.told_since: datetime | None = None
        self._roster = roster
        self._rules = LogOutRules()
        self._hours: Hours | None = None
        self._closings: dict[datetime, datetime | None] = {}

    def adopt(self, book: Rulebook) -> None:
        self._rules, self._hours = book.log_out, book.hours.get(book.log_out.closing)
        self._closings.clear()

    def gone(self, at: datetime) -> Iterator[tuple[Agent, str]]:
        """Who is to be logged out now, and why; nobody who has a call, or the time after one."""
        for agent in self._roster.agents.values():
            unbound = isinstance(agent.activity, Free | Resting) and not agent.phone.channels
            if agent.logged_in and unbound and (why := self._why(agent, at)):
                yield agent, why

    def _why(self, agent: Agent, at: datetime) -> str:
        rules, phone = self._rules, agent.phone
        away = timedelta(0)
        if self.told_since is not None and not phone.reachable:
            away = at - max(phone.since, self.told_since)
        if rules.unreachable and away >= rules.unreachable:
            return UNREACHABLE
        if rules.idle and at - agent.used >= rules.idle:
            return IDLE
        closed = self._closed(agent.since)
        over = closed is not None and at >= closed and not self._waited_for(agent)
        return CLOSING if over else ""

    def _closed(self, since: datetime) -> datetime | None:
        """The end of the hours that follows the login, or the pause."""
        if self._hours is None:
            return None
        if since not in self._closings:
            self._closings[since] = closing(self._hours, since)
        return self._closings[since]

    def _waited_for(self, agent: Agent) -> bool:
        """Whether somebody waits whom the agent may serve: they came while the clinic was open."""
        return any(self._roster.queues[name].people for name in agent.queues if name in self._roster.queues)
