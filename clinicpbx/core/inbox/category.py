"""What the clinic promises for each kind of request."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

SHORT = timedelta(seconds=5)
OUTCOMES = ("reached", "not-reached", "done", "no-action")


@dataclass(frozen=True, slots=True)
class Category:
    """*due*: how long it may take, counted while the hours named *hours* are open; "": around the clock.

    *queue*: whose agents see to it; "": of the queue in which the patient waited. *mailboxes*, *queues*: messages in
    these and calls to those are of it, unless the call says otherwise. *escalate*: who is told of what is overdue.
    """

    name: str
    title: str
    due: timedelta = timedelta(hours=4)
    hours: str = ""
    queue: str = ""
    mailboxes: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    priority: int = 0
    outcomes: tuple[str, ...] = OUTCOMES
    escalate: tuple[str, ...] = ()


MESSAGE, ABANDONED, CALLBACK = "message", "abandoned", "callback"
TITLES = {MESSAGE: "Message", ABANDONED: "Gave up waiting", CALLBACK: "Asked to be called back"}
OF_KIND = {"voicemail": MESSAGE, "abandoned": ABANDONED, "interrupted": ABANDONED, "callback": CALLBACK}
"""The category of a contact of which nothing more is known."""
GENERAL = frozenset(TITLES)
"""Categories that say how the patient was missed, not what for."""


def with_general(written: Mapping[str, Category], hours: str = "") -> dict[str, Category]:
    """*written*, and the general categories it leaves out, due in *hours*."""
    return {**{name: Category(name, title, hours=hours) for name, title in TITLES.items()}, **written}


def category_of(categories: Mapping[str, Category], kind: str, said: str, mailbox: str, queue: str) -> str:
    """The category of a contact of *kind*: *said* in the call, else of its mailbox, its queue, or its kind."""
    if said in categories:
        return said
    for category in categories.values():
        if (mailbox and mailbox in category.mailboxes) or (queue and not mailbox and queue in category.queues):
            return category.name
    return OF_KIND.get(kind, "")


def compatible(one: str, other: str) -> bool:
    """Whether contacts of these categories may be about the same need."""
    return one == other or not specific(one) or not specific(other)


def specific(category: str) -> bool:
    """Whether it says what the patient wants."""
    return category != "" and category not in GENERAL
