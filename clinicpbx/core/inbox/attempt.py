"""Attempts to call the patient of an item: their ids, and what came of them."""

import re
from dataclasses import dataclass
from datetime import datetime

_ATTEMPT = re.compile(r"item-([0-9]{1,12})-[0-9]{8}T[0-9]{12}", re.ASCII)
ANSWERED, BUSY, NO_ANSWER, HUNG_UP = "answered", "busy", "no answer", "hung up"
NOT_DIALLED, REFUSED, INTERRUPTED = "could not be dialled", "not wanted any more", "interrupted"
NOT_PICKED_UP, NOT_RUNG = "desk not picked up", "desk could not be rung"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt as the record of its call knows it; *result*: one of the words above."""

    id: str
    at: datetime
    result: str


def attempt_of(item: int, at: datetime) -> str:
    """The id of the attempt that is made *at* for *item*; the phone that is rung for it is a channel of that id."""
    return f"item-{item}-{at:%Y%m%dT%H%M%S%f}"


def item_of(attempt: str) -> int:
    """The item of *attempt*; 0 where it is no attempt's id."""
    found = _ATTEMPT.fullmatch(attempt)
    return int(found.group(1)) if found is not None else 0
