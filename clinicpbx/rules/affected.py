"""Which of the numbers that patients dial a part of the rules concerns."""

from collections.abc import Iterable, Iterator
from functools import cached_property

from clinicpbx.rules.document import Document, FlowRule, StepRule
from clinicpbx.rules.places import Path
from clinicpbx.rules.steps import first_option

Part = tuple[str, str]
"""A section and a name in it."""

SECTIONS = {
    "hours": "hours",
    "queue": "queues",
    "mailbox": "mailboxes",
    "category": "categories",
    "prompt": "prompts",
    "greeting": "prompts",
    "extension": "phones",
    "rota": "rotas",
    "speciality": "specialities",
}


class Reach:
    """What the DIDs of one document lead to."""

    def __init__(self, document: Document) -> None:
        self._document = document

    @cached_property
    def dids(self) -> dict[str, frozenset[Part]]:
        """DID → every part that its calls may meet."""
        return {number: frozenset(self._of(number)) for number in self._document.dids}

    def _of(self, number: str) -> Iterator[Part]:
        did = self._document.dids[number]
        yield "dids", number
        yield "flows", did.flow
        if flow := self._document.flows.get(did.flow):
            yield from self._with_people(_used(flow))
        for name, override in self._document.overrides.items():
            if number in (override.dids or self._document.dids):
                yield "overrides", name
        if did.phase and did.phase.hours:
            yield "hours", did.phase.hours
        if spare := did.fallback:
            written = (("queues", spare.queue), ("mailboxes", spare.mailbox), ("hours", spare.hours))
            yield from self._with_people((section, name) for section, name in written if name)

    def _with_people(self, parts: Iterable[Part]) -> Iterator[Part]:
        for part in parts:
            yield part
            if part[0] == "queues":
                for name, agent in self._document.agents.items():
                    if part[1] in agent.queues:
                        yield "agents", name
                        if agent.phone:
                            yield "phones", agent.phone
            for name in self._providers(part):
                yield "providers", name

    def _providers(self, part: Part) -> Iterator[str]:
        section, wanted = part
        if section == "rotas" and (rota := self._document.rotas.get(wanted)):
            yield from (who for shift in rota.shifts for who in (shift.who, shift.backup) if who)
        if section == "specialities":
            yield from (name for name, one in self._document.providers.items() if wanted in one.specialities)


def _used(flow: FlowRule) -> Iterator[Part]:
    for rule in flow.steps.values():
        for option, value in _options(rule):
            if option in SECTIONS:
                yield SECTIONS[option], value


def _options(rule: StepRule) -> Iterator[tuple[str, str]]:
    if isinstance(rule.options, str):
        yield first_option(rule.kind) or "", rule.options
    else:
        yield from ((key, value) for key, value in rule.options.items() if isinstance(value, str))


def affected(path: Path, *reaches: Reach) -> list[str]:
    """The DIDs that the part at *path* concerns in any of the documents."""
    found = {number for reach in reaches for number, parts in reach.dids.items() if path[:2] in parts}
    return sorted(found)
