"""Every DID has an owner while the daemon does not answer."""

from collections.abc import Iterator

from clinicpbx.errors import Mistake
from clinicpbx.rules.checks import CHECKS
from clinicpbx.rules.flows import Draft


@CHECKS.register("fallback")
def fallback(draft: Draft) -> Iterator[Mistake]:
    for number, did in draft.document.dids.items():
        if did.fallback is None:
            yield draft.mistake(("dids", number), "needs fallback: what its calls get while ClinicPBX does not answer")
        elif did.fallback.queue is None:
            yield draft.warning(("dids", number, "fallback"), "names no queue: its callers only leave a message")
