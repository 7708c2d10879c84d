"""What has to be spoken: every prompt of the clinic and of ClinicPBX, in every language."""

from typing import NamedTuple

from clinicpbx.core.callflow.item_words import outcome_prompt
from clinicpbx.core.callflow.phrases import PHRASES
from clinicpbx.rules.document import Document

ALWAYS = frozenset({"fallback-message"})


class PromptText(NamedTuple):
    language: str
    name: str
    text: str


def prompt_texts(document: Document) -> list[PromptText]:
    """Each prompt in each language of the clinic; the clinic's own words win over ClinicPBX's.

    An outcome that neither has words for is spoken as it is written.
    """
    outcomes = {outcome_prompt(one): one.replace("-", " ") for c in document.categories.values() for one in c.outcomes}
    names = dict.fromkeys((*document.prompts, *PHRASES, *outcomes))
    own = {name: PHRASES.get(name, {}) for name in names}
    return [
        PromptText(language, name, text)
        for language in document.languages
        for name in names
        if (text := document.prompts.get(name, {}).get(language) or own[name].get(language) or outcomes.get(name))
    ]
