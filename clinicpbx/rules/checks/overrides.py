"""Overrides name what there is, and their plans make sense."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from itertools import pairwise

from clinicpbx.errors import Mistake
from clinicpbx.rules.checks import CHECKS
from clinicpbx.rules.flows import Draft
from clinicpbx.rules.places import perhaps


@CHECKS.register("overrides")
def overrides(draft: Draft) -> Iterator[Mistake]:
    document = draft.document
    today = datetime.combine(draft.today, time(0)) - timedelta(days=1)
    for name, override in document.overrides.items():
        path = ("overrides", name)
        if override.flow is not None and override.flow not in document.flows:
            near = perhaps(override.flow, document.flows)
            yield draft.mistake((*path, "flow"), f"no flow is named {override.flow!r}{near}")
        for number in override.dids:
            if number not in document.dids:
                near = perhaps(number, document.dids)
                yield draft.mistake((*path, "dids", number), f"no DID is {number!r}{near}")
        for before, after in pairwise(sorted(override.during, key=lambda planned: planned.from_)):
            if after.from_ < before.to:
                yield draft.mistake((*path, "during"), f"is planned twice at {after.from_:%Y-%m-%d %H:%M}")
        for place, planned in enumerate(override.during):
            if planned.to < today:
                yield draft.warning((*path, "during", str(place)), "is over; remove it")
