"""Keeps agents' logins and pauses: in the journal for the next start, and on the lamps of desk phones.

The lamps are device states that the rendered hints name: `*45201` shows whether the agent at phone 201 is logged in,
`*46201` whether paused (ARI: PUT /deviceStates/Stasis:NAME).
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

from clinicpbx.core.acd.modes import QueueMode
from clinicpbx.core.acd.results import AgentStateChanged
from clinicpbx.core.rulebook import Rulebook

LIT, DARK = "INUSE", "NOT_INUSE"


class Journalling(Protocol):
    def keep(self, row: AgentStateChanged) -> None: ...
    def keep_mode(self, mode: QueueMode) -> None: ...
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
        self.fact, self.keep_mode = journal.fact, journal.keep_mode

    def keep(self, state: AgentStateChanged) -> None:
        self._journal.keep(state)
        if (agent := self._book().agents.get(state.name)) is not None:
            self._show(agent.phone, state.logged_in, state.paused)

    def show_all(self, agents: Iterable[Mapping[str, Any]]) -> None:
        """The lamps of these rows of the board, as they should be."""
        for row in agents:
            self._show(row["phone"], row["logged_in"], row["reason"])

    def _show(self, phone: str, logged_in: bool, paused: str) -> None:
        self._light(f"login-{phone}", logged_in)
        self._light(f"pause-{phone}", logged_in and bool(paused))

    def _light(self, lamp: str, lit: bool) -> None:
        self._request("PUT", f"deviceStates/Stasis%3A{lamp}", {"deviceState": LIT if lit else DARK})
