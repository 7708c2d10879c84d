"""Contacts become items: one for each need of a number, closed by itself where the patient was answered after all."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from clinicpbx.core.inbox.category import ABANDONED, Category, compatible, specific
from clinicpbx.core.inbox.contact import TAKEN_OVER, Contact
from clinicpbx.core.inbox.due import due_at
from clinicpbx.core.inbox.item import Item
from clinicpbx.core.rulebook import Rulebook

ANSWERED, CALLED_BACK, JOINED = "answered", "called-back", "joined"
"""Outcomes of items that close by themselves; the last: its call turned out to be part of another."""


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of an item's history; *text* holds nothing about the patient."""

    item: int
    at: datetime
    kind: str
    text: str = ""


@dataclass(slots=True)
class Merge:
    """Takes contacts in the order of their ends. Taking one again, changed or not, leads to what taking it once would.

    *items*: the open ones of the numbers concerned, and those that hold a contact that comes again. *talked*: when each
    number was last answered.
    """

    book: Rulebook
    items: dict[int, Item] = field(default_factory=dict)
    talked: Mapping[str, datetime] = field(default_factory=dict)
    happened: list[Happened] = field(default_factory=list)
    _known: dict[str, dict[int, None]] = field(default_factory=dict)
    """By number and by call, in which items they are or were."""

    def __post_init__(self) -> None:
        for item in self.items.values():
            self._keep(item)

    def take(self, contact: Contact) -> None:
        """Puts *contact* into the item it belongs to, or into a new one if it needs somebody."""
        holding = self._holding(contact.call)
        if holding is not None:
            self._again(holding, contact)
        elif (fitting := self._fitting(contact)) is not None:
            self._add(fitting, contact)
        elif contact.need and not contact.settled:
            self._open(contact)
        if contact.paged:
            self._paged(contact)

    def _near(self, names: Iterable[str]) -> Iterator[Item]:
        """The items that may have one of *names*, a call's or a number."""
        return (self.items[id] for id in {id: None for name in names for id in self._known.get(name, ())})

    def _holding(self, call: str) -> Item | None:
        return next((item for item in self._near([call]) if any(one.call == call for one in item.contacts)), None)

    def _keep(self, item: Item) -> None:
        self.items[item.id] = item
        for name in (*item.numbers, *(one.call for one in item.contacts)):
            self._known.setdefault(name, {})[item.id] = None

    def _paged(self, contact: Contact) -> None:
        """Whoever on call accepted it has the item, if nobody has; what they say came of it closes it."""
        item = self._holding(contact.call)
        if item is None or not item.open:
            return
        held = next(one for one in item.contacts if one.call == contact.call)
        if held.settled:
            return
        if not item.owner:
            item = replace(item, owner=contact.paged)
            self._put(item, contact.at, "claimed", contact.paged)
        if contact.outcome:
            settled = tuple(replace(one, settled=True) if one is held else one for one in item.contacts)
            item = replace(item, contacts=settled)
            self._keep(item)
            if not item.waiting:
                closed = max(contact.at, item.opened)
                self._put(replace(item, closed=closed, outcome=contact.outcome), closed, "closed", contact.outcome)

    def withdraw(self, call: str, at: datetime) -> None:
        """The call has no record of its own any more: it was part of another."""
        for item in list(self.items.values()):
            for contact in item.contacts:
                if contact.call == call and contact.kind != JOINED:
                    gone = replace(contact, kind=JOINED, at=at, settled=True, talked_at=None)
                    self._again(item, gone)

    def _fitting(self, contact: Contact) -> Item | None:
        """The open item of a number of the contact's and, best, the same category; else the one touched last."""
        fits = (
            item
            for item in self._near(contact.numbers)
            if item.open and contact.numbers & item.numbers and compatible(item.category, contact.category)
        )
        return max(fits, key=lambda item: (item.category == contact.category, item.touched, item.id), default=None)

    def _open(self, contact: Contact) -> None:
        category = self._category(contact.category)
        item = Item(
            id=-len(self.items),
            number=contact.given if contact.given.value else contact.number,
            category=category.name,
            opened=contact.at,
            due=self._due(category, contact.at),
            touched=contact.at,
            language=contact.language,
            queue=category.queue or contact.queue,
            priority=category.priority,
            contacts=(contact,),
        )
        self._put(item, contact.at, "opened", contact.kind)
        later = self.talked.get(contact.number.value)
        if later is not None and later > contact.at:
            self._settle(item, replace(contact, talked_at=later), news=False)

    def _add(self, item: Item, contact: Contact) -> None:
        taken_over = (old for old in item.contacts if _is_that_call(old, contact))
        old = next(taken_over, None) if contact.kind == "called" else None
        kept = tuple(one for one in item.contacts if one is not old)
        grown = replace(item, contacts=(*kept, contact), touched=max(item.touched, contact.at))
        grown = _told(grown, contact)
        if contact.incoming:
            grown = replace(grown, language=contact.language or item.language)
        if contact.need and not contact.settled:
            grown = self._joined(grown, contact)
        self._put(grown, contact.at, "contact", contact.kind)
        self._settle(grown, contact, news=False)

    def _joined(self, item: Item, contact: Contact) -> Item:
        """The *item* with another need in it: what the patient wants, and the earlier due time and higher priority."""
        category = self._category(contact.category)
        named = specific(contact.category) and not specific(item.category)
        return replace(
            item,
            category=category.name if named else item.category,
            queue=category.queue or item.queue if named else item.queue or contact.queue,
            due=min(item.due, self._due(category, contact.at)),
            priority=max(item.priority, category.priority),
        )

    def _again(self, item: Item, contact: Contact) -> None:
        """*contact* as its rows say now: some came late."""
        old = next(one for one in item.contacts if one.call == contact.call)
        contact = replace(contact, number=old.number)
        item = _told(item, contact)
        self._keep(item)
        if old.kind == contact.kind and old.settled:
            contact = replace(contact, settled=True)
        if contact == old:
            return
        changed = replace(item, contacts=tuple(contact if one is old else one for one in item.contacts))
        if contact.need and not contact.settled:
            changed = self._joined(changed, contact)
        self._put(changed, contact.at, "contact", " ".join(filter(None, (contact.kind, contact.state))))
        if not item.open and old.kind != contact.kind and not contact.settled:
            reopened = replace(changed, closed=None, outcome="", owner="", escalated=None)
            self._put(reopened, contact.at, "reopened", contact.kind)
        else:
            self._settle(changed, contact, news=not old.settled and contact.settled)

    def _settle(self, item: Item, contact: Contact, *, news: bool) -> None:
        """Whoever talked with somebody needs nobody any more for what came before, but for messages.

        *news*: a contact of the item was settled just now. One that a person opened again stays open without.
        """
        at = contact.talked_at
        settled = tuple(
            replace(one, settled=True) if at is not None and one.at <= at and one.kind != "voicemail" else one
            for one in item.contacts
        )
        news = news or settled != item.contacts
        item = replace(item, contacts=settled)
        self._keep(item)
        if item.open and news and not item.waiting:
            outcome, closed = _outcome(settled), max(at or contact.at, item.opened)
            self._put(replace(item, closed=closed, outcome=outcome), closed, "closed", outcome)

    def _category(self, name: str) -> Category:
        categories = self.book.categories
        return categories.get(name) or categories[ABANDONED]

    def _due(self, category: Category, since: datetime) -> datetime:
        return due_at(since, category.due, self.book.hours.get(category.hours))

    def _put(self, item: Item, at: datetime, kind: str, text: str) -> None:
        self._keep(item)
        self.happened.append(Happened(item.id, at, kind, text))


def merged(book: Rulebook, items: Iterable[Item], talked: Mapping[str, datetime], contacts: Iterable[Contact]) -> Merge:
    """*items* after *contacts*, taken in the order of their ends."""
    merge = Merge(book, {item.id: item for item in items}, talked)
    for contact in sorted(contacts, key=lambda one: (one.at, one.call)):
        merge.take(contact)
    return merge


def _told(item: Item, contact: Contact) -> Item:
    """The *item* with the number that its last contact asks to be called at."""
    latest = max((one.at for one in item.contacts if one.need), default=contact.at)
    return replace(item, number=contact.given) if contact.given.value and contact.at >= latest else item


def _is_that_call(old: Contact, contact: Contact) -> bool:
    """Whether the attempt *old* that somebody noted is the call that is now on record."""
    return old.kind == "tried" and old.at <= contact.at <= old.at + TAKEN_OVER


def _outcome(contacts: Iterable[Contact]) -> str:
    last = max((one for one in contacts if one.settled), key=lambda one: (one.talked, one.at))
    return {"answered": ANSWERED, "callback": CALLED_BACK, JOINED: JOINED}.get(last.kind, ANSWERED)
