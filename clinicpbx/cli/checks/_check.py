"""What a check is: it looks at a running instance, and says what it found and what to do."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from clinicpbx.daemon.control_client import ask_daemon
from clinicpbx.errors import ClinicPBXError, NotReachable
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings, read_settings

State = Literal["well", "wrong", "unknown"]


@dataclass(frozen=True, slots=True)
class Finding:
    """*state*: unknown is what cannot be told from here. *do*: what a person does about it."""

    state: State
    says: str
    do: str = ""

    def __str__(self) -> str:
        return f"{self.says}: {self.do}" if self.do else self.says


class House:
    """The instance that is looked at. What the daemon says of itself is asked for once."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance

    @cached_property
    def settings(self) -> Settings:
        return read_settings(self.instance)

    @cached_property
    def told(self) -> dict[str, Any]:
        """The daemon's status; empty where it does not answer."""
        try:
            return dict(ask_daemon(self.instance, {"do": "status"}))
        except NotReachable:
            return {}


Look = Callable[[House], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """*title*: what it looks at."""

    title: str
    look: Look

    def findings(self, house: House) -> list[Finding]:
        """What was found; where it could not look, it says so instead of ending the others."""
        try:
            return list(self.look(house))
        except (ClinicPBXError, OSError, sqlite3.Error) as error:
            return [Finding("unknown", f"it cannot be looked at: {error}")]


def turned(path: Path, process: str, patience: float) -> Finding | None:
    """What is wrong with a *process* that writes *path* at each of its turns, None if it turns. Seconds."""
    do = f"systemctl restart clinicpbx-{process}"
    if not path.exists():
        return Finding("wrong", f"the {process} has not run yet", do)
    age = time.time() - path.stat().st_mtime
    if age > patience:
        return Finding("wrong", f"the {process} is dead or hangs: its last turn was {age:.0f} s ago", do)
    return None
