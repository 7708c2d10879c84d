"""When a neighbour that did not take a notice is tried again."""

from datetime import datetime, timedelta

FIRST, LONGEST = timedelta(seconds=10), timedelta(hours=1)
PATIENCE = timedelta(days=1)


def next_try(tries: int, since: datetime, now: datetime, draw: float) -> datetime | None:
    """When after *tries* tries, the first of them due at *since*; None: no more, a person has to see to it.

    The pause doubles up to an hour. *draw*, from 0 to 1, spreads it from half to one and a half, so that what failed
    together is not tried together. After a day nothing is tried again.
    """
    pause = min(FIRST * 2 ** min(tries - 1, 20), LONGEST) * (0.5 + draw)
    return now + pause if now + pause <= since + PATIENCE else None
