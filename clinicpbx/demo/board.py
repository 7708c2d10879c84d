"""What the morning looks like right now: a state that happenings change, and the table drawn of it."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from clinicpbx.demo.morning import MAIN, Patient

NEWS = 6
BELOW = 26  # lines that are not patients
_COLOURS = {
    "talks": "green",
    "talking": "green",
    "speaks": "cyan",
    "rings": "yellow",
    "offered": "yellow",
    "MISSED": "red",
    "hung": "dim",
    "free": "dim",
}


@dataclass(frozen=True, slots=True)
class Happening:
    """*at*: seconds since the demonstration began. *who* is a patient's name, `phone EXTENSION` or `clinic`."""

    at: float
    who: str
    what: str


@dataclass(slots=True)
class Board:
    """*rows* of the daemon: its queues and agents as they are now."""

    patients: Sequence[Patient]
    doing: dict[str, Happening] = field(default_factory=dict)
    news: deque[Happening] = field(default_factory=lambda: deque(maxlen=NEWS))
    queues: Sequence[Mapping[str, Any]] = ()
    agents: Sequence[Mapping[str, Any]] = ()

    def happen(self, happening: Happening) -> None:
        self.doing[happening.who] = happening
        self.news.append(happening)

    def draw(self, now: float, height: int) -> Group:
        """The board *now* seconds after the demonstration began, of about *height* lines: the last callers."""
        return Group(self._patients(now, max(4, height - BELOW)), self._queues(), self._agents(), self._news())

    def _patients(self, now: float, most: int) -> Table:
        table = _table("patient", "line", "language", "now", "since", title=f"Harbor Family Clinic, {now:.0f} s")
        for patient in [patient for patient in self.patients if patient.name in self.doing][-most:]:
            last = self.doing[patient.name]
            line = "main" if patient.line == MAIN else "nurses"
            table.add_row(patient.name, line, patient.language, _word(last.what), f"{now - last.at:.0f} s")
        return table

    def _queues(self) -> Table:
        table = _table("queue", "waiting", "ringing", "longest wait", "free agents")
        for row in self.queues:
            cells = (row["waiting"], row["ringing"], f"{row['longest_wait']:.0f} s", row["free"])
            table.add_row(row["queue"], *map(str, cells))
        return table

    def _agents(self) -> Table:
        table = _table("agent", "phone", "state", "the phone")
        for row in self.agents:
            last = self.doing.get(f"phone {row['phone']}")
            table.add_row(row["agent"], row["phone"], _word(row["state"]), last.what if last else "")
        return table

    def _news(self) -> Text:
        return Text("\n".join(line(happening) for happening in self.news), style="dim")


def _table(*heads: str, title: str = "") -> Table:
    return Table(*heads, title=title or None, title_justify="left", box=SIMPLE_HEAD)


def line(happening: Happening) -> str:
    """The happening as one line of text."""
    return f"{happening.at:6.1f} s  {happening.who:<30} {happening.what}"


def _word(text: str) -> Text:
    first = text.partition(" ")[0].rstrip(":,")
    return Text(text, style=_COLOURS.get(first, ""))
