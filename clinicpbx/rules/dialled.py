"""What phones can dial at this clinic, as a list for people."""

from collections.abc import Iterator
from dataclasses import dataclass

from clinicpbx.rules.document import Codes, Document
from clinicpbx.rules.feature_codes import SUPERVISING, agent_numbers, feature_codes

PICK_UP = "*8"


@dataclass(frozen=True, slots=True)
class Dialled:
    """*kind*: emergency, code, phone, queue, flow, mailbox or outside."""

    dial: str
    kind: str
    what: str


def dialled(document: Document) -> list[Dialled]:
    """Everything that a phone can dial, emergency numbers first."""
    return [*_emergency(document), *_codes(document), *_inside(document), *_outside(document)]


def _emergency(document: Document) -> Iterator[Dialled]:
    told = ", ".join(document.emergency.notify)
    for number in document.emergency.dialled:
        yield Dialled(
            number, "emergency", f"straight to the carrier; tells {told}" if told else "straight to the carrier"
        )


def _codes(document: Document) -> Iterator[Dialled]:
    numbers = agent_numbers(document)
    for each in feature_codes(document):
        if each.code not in SUPERVISING:
            meant = str(Codes.model_fields[each.code].description)
            if who := numbers.get(each.argument):
                about = f"{who}: Log in at this phone, by PIN."
            else:
                about = f"{each.argument}: {meant}" if each.argument else meant
            yield Dialled(each.dialled, "code", about)
    if any(phone.supervises for phone in document.phones.values()):
        for code in SUPERVISING:
            meant = str(Codes.model_fields[code].description)
            yield Dialled(f"{getattr(document.codes, code)} and an agent's phone", "code", meant)
    if document.phones:
        yield Dialled(f"{PICK_UP} and an extension", "code", "Take the call that rings at that phone.")


def _inside(document: Document) -> Iterator[Dialled]:
    for extension, phone in sorted(document.phones.items()):
        yield Dialled(extension, "phone", phone.name)
    for extension, internal in sorted(document.extensions.items()):
        yield Dialled(extension, "queue" if internal.queue else "flow", internal.queue or str(internal.flow))
    for name, mailbox in document.mailboxes.items():
        if mailbox.number is not None:
            yield Dialled(mailbox.number, "mailbox", f"leave a message for {mailbox.title} ({name})")


def _outside(document: Document) -> Iterator[Dialled]:
    rules = document.outbound
    if rules is None or not document.trunks:
        return
    for kind, spelling in (("local", "a number"), ("international", f"{rules.international_prefix} or + and a number")):
        may = [
            extension for extension, phone in sorted(document.phones.items()) if phone.allow in (kind, "international")
        ]
        if may:
            yield Dialled(spelling, "outside", f"{kind}, from {', '.join(may)}")
    for name, route in rules.routes.items():
        yield Dialled(f"{' or '.join(route.begins)} …", "outside", f"route {name}, for {route.allow}")
