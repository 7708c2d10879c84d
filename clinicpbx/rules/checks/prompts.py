"""Every prompt that is played has a text in every language."""

from collections.abc import Iterator

from clinicpbx.core.callflow.item_words import SPOKEN, outcome_prompt
from clinicpbx.core.callflow.phrases import PHRASES
from clinicpbx.core.callflow.step import STEPS
from clinicpbx.errors import Mistake
from clinicpbx.rules.checks import CHECKS
from clinicpbx.rules.flows import CODES, Draft
from clinicpbx.rules.places import perhaps
from clinicpbx.rules.prompts import ALWAYS


@CHECKS.register("prompts")
def prompts(draft: Draft) -> Iterator[Mistake]:
    document = draft.document
    used = ALWAYS | {name for kind, options in CODES.values() for name in STEPS[kind](**options).prompts()}
    if document.mailboxes:
        used |= STEPS["voicemail"](mailbox=next(iter(document.mailboxes))).prompts()
    used |= {outcome_prompt(one) for category in document.categories.values() for one in category.outcomes} | SPOKEN
    if document.rotas:
        used |= STEPS["page"]().prompts() | STEPS["handover"]().prompts()
        used |= {rota.page.say for rota in document.rotas.values() if rota.page.say is not None}
    for path, node in draft.nodes():
        for name in sorted(node.step.prompts()):
            used |= {name}
            if name not in document.prompts and name not in PHRASES:
                near = perhaps(name, (*document.prompts, *PHRASES))
                option = "greeting" if getattr(node.step, "greeting", "") == name else "prompt"
                yield draft.mistake((*path, node.kind, option), f"no prompt is named {name!r}{near}")
    for name, override in document.overrides.items():
        if override.say is not None:
            used |= {override.say}
            if override.say not in document.prompts:
                near = perhaps(override.say, document.prompts)
                yield draft.mistake(("overrides", name, "say"), f"no prompt is named {override.say!r}{near}")
    for name, queue in document.queues.items():
        if queue.whisper is not None:
            used |= {queue.whisper}
            if queue.whisper not in document.prompts:
                near = perhaps(queue.whisper, document.prompts)
                yield draft.mistake(("queues", name, "whisper"), f"no prompt is named {queue.whisper!r}{near}")
    for name, texts in document.prompts.items():
        if missing := [language for language in document.languages if language not in (texts.keys() | _spoken(name))]:
            yield draft.mistake(("prompts", name), f"has no text in {', '.join(missing)}")
        for language in texts.keys() - document.languages.keys():
            near = perhaps(language, document.languages)
            yield draft.mistake(("prompts", name, language), f"no language is named {language!r}{near}")
        if name not in used:
            yield draft.warning(("prompts", name), "nothing plays this prompt")
    for language in document.languages:
        own = [name for name in sorted(used & PHRASES.keys()) if name not in document.prompts]
        if missing := [name for name in own if language not in PHRASES[name]]:
            problem = f"ClinicPBX has no words of its own in {language!r}; give these prompts: {', '.join(missing)}"
            yield draft.mistake(("languages", language), problem)


def _spoken(name: str) -> set[str]:
    """The languages in which ClinicPBX says *name* itself."""
    return set(PHRASES.get(name, ()))
