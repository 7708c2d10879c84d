"""What a queue promises its callers, and how far it fell short."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class QueueTarget:
    """Of the callers offered, in per cent: at least *answered* are, *within* that time; at most *abandoned* give up.

    None: that much is not promised.
    """

    answered: float | None = None
    within: timedelta = timedelta(seconds=20)
    abandoned: float | None = None

    @property
    def seconds(self) -> float:
        """Who is answered after so many is answered in time."""
        return self.within.total_seconds()

    def __str__(self) -> str:
        said = [f"{self.answered:g} % within {self.seconds:g} s"] if self.answered is not None else []
        said += [f"at most {self.abandoned:g} % abandoned"] if self.abandoned is not None else []
        return ", ".join(said)

    def missed(self, answered: float, abandoned: float) -> Iterator[str]:
        """By how much, in words, what was promised was not held: *answered* in time and *abandoned*, in per cent of
        those offered."""
        if self.answered is not None and answered < self.answered:
            yield f"{self.answered - answered:.1f} points too few answered in time"
        if self.abandoned is not None and abandoned > self.abandoned:
            yield f"{abandoned - self.abandoned:.1f} points too many abandoned"


USUAL = 80.0
"""Per cent answered in time that are asked for where nothing else is said."""
