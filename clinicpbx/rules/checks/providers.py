"""Providers can be rung, and speak languages the clinic has."""

from collections.abc import Collection, Iterator

from clinicpbx.errors import Mistake
from clinicpbx.rules.checks import CHECKS
from clinicpbx.rules.flows import Draft
from clinicpbx.rules.places import perhaps


@CHECKS.register("providers")
def providers(draft: Draft) -> Iterator[Mistake]:
    document = draft.document
    for name, provider in document.providers.items():
        path = ("providers", name)
        uses: list[tuple[str, str | None, Collection[str]]] = [
            ("site", provider.site, document.sites),
            ("phone", provider.phone, document.phones),
            *(("languages", language, document.languages) for language in provider.languages),
        ]
        for option, value, known in uses:
            if value is not None and value not in known:
                yield draft.mistake((*path, option), f"there is no {value!r}{perhaps(value, known)}")
        if provider.mobile and (document.outbound is None or not document.trunks):
            yield draft.mistake((*path, "mobile"), "an outside number needs a trunk, and outbound")
    had = {speciality for provider in document.providers.values() for speciality in provider.specialities}
    for step, node in draft.nodes():
        wanted = getattr(node.step, "speciality", None)
        if wanted is not None and wanted not in had:
            yield draft.mistake((*step, node.kind, "speciality"), f"no provider has {wanted!r}{perhaps(wanted, had)}")
