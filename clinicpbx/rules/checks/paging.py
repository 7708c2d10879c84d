"""Whoever is paged can be, and their outcomes are said."""

from collections.abc import Iterator

from clinicpbx.core.callflow.steps.triage import EMERGENCY
from clinicpbx.core.oncall.rules import OUTCOMES
from clinicpbx.errors import Mistake
from clinicpbx.rules.checks import CHECKS
from clinicpbx.rules.flows import Draft
from clinicpbx.rules.places import perhaps

SAID = "page-outcomes"


@CHECKS.register("paging")
def paging(draft: Draft) -> Iterator[Mistake]:
    document = draft.document
    for name, rota in document.rotas.items():
        here, page = ("rotas", name, "page"), rota.page
        if page.supervisor is not None and page.supervisor not in document.providers:
            near = perhaps(page.supervisor, document.providers)
            yield draft.mistake((*here, "supervisor"), f"no provider is named {page.supervisor!r}{near}")
        if page.say is not None and page.say not in document.prompts:
            near = perhaps(page.say, document.prompts)
            yield draft.mistake((*here, "say"), f"no prompt is named {page.say!r}{near}")
        if page.outcomes != OUTCOMES and SAID not in document.prompts:
            yield draft.mistake((*here, "outcomes"), f"whoever is paged must hear them: write the prompt {SAID}")
        if not page.outcomes:
            yield draft.mistake((*here, "outcomes"), "names none: no page could be closed by telephone")
    for path, node in draft.nodes():
        if (
            node.kind == "triage"
            and getattr(node.step, "level", "") == EMERGENCY
            and not getattr(node.step, "page", "")
        ):
            problem = "an emergency needs page: the rota that calls back whoever drops out"
            yield draft.mistake((*path, "triage"), problem)
