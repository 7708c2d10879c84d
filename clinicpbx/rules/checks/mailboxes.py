"""Every mailbox has somebody who learns of its messages."""

from collections.abc import Iterator

from clinicpbx.errors import Mistake
from clinicpbx.rules.checks import CHECKS
from clinicpbx.rules.flows import Draft, backup


@CHECKS.register("mailboxes")
def mailboxes(draft: Draft) -> Iterator[Mistake]:
    """A mailbox that callers reach is opened by a phone or shows its lamp at one; one that nobody reaches may wait."""
    document = draft.document
    owned = {mailbox for phone in document.phones.values() for mailbox in (phone.mailbox, *phone.shown)}
    reached = {str(getattr(node.step, "mailbox", "")) for _, node in draft.nodes()}
    reached |= {did.fallback.mailbox for did in document.dids.values() if did.fallback}
    reached |= {backup(document, internal) for internal in document.extensions.values()}
    for name, mailbox in document.mailboxes.items():
        if name in owned:
            continue
        if name in reached or mailbox.number:
            wanted = "nobody learns of its messages: name it as mailbox, or in lamps, of a phone"
            yield draft.mistake(("mailboxes", name), wanted)
        else:
            yield draft.warning(("mailboxes", name), "no phone opens it and no call leads to it")
