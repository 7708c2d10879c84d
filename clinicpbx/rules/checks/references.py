"""Every name that is used is the name of something."""

from collections.abc import Collection, Iterator

from clinicpbx.errors import Mistake
from clinicpbx.rules.checks import CHECKS
from clinicpbx.rules.flows import Draft
from clinicpbx.rules.places import Path, perhaps

Use = tuple[Path, str | None, str]
"""Where a name is used, the name, and the section it must be in."""

SINGULAR = {
    "flows": "flow",
    "queues": "queue",
    "hours": "hours",
    "mailboxes": "mailbox",
    "phones": "phone",
    "locations": "location",
    "trunks": "trunk",
    "languages": "language",
    "rotas": "rota",
    "sites": "site",
}
OPTIONS = {"hours": "hours", "queue": "queues", "mailbox": "mailboxes", "rota": "rotas", "page": "rotas"}


@CHECKS.register("references")
def references(draft: Draft) -> Iterator[Mistake]:
    for path, name, section in (*_of_lines(draft), *_of_people(draft), *_of_categories(draft), *_of_steps(draft)):
        known: Collection[str] = getattr(draft.document, section)
        if name is not None and name not in known:
            yield draft.mistake(path, f"no {SINGULAR[section]} is named {name!r}{perhaps(name, known)}")


def _of_lines(draft: Draft) -> Iterator[Use]:
    document = draft.document
    for number, did in document.dids.items():
        yield ("dids", number, "flow"), did.flow, "flows"
        yield ("dids", number, "site"), did.site, "sites"
        yield ("dids", number, "language"), did.language, "languages"
        if fallback := did.fallback:
            yield ("dids", number, "fallback", "queue"), fallback.queue, "queues"
            yield ("dids", number, "fallback", "mailbox"), fallback.mailbox, "mailboxes"
            yield ("dids", number, "fallback", "hours"), fallback.hours, "hours"
    for number, internal in document.extensions.items():
        yield ("extensions", number, "queue"), internal.queue, "queues"
        yield ("extensions", number, "mailbox"), internal.mailbox, "mailboxes"
        yield ("extensions", number, "flow"), internal.flow, "flows"
    for name, queue in document.queues.items():
        yield ("queues", name, "site"), queue.site, "sites"
    for name, route in document.outbound.routes.items() if document.outbound else ():
        for trunk in route.trunks:
            yield ("outbound", "routes", name, "trunks", trunk), trunk, "trunks"
    for trunk in document.emergency.trunks:
        yield ("emergency", "trunks", trunk), trunk, "trunks"
    for phone in document.emergency.notify:
        yield ("emergency", "notify", phone), phone, "phones"
    for name, target in document.notify.targets.items() if document.notify else ():
        yield ("notify", "targets", name, "message"), target.message, "phones"


def _of_categories(draft: Draft) -> Iterator[Use]:
    for name, category in draft.document.categories.items():
        yield ("categories", name, "hours"), category.hours, "hours"
        yield ("categories", name, "queue"), category.queue, "queues"
        for mailbox in category.mailboxes:
            yield ("categories", name, "mailboxes", mailbox), mailbox, "mailboxes"
        for queue in category.queues:
            yield ("categories", name, "queues", queue), queue, "queues"


def _of_people(draft: Draft) -> Iterator[Use]:
    document = draft.document
    yield ("clinic", "log_out", "closing"), document.clinic.log_out.closing, "hours"
    for extension, phone in document.phones.items():
        yield ("phones", extension, "location"), phone.location, "locations"
        yield ("phones", extension, "site"), phone.site, "sites"
        yield ("phones", extension, "mailbox"), phone.mailbox, "mailboxes"
        for queue in phone.supervises:
            yield ("phones", extension, "supervises", queue), queue, "queues"
        for lamp in phone.lamps:
            yield ("phones", extension, "lamps", lamp), lamp, "mailboxes"
    for name, agent in document.agents.items():
        yield ("agents", name, "phone"), agent.phone, "phones"
        for queue in agent.queues:
            yield ("agents", name, "queues", queue), queue, "queues"


def _of_steps(draft: Draft) -> Iterator[Use]:
    for path, node in draft.nodes():
        for option, section in OPTIONS.items():
            yield (*path, node.kind, option), getattr(node.step, option, None) or None, section
        if node.kind == "dial":
            yield (*path, "dial", "extension"), getattr(node.step, "extension", None) or None, "phones"
        for phone in getattr(node.step, "phones", ()):
            yield (*path, node.kind, "phones", phone), phone, "phones"
        if node.kind == "language":
            for key, language in getattr(node.step, "keys", {}).items():
                yield (*path, "language", "keys", key), language, "languages"
