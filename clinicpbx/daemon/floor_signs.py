"""Keeps what agents and supervisors decide: in the journal for the next start, on lamps, and for the fallback.

Lamps are device states that the rendered hints name (ARI: PUT /deviceStates/Stasis:NAME): `login-201` shows whether the
agent at phone 201 is logged in, `pause-201` whether paused, with an agent's number in its place wherever that agent is;
`mode-desk` shows that the queue is not open. The fallback reads global variables, which live as long as Asterisk: see
`variable` of rules/views.py. What they do not say is as if nothing had been decided.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Protocol

from clinicpbx.core.acd.floor import Floor
from clinicpbx.core.acd.modes import Mode, QueueMode
from clinicpbx.core.acd.results import AgentStateChanged
from clinicpbx.core.rulebook import Rulebook
from clinicpbx.rules.views import variable

LIT, DARK = "INUSE", "NOT_INUSE"


class Journalling(Protocol):
    def keep(self, row: AgentStateChanged) -> None: ...
    def keep_mode(self, mode: QueueMode) -> None: ...
    def fact(self, call: str, at: datetime, kind: str, detail: Mapping[str, object]) -> None: ...


class FloorSigns:
    """*request* goes to Asterisk; what it answers does not matter: `show_all` tells everything after each connect."""

    def __init__(
        self,
        journal: Journalling,
        request: Callable[[str, str, Mapping[str, str] | None, object], object],
        book: Callable[[], Rulebook],
        floor: Floor,
    ) -> None:
        self._journal, self._request, self._book, self._floor = journal, request, book, floor
        self._lamps: dict[str, bool] = {}
        self._facts: dict[str, str] = {}
        self.fact = journal.fact

    def keep(self, state: AgentStateChanged) -> None:
        self._journal.keep(state)
        self._show()

    def keep_mode(self, mode: QueueMode) -> None:
        self._journal.keep_mode(mode)
        self._show()

    def show_all(self) -> None:
        """Every lamp and fact, as it should be."""
        self._lamps.clear()
        self._facts.clear()
        self._show()

    def _show(self) -> None:
        """What is not shown yet."""
        lamps, facts = dict(self._lit()), dict(self._told())
        for lamp, lit in lamps.items():
            if self._lamps.get(lamp) != lit:
                state = {"deviceState": LIT if lit else DARK}
                self._request("PUT", f"deviceStates/Stasis%3A{lamp}", state, None)
        for name, value in facts.items():
            if self._facts.get(name) != value:
                self._request("POST", "asterisk/variable", None, {"variable": name, "value": value})
        self._lamps, self._facts = lamps, facts

    def _lit(self) -> Iterator[tuple[str, bool]]:
        book, agents = self._book(), self._floor.agents.values()
        numbers = {agent.rules.number: agent for agent in agents if agent.rules.number}
        homes = (agent.rules.phone for agent in agents if agent.rules.phone)
        at_desks = {agent.phone.extension: agent for agent in agents if agent.phone.extension}
        for place in dict.fromkeys((*homes, *at_desks, *(book.phones if numbers else ()), *numbers)):
            agent = numbers.get(place) or at_desks.get(place)
            there = agent is not None and agent.logged_in
            yield f"login-{place}", there
            yield f"pause-{place}", there and agent is not None and bool(agent.paused)
        for name in book.queues:
            yield f"mode-{name}", name in self._floor.queues and self._floor.queues[name].mode is not Mode.OPEN

    def _told(self) -> Iterator[tuple[str, str]]:
        for name, queue in self._floor.queues.items():
            decided = queue.decided
            shut = decided.until if decided is not None else None  # what is open has no end
            yield variable("SHUT", name), str(int(shut.timestamp())) if shut else "0"
            homes = {agent.rules.phone for agent in self._floor.agents.values() if name in agent.rules.queues}
            elsewhere = sorted({agent.desk for agent in queue.members.values() if agent.desk} - homes)
            yield variable("DESKS", name), "&".join(f"PJSIP/phone-{desk}" for desk in elsewhere) or "0"
