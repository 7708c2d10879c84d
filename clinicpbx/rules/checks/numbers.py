"""No number means two things."""

from collections.abc import Iterator

from clinicpbx.errors import Mistake
from clinicpbx.rules.checks import CHECKS
from clinicpbx.rules.document import Document
from clinicpbx.rules.feature_codes import feature_codes
from clinicpbx.rules.flows import Draft
from clinicpbx.rules.places import Path


def numbers_in_use(document: Document) -> Iterator[tuple[Path, str]]:
    """Every number that can be dialled, by itself or after a code, and where it is given."""
    for section in ("phones", "extensions", "dids"):
        yield from (((section, number), number) for number in getattr(document, section))
    for name, mailbox in document.mailboxes.items():
        if mailbox.number is not None:
            yield ("mailboxes", name, "number"), mailbox.number
    for name, agent in document.agents.items():
        if agent.number is not None:
            yield ("agents", name, "number"), agent.number
    for each in feature_codes(document):
        yield ("codes", each.code), each.dialled


@CHECKS.register("numbers")
def numbers(draft: Draft) -> Iterator[Mistake]:
    first: dict[str, Path] = {}
    for path, number in numbers_in_use(draft.document):
        if number in first:
            place = draft.places.of(first[number])
            yield draft.mistake(path, f"{number} is used twice; first by {'.'.join(first[number])} ({place})")
        first.setdefault(number, path)
