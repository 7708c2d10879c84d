"""What is told once a day whether or not anything happened: how much of the inbox is open, as counts and ids."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, tzinfo
from typing import Any

DAILY = "daily"
PARTS = {"open": "Open", "overdue": "Overdue", "due_today": "Due today", "came": "Came"}
"""Lists of ids by name; *came*: since 8 o'clock of the last working day, whatever became of it."""
SHOWN = 40
Figures = Mapping[str, list[int]]


@dataclass(frozen=True, slots=True)
class Daily:
    """*at*: by the clinic's clock. *to*: names of targets."""

    at: time
    to: tuple[str, ...]


def day_due(daily: Daily, zone: tzinfo, now: datetime) -> str:
    """The day (ISO 8601) of which people are to be told at *now*; "" before its time of day."""
    local = now.astimezone(zone)
    return local.date().isoformat() if local.time() >= daily.at else ""


def figures_of(kind: str, detail: Mapping[str, Any]) -> Figures:
    """What of *detail* may be sent: the ids of the parts of a daily notice, and nothing that is no number."""
    if kind != DAILY:
        return {}
    return {name: [id for id in detail.get(name, ()) if type(id) is int] for name in PARTS}


def counted(figures: Figures) -> str:
    """In one line, without ids."""
    return ", ".join(f"{len(figures[name])} {title.lower()}" for name, title in PARTS.items())


def listed(figures: Figures) -> list[str]:
    """A line a part, of its first SHOWN ids."""
    lines = []
    for name, title in PARTS.items():
        ids = ", ".join(map(str, figures[name][:SHOWN]))
        more = f" and {len(figures[name]) - SHOWN} more" if len(figures[name]) > SHOWN else ""
        lines.append(f"{title + ':':<11}{len(figures[name])}" + (f"  ({ids}{more})" if ids else ""))
    return lines
