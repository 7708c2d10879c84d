"""The time of calls: aware UTC that only moves forward, whatever happens to the wall clock."""

import time
from datetime import UTC, datetime, timedelta

STEP = timedelta(seconds=2)


class Clock:
    """UTC anchored once to the wall clock and then driven by the monotonic one."""

    def __init__(self) -> None:
        self._wall, self._mark = datetime.now(UTC), time.monotonic()

    def __call__(self) -> datetime:
        return self._wall + timedelta(seconds=time.monotonic() - self._mark)

    def follow_wall(self) -> timedelta:
        """Anchor anew if the wall clock was stepped by more than STEP; only while no call is open. Returns the step."""
        wall = datetime.now(UTC)
        step = wall - self()
        if abs(step) < STEP:
            return timedelta(0)
        self._wall, self._mark = wall, time.monotonic()
        return step
