"""Two calls under one id: Asterisk gives an id again where it was started anew and its clock had been set back."""

from collections.abc import Sequence
from dataclasses import dataclass

from clinicpbx.core.records.rows import CdrRow, CelRow, Fact


@dataclass(frozen=True, slots=True)
class Life:
    """The rows of one of them; *cdr* are those of all. *over*: another followed, so none of its channels lives."""

    cdr: Sequence[CdrRow]
    cel: Sequence[CelRow]
    facts: Sequence[Fact]
    over: bool


def lives(cdr: Sequence[CdrRow], cel: Sequence[CelRow], facts: Sequence[Fact]) -> list[Life]:
    """The rows, in the order they were written, one after the other; nearly always there is one life.

    A life begins where the first channel of a group starts again. The clock tells nothing of the order, but the daemon
    says of each call that it arrived and that it ended. CDRs are not told apart: channel events say more.
    """
    starts = [n for n, row in enumerate(cel) if row.kind == "CHAN_START" and row.uniqueid == row.linkedid]
    first = {cel[n].uniqueid: n for n in reversed(starts)}
    cuts = [n for n in starts if n != first[cel[n].uniqueid]]
    if not cuts:
        return [Life(cdr, cel, facts, over=False)]
    parts = [cel[a:b] for a, b in zip([0, *cuts], [*cuts, len(cel)], strict=True)]
    told = _told(facts, len(parts))
    return [Life(cdr, part, told[n], over=n < len(parts) - 1) for n, part in enumerate(parts)]


def _told(facts: Sequence[Fact], count: int) -> list[list[Fact]]:
    """A call that arrives after it ended is the next; what is told after the last belongs to it."""
    found: list[list[Fact]] = [[] for _ in range(count)]
    n, ended = 0, False
    for fact in facts:
        if fact.kind == "arrived" and ended and n < count - 1:
            n, ended = n + 1, False
        ended = ended or fact.kind == "ended"
        found[n].append(fact)
    return found
