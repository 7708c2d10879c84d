"""What a supervisor decides for a queue while it runs: open, full or closed, with an end."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Mode(Enum):
    OPEN = "open"  # as the rules say
    FULL = "full"  # who waits is served, nobody else comes in
    CLOSED = "closed"  # nobody is served, and who waits goes on elsewhere


@dataclass(frozen=True, slots=True)
class QueueMode:
    """To be kept across restarts. *until* (aware): when the queue is open again; None only where it is.

    *who*: the person, or the phone, that decided; "" where the end came by itself.
    """

    queue: str
    mode: Mode
    since: datetime
    until: datetime | None = None
    who: str = ""

    def admits(self, since: datetime, *, callback: bool) -> bool:
        """Whether a call whose place counts from *since* comes in. Nobody who waits to be called back is in the way."""
        match self.mode:
            case Mode.OPEN:
                return True
            case Mode.FULL:
                return callback or since < self.since
        return callback
