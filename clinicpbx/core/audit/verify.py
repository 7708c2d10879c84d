"""Whether rows are the log that was written: each as it was, after the one before, and what checkpoints say."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from clinicpbx.core.audit.checkpoint import Checkpoint
from clinicpbx.core.audit.row import FIRST, canonical
from clinicpbx.core.audit.tree import EMPTY, Frontier


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """The first row that is not what it was, and *what* is wrong."""

    seq: int
    what: str


class Chain:
    """Follows the log row by row. *sizes*: at which lengths to keep the root, for the checkpoints of these sizes."""

    def __init__(self, sizes: Iterable[int] = ()) -> None:
        self.seq, self.hash = 0, FIRST
        self.frontier = Frontier()
        self.roots: dict[int, bytes] = {0: EMPTY}
        self.fault: Fault | None = None
        self._sizes = sorted(set(sizes))

    def feed(self, rows: Sequence[Sequence[Any]]) -> Fault | None:
        """Goes on with *rows*, each with the columns of Row in their order; the first fault, at which it stops."""
        start = 0
        while start < len(rows):
            next_size = bisect_left(self._sizes, self.seq + 1)
            end = len(rows)
            if next_size < len(self._sizes):
                end = min(end, start + self._sizes[next_size] - self.seq)
            if (fault := self._run(rows[start:end])) is not None:
                self.fault = fault
                return fault
            if next_size < len(self._sizes) and self.seq == self._sizes[next_size]:
                self.roots[self.seq] = self.frontier.root()
            start = end
        return None

    def _run(self, rows: Sequence[Sequence[Any]]) -> Fault | None:
        seq, last, leaves = self.seq, self.hash, []
        fault = None
        for row in rows:
            number, at, actor, action, object, detail, prev, hash = row
            try:
                leaf = sha256(b"\0" + canonical(number, at, actor, action, object, detail, prev))
            except TypeError:
                leaf = sha256()
            if number != seq + 1 or prev != last or leaf.hexdigest() != hash:
                fault = _fault(seq, last, row, leaf.hexdigest() == hash)
                break
            leaves.append(leaf.digest())
            seq, last = number, hash
        self.frontier.extend(leaves)
        self.seq, self.hash = seq, last
        return fault


def _fault(seq: int, last: str, row: Sequence[Any], whole: bool) -> Fault:
    """Why *row* does not follow row *seq* with the hash *last*; *whole*: its own hash is right."""
    number, prev = row[0], row[6]
    if number > seq + 1:
        gone = f"row {seq + 1} is" if number == seq + 2 else f"rows {seq + 1} to {number - 1} are"
        return Fault(seq + 1, f"{gone} missing")
    if number != seq + 1:
        return Fault(number, "there is a row before the first")
    if whole:
        return Fault(number, f"row {number} does not follow row {seq}: rows were swapped, taken out or put in")
    if prev == last:
        return Fault(number, f"row {number} was changed")
    return Fault(number, f"row {number} is not the one that was written there: swapped or replaced")


def compare(checkpoints: Iterable[Checkpoint], roots: Mapping[int, bytes], seq: int) -> list[Fault]:
    """What *checkpoints* say against a log of *seq* good rows with these *roots*: at most one fault of each kind."""
    known = sorted(checkpoints, key=lambda each: each.size)
    found = []
    longer = [each for each in known if each.size > seq]
    if longer:
        last = longer[-1]
        what = f"the end is missing, or this is an older copy: {last.size} rows were there at {last.at}, now {seq}"
        found.append(Fault(seq + 1, what))
    for each in known:
        if each.size <= seq and roots.get(each.size) != each.root:
            what = (
                f"the first {each.size} rows are not those of the checkpoint of {each.at}: rewritten, or another copy"
            )
            found.append(Fault(each.size, what))
            break
    return sorted(found)
