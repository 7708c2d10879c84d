"""A number that goes live in phases sends its calls somewhere else than to itself."""

from collections.abc import Iterator

from clinicpbx.errors import Mistake
from clinicpbx.rules.checks import CHECKS
from clinicpbx.rules.flows import Draft
from clinicpbx.rules.places import perhaps


@CHECKS.register("phases")
def phases(draft: Draft) -> Iterator[Mistake]:
    document = draft.document
    for number, did in document.dids.items():
        if (phase := did.phase) is None:
            continue
        path = ("dids", number, "phase")
        if phase.number in document.dids:
            problem = f"{phase.number} is a number of this clinic: the call would come back"
            yield draft.mistake((*path, "number"), problem)
        elif phase.number and (document.outbound is None or not document.trunks):
            yield draft.mistake((*path, "number"), "an outside number needs a trunk, and outbound")
        if phase.extension and phase.extension not in document.phones:
            near = perhaps(phase.extension, document.phones)
            yield draft.mistake((*path, "extension"), f"no phone is named {phase.extension!r}{near}")
        if phase.hours and phase.hours not in document.hours:
            near = perhaps(phase.hours, document.hours)
            yield draft.mistake((*path, "hours"), f"no hours is named {phase.hours!r}{near}")
