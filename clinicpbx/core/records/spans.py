"""Stretches of time: joined, cut with each other, measured."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

Span = tuple[datetime, datetime]


def joined(spans: Iterable[Span]) -> list[Span]:
    """*spans* in order, none overlapping another; one that ends before it begins is left out."""
    ordered = sorted(spans)
    if len(ordered) == 1:  # as in most calls
        return [span for span in ordered if span[0] <= span[1]]
    found: list[Span] = []
    for since, until in ordered:
        if until < since:
            continue
        if found and since <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], until)
        else:
            found.append((since, until))
    return found


def common(some: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """The time that is in one of *some* and in one of *others*."""
    pairs = ((max(a[0], b[0]), min(a[1], b[1])) for a in some for b in others)
    return joined(pair for pair in pairs if pair[0] < pair[1])


def total(spans: Iterable[Span]) -> timedelta:
    """The time covered by *spans*, overlaps counted once."""
    return sum((until - since for since, until in joined(spans)), timedelta())
