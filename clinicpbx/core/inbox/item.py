"""One need of one patient, from the first contact to its outcome."""

from dataclasses import dataclass
from datetime import datetime

from clinicpbx.core.inbox.contact import Contact
from clinicpbx.private import Private


@dataclass(frozen=True, slots=True)
class Item:
    """*id*: not above 0 until it is stored. *number*: whom to call. *queue*: whose agents see to it.

    *owner*: the one person on it, or "".

    *due*: when it must be closed; *escalated*: when somebody was told that it was not. *closed* and *outcome*: None and
    "" while it is open.
    """

    id: int
    number: Private[str]
    category: str
    opened: datetime
    due: datetime
    touched: datetime
    language: str = ""
    queue: str = ""
    priority: int = 0
    owner: str = ""
    closed: datetime | None = None
    outcome: str = ""
    escalated: datetime | None = None
    contacts: tuple[Contact, ...] = ()

    @property
    def open(self) -> bool:
        return self.closed is None

    @property
    def numbers(self) -> frozenset[str]:
        """Those by which the patient is known: the one to call, and those of the contacts."""
        return frozenset({self.number.value}).union(*(contact.numbers for contact in self.contacts)) - {""}

    @property
    def waiting(self) -> bool:
        """Whether a contact of it still needs somebody."""
        return any(contact.need and not contact.settled for contact in self.contacts)
