"""Every number has an owner when nobody answers it."""

from collections.abc import Iterator

from clinicpbx.errors import Mistake
from clinicpbx.rules.checks import CHECKS
from clinicpbx.rules.flows import Draft, backup


@CHECKS.register("fallback")
def fallback(draft: Draft) -> Iterator[Mistake]:
    for number, did in draft.document.dids.items():
        if did.fallback is None:
            yield draft.mistake(("dids", number), "needs fallback: what its calls get while ClinicPBX does not answer")
        elif did.fallback.queue is None:
            yield draft.warning(("dids", number, "fallback"), "names no queue: its callers only leave a message")
    for number, internal in draft.document.extensions.items():
        if internal.queue is not None and not backup(draft.document, internal):
            wanted = "needs mailbox: what patients get who are transferred here and whom nobody answers"
            yield draft.mistake(("extensions", number), wanted)
