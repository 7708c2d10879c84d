"""Counts of many calls, added up by quarter hour, by day and by hour of the week."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from clinicpbx.core.records.slots import day_of, hour_of_week, quarter_of
from clinicpbx.core.records.tally import SHAPES, Counts, Key

Place = tuple[str, int, tuple[str, ...]]
"""A tally, a quarter hour, a key."""


class Sums:
    """Counts by tally, quarter hour and key; what a call counted as can be taken back."""

    def __init__(self) -> None:
        self.of: dict[Place, Counts] = {}
        self._gone: dict[Place, Counts] = {}

    def add(self, at: datetime, counts: Iterable[tuple[Key, Counts]], times: int = 1) -> None:
        """Adds *counts* of a call that began *at*; *times* is -1 to take them back."""
        quarter = quarter_of(at)
        for (table, key), figures in counts:
            place, maxima = (table, quarter, key), SHAPES[table].maxima
            held = self.of.setdefault(place, {})
            highest = held if times > 0 else self._gone.setdefault(place, {}) if maxima else {}
            for name, figure in figures.items():
                if name in maxima:
                    highest[name] = max(highest.get(name, 0), figure)
                else:
                    held[name] = held.get(name, 0) + times * figure

    @property
    def lowered(self) -> list[Place]:
        """Where the greatest of something may have become less, which no sum tells."""
        gone = self._gone.items()
        return [place for place, was in gone if any(was[name] > self.of[place].get(name, 0) for name in was)]

    def rows(self, zone: ZoneInfo) -> dict[str, dict[tuple[Any, ...], Counts]]:
        """By tally the counts of each row (grain, slot, key), in every grain, but for what came out even."""
        found: dict[str, dict[tuple[Any, ...], Counts]] = {}
        for table, quarter, key, counts in self._changed():
            rows, shape = found.setdefault(table, {}), SHAPES[table]
            for grain, slot in grains(quarter, zone):
                of = shape.key_in(grain, key)
                if of is None:
                    continue
                place = (grain, slot, *of)
                if (held := rows.get(place)) is None:
                    rows[place] = counts.copy()
                    continue
                for name, count in counts.items():
                    most = name in shape.maxima
                    held[name] = max(held.get(name, 0), count) if most else held.get(name, 0) + count
        return found

    def _changed(self) -> Iterator[tuple[str, int, tuple[str, ...], Counts]]:
        for place, counts in self.of.items():
            maxima, gone = SHAPES[place[0]].maxima, self._gone.get(place, {})
            if any(count > gone.get(name, 0) if name in maxima else count for name, count in counts.items()):
                yield *place, counts


@lru_cache(maxsize=4096)
def grains(quarter: int, zone: ZoneInfo) -> tuple[tuple[str, int], ...]:
    """The slots that *quarter* is in: itself, its day, its hour of the week, by which demand is counted, too."""
    week = hour_of_week(quarter, zone)
    return ("quarter", quarter), ("day", day_of(quarter, zone)), ("week", week), ("demand", week)
