"""Keeps agents' logins and pauses: in the journal for the next start, and on the lamps of desk phones.

The lamps are device states that the rendered hints name: `*45201` shows whether the agent at phone 201 is logged in,
`*46201` whether paused (ARI: PUT /deviceStates/Stasis:NAME).
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Protocol

from clinicpbx.core.acd.results import AgentStateChanged
from clinicpbx.core.rulebook import Rulebook

LIT, DARK = "INUSE", "NOT_INUSE"


class Journalling(Protocol):
    def keep(self, row: AgentStateChanged) -> None: ...
    def fact(self, call: str, at: datetime, kind: str, detail: Mapping[str, object]) -> None: ...


class AgentLamps:
    """*request* goes to Asterisk; what it answers does not matter: `show_all` tells everything after each connect."""

    def __init__(
        self,
        journal: Journalling,
        request: Callable[[str, str, Mapping[str, str]], object],
        book: Callable[[], Rulebook],
    ) -> None:
        self._journal, self._request, self._book = journal, request, book
        self.fact = journal.fact

    def keep(self, state: AgentStateChanged) -> None:
        self._journal.keep(state)
        self._show(state)

    def show_all(self, states: Iterable[AgentStateChanged]) -> None:
        """Every agent's lamps, as they should be; those never logged in are dark."""
        known = {state.name: state for state in states}
        for name in self._book().agents:
            self._show(known.get(name) or AgentStateChanged(name, False, "", datetime.min.replace(tzinfo=UTC)))

    def _show(self, state: AgentStateChanged) -> None:
        if (agent := self._book().agents.get(state.name)) is not None:
            self._light(f"login-{agent.phone}", state.logged_in)
            self._light(f"pause-{agent.phone}", state.logged_in and bool(state.paused))

    def _light(self, lamp: str, lit: bool) -> None:
        self._request("PUT", f"deviceStates/Stasis%3A{lamp}", {"deviceState": LIT if lit else DARK})
