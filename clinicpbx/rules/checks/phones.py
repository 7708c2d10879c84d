"""Every phone has a place where help can be sent to."""

from collections.abc import Iterator

from clinicpbx.errors import Mistake
from clinicpbx.rules.checks import CHECKS
from clinicpbx.rules.flows import Draft


@CHECKS.register("phones")
def phones(draft: Draft) -> Iterator[Mistake]:
    """A dispatchable location is required by 47 CFR 9.16 (RAY BAUM's Act, section 506)."""
    for extension, phone in draft.document.phones.items():
        if phone.location is None:
            yield draft.mistake(("phones", extension), "needs location: where help is sent when it dials 911")
