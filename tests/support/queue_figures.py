"""Figures of queues as programs that read Asterisk's queue_log work them out."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clinicpbx.adapters.spool.reader import Spool, spools
from clinicpbx.paths import Instance

TRANSFERS = {"BLINDTRANSFER": 3, "ATTENDEDTRANSFER": 4}
"""Which field of their lines is the hold time; the call time follows."""
EXITS = ("EXITWITHTIMEOUT", "EXITEMPTY", "EXITWITHKEY")


@dataclass
class Figures:
    """Seconds, as queue_log has them: whole."""

    offered: int = 0
    overflowed: int = 0
    waits: list[int] = field(default_factory=list)
    given_up: list[int] = field(default_factory=list)
    talks: list[int] = field(default_factory=list)

    @property
    def answered(self) -> int:
        return len(self.waits)

    @property
    def abandoned(self) -> int:
        return len(self.given_up)

    def in_time(self, threshold: int) -> int:
        return sum(wait <= threshold for wait in self.waits)


def figures(lines: Iterable[Sequence[str]]) -> Figures:
    """Of the lines of one queue, each from its uniqueid on: uniqueid, queue, agent, event, fields."""
    found = Figures()
    for _, _, _, event, *fields in lines:
        if event == "ENTERQUEUE":
            found.offered += 1
        elif event == "CONNECT":
            found.waits.append(int(fields[0]))
        elif event == "ABANDON":
            found.given_up.append(int(fields[2]))
        elif event in ("COMPLETEAGENT", "COMPLETECALLER"):
            found.talks.append(int(fields[1]))
        elif event in TRANSFERS:
            found.talks.append(int(fields[TRANSFERS[event]]))
        elif event in EXITS:
            found.overflowed += 1
    return found


def copied(instance: Instance, folder: Path) -> tuple[Spool, ...]:
    """The spools of *instance* as they are now: reading these takes nothing from another reader."""
    paths = []
    for path in (instance.cdr_spool, instance.cel_spool, instance.journal):
        paths.append(folder / path.name)
        with sqlite3.connect(path) as there, sqlite3.connect(paths[-1]) as here:
            there.backup(here)
    return spools(*paths)
