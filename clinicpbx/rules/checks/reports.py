"""Whoever is told of a saved report is a target of notify."""

from collections.abc import Iterator

from clinicpbx.errors import Mistake
from clinicpbx.rules.checks import CHECKS
from clinicpbx.rules.flows import Draft
from clinicpbx.rules.places import perhaps


@CHECKS.register("reports")
def reports(draft: Draft) -> Iterator[Mistake]:
    document = draft.document
    known = document.notify.targets if document.notify else {}
    for name, rule in document.reports.items():
        for target in rule.to:
            if target not in known:
                yield draft.mistake(
                    ("reports", name, "to", target), f"no target of notify is {target!r}{perhaps(target, known)}"
                )
