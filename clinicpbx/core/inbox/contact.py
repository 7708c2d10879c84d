"""One call of a patient, as far as the inbox is concerned."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from clinicpbx.core.inbox.category import category_of
from clinicpbx.core.records.call_record import NOBODY, Interaction
from clinicpbx.core.rulebook import Rulebook
from clinicpbx.private import Private

NEEDS = frozenset({"voicemail", "abandoned", "callback", "interrupted"})
"""Kinds of contact after which somebody has to do something."""
OUT = frozenset({"called", "tried"})
"""Kinds of contact that we began: a call on record, and one that somebody says was made."""
KINDS = {"voicemail": "voicemail", "callback": "callback", "interrupted": "interrupted", "failed": "interrupted"}
TAKEN_OVER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Contact:
    """*number*: E.164, "" where it is not known. *at*: its end. *settled*: nothing is to be done about it any more.

    *tries*: how often the patient was rung for a call-back. *state*: of a call-back; of an attempt whose call is on
    record, what came of it; of one that is not, who makes it. *talked_at*: when the patient
    talked with somebody because of it. *paged*: who on call accepted it; *outcome*: what they said came of it.
    *given*: the number, E.164, at which the patient wants to be called instead.
    """

    call: str
    kind: str
    at: datetime
    number: Private[str]
    category: str = ""
    language: str = ""
    queue: str = ""
    mailbox: str = ""
    message: str = ""
    settled: bool = False
    tries: int = 0
    state: str = ""
    talked_at: datetime | None = field(default=None, compare=False)
    paged: str = field(default="", compare=False)
    outcome: str = field(default="", compare=False)
    given: Private[str] = field(default=NOBODY, compare=False)

    @property
    def numbers(self) -> frozenset[str]:
        """Those by which the patient is known."""
        return frozenset({self.number.value, self.given.value}) - {""}

    @property
    def need(self) -> bool:
        return self.kind in NEEDS

    @property
    def incoming(self) -> bool:
        return self.kind not in OUT

    @property
    def talked(self) -> bool:
        """Whether the patient talked with somebody."""
        return self.kind == "answered" or (self.kind == "callback" and self.state == "done")


def contacts_of(record: Interaction, number: str, book: Rulebook, given: str = "") -> list[Contact]:
    """What *record* means to the inbox: the attempts that were made in it, else what `contact_of` says.

    *given*: the number that the caller keyed, E.164 or "".
    """
    attempts = [
        Contact(one.id, "called", one.at, Private(""), state=one.result, settled=True) for one in record.attempts
    ]
    one = contact_of(record, number, book)
    return attempts or ([replace(one, given=Private(given))] if one is not None else [])


def contact_of(record: Interaction, number: str, book: Rulebook) -> Contact | None:
    """What *record* means to the inbox; None where no patient is concerned. *number*: the patient's, E.164 or ""."""
    if record.kind == "outbound":
        return Contact(record.call, "called", record.ended, Private(number)) if number else None
    if record.kind != "inbound":
        return None
    gone = record.outcome == "abandoned" and record.answered is None
    short = gone and record.ended - record.started < book.short_abandon
    kind = "short" if short else "interrupted" if record.cut_off else KINDS.get(record.outcome, record.outcome)
    queue = record.queues[-1].queue if record.queues else ""
    category = category_of(book.categories, kind, record.category, record.mailbox, queue)
    return Contact(
        call=record.call,
        kind=kind,
        at=record.ended,
        number=Private(number),
        category=category,
        language=record.language,
        queue=queue,
        mailbox=record.mailbox,
        message=record.message,
        settled=kind not in NEEDS or (kind == "callback" and record.callback == "done"),
        tries=record.tries,
        state=record.callback,
        talked_at=record.ended if kind == "answered" else record.called_back,
        paged=record.paged,
        outcome=record.page_outcome,
    )
