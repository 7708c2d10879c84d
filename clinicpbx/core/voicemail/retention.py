"""Which messages are due to be destroyed: never one on hold, never one whose time is not known."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Kept:
    """A message as retention sees it; *received* None: unknown."""

    message: str
    received: datetime | None
    held: bool = False


def expires(kept: Kept, keep: timedelta | None) -> datetime | None:
    """When it is due; None for never. ValueError where *keep* would mean at once."""
    if keep is not None and keep <= timedelta(0):
        raise ValueError("messages are kept for a time, or for good")
    if keep is None or kept.held or kept.received is None:
        return None
    return kept.received + keep


def expired(kept: Iterable[Kept], keep: timedelta | None, at: datetime) -> list[str]:
    """The messages that are due at *at*."""
    due = ((one.message, expires(one, keep)) for one in kept)
    return [message for message, when in due if when is not None and when <= at]
