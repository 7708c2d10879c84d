"""Nothing stands between a phone and the emergency number."""

from collections.abc import Iterator

from clinicpbx.errors import Mistake
from clinicpbx.rules.checks import CHECKS
from clinicpbx.rules.checks.numbers import numbers_in_use
from clinicpbx.rules.flows import Draft

EMERGENCY = "911"


@CHECKS.register("emergency")
def emergency(draft: Draft) -> Iterator[Mistake]:
    """47 CFR 9.16 (Kari's Law): dialled without prefix, and somebody in the house is told."""
    document = draft.document
    dialled = document.emergency.dialled
    for path, number in numbers_in_use(document):
        for form in dialled:
            digits = number.lstrip("+")
            if digits == form or (not number.startswith("+") and (form.startswith(number) or number.startswith(form))):
                yield draft.mistake(path, f"{number} stands in the way of the emergency number {form}")
                break
    if EMERGENCY not in document.emergency.numbers and "US" in _countries(draft):
        yield draft.mistake(("emergency", "numbers"), f"must include {EMERGENCY}")
    if document.phones and not document.emergency.notify:
        yield draft.warning(("emergency",), "notify names no phone; somebody in the house must learn of a 911 call")
    if document.phones and not document.trunks:
        yield draft.warning(("emergency",), "no trunk: emergency calls cannot leave the house")


def _countries(draft: Draft) -> set[str]:
    return {location.address.country for location in draft.document.locations.values()}
