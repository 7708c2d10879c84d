"""How the people of a rota are paged, and how its shifts are handed over."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

OUTCOMES = {"1": "advised", "2": "seen", "3": "emergency", "4": "not-reached"}
"""Key → what came of a page, where the rules name none of their own."""


@dataclass(frozen=True, slots=True)
class PageRules:
    """*ring*: each person; *rounds* of all of them, *pause* between two, and all over *again* after the last.

    *supervisor*: who is rung last in the last round, a provider or "". *say*: a prompt that names the rota, or "".
    """

    ring: timedelta = timedelta(seconds=25)
    rounds: int = 3
    pause: timedelta = timedelta(seconds=30)
    again: timedelta = timedelta(minutes=5)
    supervisor: str = ""
    say: str = ""
    outcomes: Mapping[str, str] = field(default_factory=lambda: dict(OUTCOMES))


@dataclass(frozen=True, slots=True)
class HandoverRules:
    """Whoever comes on call is rung *ahead* of the shift's begin, *tries* times with *pause* between two."""

    ahead: timedelta = timedelta(0)
    ring: timedelta = timedelta(seconds=25)
    tries: int = 2
    pause: timedelta = timedelta(minutes=1)
