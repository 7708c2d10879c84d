"""When something has to be looked at again: one instant a subject, the earliest first."""

from collections.abc import Iterator
from datetime import datetime
from heapq import heappop, heappush
from itertools import count

Subject = tuple[str, str]
"""A kind and a name: ("agent", NAME), ("offer", CALL), ("phone", EXTENSION)."""


class Alarms:
    """Setting and reading cost O(log n); what was set anew or cleared stays in the heap until its time has come."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, Subject]] = []
        self._current: dict[Subject, datetime] = {}
        self._tie = count()

    def put(self, subject: Subject, when: datetime | None) -> None:
        """One alarm a subject; None takes it away."""
        if when is None:
            self._current.pop(subject, None)
        elif self._current.get(subject) != when:
            self._current[subject] = when
            heappush(self._heap, (when, next(self._tie), subject))

    @property
    def earliest(self) -> datetime | None:
        while self._heap and self._current.get(self._heap[0][2]) != self._heap[0][0]:
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def due(self, at: datetime) -> Iterator[Subject]:
        """Each subject whose time has come, taken off the list before it is given."""
        while (when := self.earliest) is not None and when <= at:
            subject = heappop(self._heap)[2]
            del self._current[subject]
            yield subject
