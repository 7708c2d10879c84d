"""A call that is in the dialplan: Asterisk's own, not ours to move."""

from dataclasses import dataclass
from datetime import datetime, timedelta

LONGEST_CALL = timedelta(hours=4)  # Asterisk's TIMEOUT(absolute) ends it by then


@dataclass(frozen=True, slots=True)
class Away:
    deadline: datetime
    answered: bool = False


def away(at: datetime) -> datetime:
    """The deadline of a call that left for the dialplan."""
    return at + LONGEST_CALL
