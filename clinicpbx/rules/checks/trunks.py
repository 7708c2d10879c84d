"""Calls can leave the house, even when one carrier fails."""

from collections.abc import Iterator

from clinicpbx.errors import Mistake
from clinicpbx.rules.checks import CHECKS
from clinicpbx.rules.flows import Draft


@CHECKS.register("trunks")
def trunks(draft: Draft) -> Iterator[Mistake]:
    document = draft.document
    if len(document.trunks) == 1:
        yield draft.warning(("trunks",), "only one trunk: when it fails, nobody can call in or out")
    if document.outbound is not None and not document.trunks:
        yield draft.mistake(("outbound",), "calls to the outside need a trunk")
    taken: dict[str, str] = {}
    for name, route in document.outbound.routes.items() if document.outbound else ():
        for begins in route.begins:
            if begins in taken:
                problem = f"{begins} is the beginning of {taken[begins]}, too"
                yield draft.mistake(("outbound", "routes", name, "begins"), problem)
            taken.setdefault(begins, name)
    for path, node in draft.nodes():
        if node.kind != "dial":
            continue
        extension, number = getattr(node.step, "extension", ""), getattr(node.step, "number", "")
        if bool(extension) == bool(number):
            yield draft.mistake((*path, "dial"), "needs either extension or number")
        if number and (document.outbound is None or not document.trunks):
            yield draft.mistake((*path, "dial", "number"), "an outside number needs a trunk, and outbound")
