"""Every category that is used is written, none is the default of the same mailbox or queue twice."""

from collections.abc import Iterator

from clinicpbx.core.inbox.category import TITLES
from clinicpbx.errors import Mistake
from clinicpbx.rules.checks import CHECKS
from clinicpbx.rules.flows import Draft
from clinicpbx.rules.places import perhaps


@CHECKS.register("categories")
def categories(draft: Draft) -> Iterator[Mistake]:
    written = draft.document.categories
    known = {**TITLES, **written}
    for path, node in draft.nodes():
        wanted = getattr(node.step, "category", None)
        if wanted is not None and wanted not in known:
            yield draft.mistake((*path, node.kind, "category"), f"no category is {wanted!r}{perhaps(wanted, known)}")
    for option in ("mailboxes", "queues"):
        owner: dict[str, str] = {}
        for name, category in written.items():
            for one in getattr(category, option):
                if one in owner:
                    yield draft.mistake(("categories", name, option, one), f"{one} is {owner[one]}'s already")
                owner.setdefault(one, name)
