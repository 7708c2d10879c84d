"""What the rows of a report may stand for: in the database, and in words."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement

EPOCH = date(1970, 1, 1)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
CLOCK = ("hour", "day", "weekday", "quarter")


@dataclass(frozen=True, slots=True)
class Dimension:
    """*shown*: a value of the database in words; *meant*: the other way round, ValueError for what is none."""

    meaning: str
    shown: Callable[[Any], str]
    meant: Callable[[str], Any]


def _named(meaning: str, nothing: str) -> Dimension:
    return Dimension(meaning, lambda value: str(value or nothing), lambda text: "" if text == nothing else text)


def _of_day(meaning: str, minutes: int) -> Dimension:
    def read(text: str) -> int:
        hours, rest = map(int, text.split(":"))
        return (hours * 60 + rest) // minutes

    return Dimension(meaning, lambda n: "{:02}:{:02}".format(*divmod(int(n) * minutes, 60)), read)


DIMENSIONS: dict[str, Dimension] = {
    "queue": _named("the queue, by its name in the rules", "outside every queue"),
    "site": _named("the site whose number was called", "no site"),
    "did": _named("our number that was called", "no number"),
    "agent": _named("the agent, by the name in the rules", "nobody"),
    "category": _named("what the caller wanted, by the rules", "no reason said"),
    "reason": _named("the reason given for the pause", "no reason"),
    "person": _named("who on call accepted it", "nobody"),
    "menu": _named("the menu, by its step's name", "no menu"),
    "day": Dimension(
        "the day in the clinic's zone",
        lambda n: (EPOCH + timedelta(days=int(n))).isoformat(),
        lambda text: (date.fromisoformat(text) - EPOCH).days,
    ),
    "weekday": Dimension("the day of the week in the clinic's zone", lambda n: WEEKDAYS[int(n)], WEEKDAYS.index),
    "hour": _of_day("the hour that begins then, in the clinic's zone", 60),
    "quarter": _of_day("the quarter of an hour that begins then, in the clinic's zone", 15),
}


def of_clock(by: str, quarter: ColumnElement[int]) -> ColumnElement[int]:
    """The *by* of a local *quarter* of an hour, counted from a Thursday's, as 1970 began."""
    return {
        "day": quarter // 96,
        "weekday": (quarter // 96 + 3) % 7,
        "hour": quarter % 96 // 4,
        "quarter": quarter % 96,
    }[by]
