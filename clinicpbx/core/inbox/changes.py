"""What people may do with an item, and what it is afterwards."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from clinicpbx.core.inbox.category import Category
from clinicpbx.core.inbox.due import due_at
from clinicpbx.core.inbox.item import Item
from clinicpbx.core.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class Actor:
    """*name*: of the login or the agent; a supervisor may do what else the owner alone may."""

    name: str
    supervisor: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """The item is the actor's, if it is nobody's."""


@dataclass(frozen=True, slots=True)
class Release:
    """The item is nobody's."""


@dataclass(frozen=True, slots=True)
class Note:
    """Words for colleagues."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """The patient was called; the item is the actor's."""


@dataclass(frozen=True, slots=True)
class Close:
    """Nothing more is to be done; *outcome* is one of the category's."""

    outcome: str


@dataclass(frozen=True, slots=True)
class Reopen:
    """Something is to be done after all, and the time for it begins anew."""


Change = Claim | Release | Note | Call | Close | Reopen


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why it may not be, for people."""

    why: str


def outcomes_of(book: Rulebook, category: str) -> Collection[str]:
    """What items of *category* may be closed with; of one that the rules know no more, what any may."""
    known = book.categories.get(category)
    return known.outcomes if known is not None else Category("", "").outcomes


def changed(item: Item, change: Change, by: Actor, at: datetime, book: Rulebook) -> Item | Refusal:
    """*item* after the *change* that *by* makes *at*."""
    if isinstance(change, Note):
        return item if change.text.strip() else Refusal("a note needs words")
    if isinstance(change, Reopen):
        return Refusal("is open") if item.open else _reopened(item, at, book)
    if item.closed is not None:
        return Refusal(f"is closed: {item.outcome}")
    others = item.owner not in ("", by.name)
    match change:
        case Claim():
            return Refusal(f"is claimed by {item.owner}") if item.owner else replace(item, owner=by.name)
        case Release() if not item.owner:
            return Refusal("is nobody's")
        case Release() | Call() | Close() if others and not by.supervisor:
            return Refusal(f"is claimed by {item.owner}; the owner or a supervisor may do that")
        case Release():
            return replace(item, owner="")
        case Call() if not item.number.value:
            return Refusal("has no number")
        case Call():
            return replace(item, owner=item.owner or by.name, touched=at)
        case Close(outcome=outcome) if outcome not in (known := outcomes_of(book, item.category)):
            return Refusal(f"{outcome!r} is no outcome of {item.category}: {', '.join(known)}")
        case Close(outcome=outcome):
            done = tuple(replace(contact, settled=True) for contact in item.contacts)
            return replace(item, owner=item.owner or by.name, closed=at, outcome=outcome, contacts=done)
    raise TypeError(change)


def _reopened(item: Item, at: datetime, book: Rulebook) -> Item:
    category = book.categories.get(item.category)
    length, hours = (category.due, category.hours) if category is not None else (timedelta(0), "")
    due = due_at(at, length, book.hours.get(hours))
    return replace(item, closed=None, outcome="", owner="", due=due, touched=at, escalated=None)
