"""Every mailbox has somebody who learns of its messages."""

from collections.abc import Iterator

from clinicpbx.errors import Mistake
from clinicpbx.rules.checks import CHECKS
from clinicpbx.rules.flows import Draft


@CHECKS.register("mailboxes")
def mailboxes(draft: Draft) -> Iterator[Mistake]:
    document = draft.document
    shown = {mailbox for phone in document.phones.values() for mailbox in (phone.mailbox, *phone.shown)}
    for name in document.mailboxes:
        if name not in shown:
            yield draft.warning(
                ("mailboxes", name), "no phone opens it or shows its lamp: nobody learns of its messages"
            )
