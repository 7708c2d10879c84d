"""Every feature code that can be dialled, with what may follow it."""

from collections.abc import Iterator
from dataclasses import dataclass

from clinicpbx.rules.document import Document

SUPERVISING = ("listen", "whisper", "barge")
WITH_MORE = ("dispose", "count", "mode", *SUPERVISING)
"""Codes that mean nothing alone."""


@dataclass(frozen=True, slots=True)
class FeatureCode:
    """*dialled* enters the flow of *code*, about *argument*: a queue, a reason, a disposition, a phone, the number of
    an agent, or ""."""

    dialled: str
    code: str
    argument: str = ""


def agent_numbers(document: Document) -> dict[str, str]:
    """Number → the agent who logs in by it at any phone."""
    return {agent.number: name for name, agent in document.agents.items() if agent.number}


def desks(document: Document) -> list[str]:
    """The phones where agents may work: their own, and every one where agents have numbers."""
    own = (agent.phone for agent in document.agents.values() if agent.phone in document.phones)
    return list(dict.fromkeys([*filter(None, own), *(document.phones if agent_numbers(document) else ())]))


def feature_codes(document: Document) -> Iterator[FeatureCode]:
    """Those of the document, in the order of its codes."""
    numbers = dict(document.codes)
    queues = {number: internal.queue for number, internal in document.extensions.items() if internal.queue}
    supervised = {queue for phone in document.phones.values() for queue in phone.supervises}
    agents = {phone: phone for phone in desks(document)} if supervised else {}
    after = {
        "login": queues | {number: number for number in agent_numbers(document)},
        "mode": {number: queue for number, queue in queues.items() if queue in supervised},
        "pause": document.pause_reasons,
        "dispose": document.dispositions,
        "count": queues,
        **dict.fromkeys(SUPERVISING, agents),
    }
    for code, number in numbers.items():
        if code not in WITH_MORE:
            yield FeatureCode(number, code)
        for digits, argument in after.get(code, {}).items():
            yield FeatureCode(number + digits, code, argument)
