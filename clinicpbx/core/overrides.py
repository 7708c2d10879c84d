"""Overrides: what holds for a while instead of the usual rules, by hand or as planned."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class OverrideRules:
    """*state*: what every hours say; *flow*: what calls enter; *say*: a prompt before all else; "" for as usual.

    *entries*: the DIDs concerned. *during*: planned times, from up to, not including, to (aware).
    """

    name: str
    title: str
    entries: frozenset[str]
    state: str = ""
    flow: str = ""
    say: str = ""
    during: tuple[tuple[datetime, datetime], ...] = ()

    def planned(self, at: datetime) -> bool:
        return any(start <= at < end for start, end in self.during)


def overriding(
    overrides: Iterable[OverrideRules], entry: str, at: datetime, switched_on: Collection[str]
) -> OverrideRules | None:
    """The override that a call to *entry* at *at* is under: one switched on before a planned one, else the first."""
    of_entry = [one for one in overrides if entry in one.entries]
    by_hand = (one for one in of_entry if one.name in switched_on)
    return next(by_hand, None) or next((one for one in of_entry if one.planned(at)), None)
