"""What is known of callers' earlier calls: how many of late, who talked with them, and which place they lost.

Callers are known by a keyed digest of their number: what is kept says of nobody who called, but to whoever has the key
and the number.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from clinicpbx.core.commands import JoinQueue
from clinicpbx.core.events import NOTHING_EARLIER, Earlier
from clinicpbx.private import Private

LATELY = timedelta(hours=1)
KEPT = timedelta(days=30)
MOST_TIMES = 50  # of one caller in an hour: a machine that dials us over and over


@dataclass(frozen=True, slots=True)
class Known:
    """One caller. *times*: of the calls of the last hour. The rest as in Earlier."""

    tag: str
    times: tuple[datetime, ...] = ()
    agent: str = ""
    queue: str = ""
    lost: datetime | None = None
    ended: datetime | None = None

    @property
    def last(self) -> datetime:
        return max(filter(None, (*self.times, self.ended)))


class Callers:
    """*digest* makes a number its tag; *keep* is told of every change, for the next start."""

    def __init__(
        self, digest: Callable[[str], str], keep: Callable[[Known], None], known: Iterable[Known] = ()
    ) -> None:
        self._digest, self._keep = digest, keep
        self._known = {each.tag: each for each in known}
        self._taken: dict[str, tuple[str, ...]] = {}  # call -> the queues in which an agent took it

    def arrived(self, number: Private[str] | None, at: datetime) -> Earlier:
        """What is known of the caller who calls now; from now on this call counts, too."""
        if (tag := self._tag(number)) == "":
            return NOTHING_EARLIER
        known = self._known.get(tag, Known(tag))
        times = tuple(time for time in known.times if at - time <= LATELY)[-MOST_TIMES:]
        earlier = Earlier(len(times), known.agent, known.queue, known.lost, known.ended)
        self._put(replace(known, times=(*times, at), queue="", lost=None))  # a place is given back once
        return earlier

    def taken(self, call: str, queue: str) -> None:
        """An agent of *queue* talks with the caller, who may be sent back to it."""
        self._taken[call] = (*self._taken.get(call, ()), queue)

    def queues(self, call: str) -> tuple[str, ...]:
        """Where an agent took *call* before."""
        return self._taken.get(call, ())

    def gone(self, call: str) -> None:
        """The caller's channel is gone for good."""
        self._taken.pop(call, None)

    def ended(self, number: Private[str] | None, at: datetime, agent: str, lost: JoinQueue | None) -> None:
        """The call is over. *agent* talked with the caller; *lost*: the place given up by hanging up."""
        known = self._known.get(self._tag(number))
        if known is None:
            return
        known = replace(known, ended=at, agent=agent or known.agent)
        self._put(replace(known, queue=lost.queue, lost=lost.since) if lost is not None else known)

    def prune(self, at: datetime) -> None:
        """Forget whom nothing was heard of for KEPT."""
        self._known = {tag: known for tag, known in self._known.items() if at - known.last <= KEPT}

    def _tag(self, number: Private[str] | None) -> str:
        digits = "".join(filter(str.isdigit, number.value)) if number is not None else ""
        return self._digest(digits) if digits else ""

    def _put(self, known: Known) -> None:
        self._known[known.tag] = known
        self._keep(known)
