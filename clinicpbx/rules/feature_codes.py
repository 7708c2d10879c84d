"""Every feature code that can be dialled, with what may follow it."""

from collections.abc import Iterator
from dataclasses import dataclass

from clinicpbx.rules.document import Document

SUPERVISING = ("listen", "whisper", "barge")
WITH_MORE = ("dispose", "count", *SUPERVISING)
"""Codes that mean nothing alone."""


@dataclass(frozen=True, slots=True)
class FeatureCode:
    """*dialled* enters the flow of *code*, about *argument*: a queue, a reason, a disposition or a phone, or ""."""

    dialled: str
    code: str
    argument: str = ""


def feature_codes(document: Document) -> Iterator[FeatureCode]:
    """Those of the document, in the order of its codes."""
    numbers = dict(document.codes)
    queues = {number: internal.queue for number, internal in document.extensions.items() if internal.queue}
    supervised = any(phone.supervises for phone in document.phones.values())
    agents = {agent.phone: agent.phone for agent in document.agents.values()} if supervised else {}
    after = {
        "login": queues,
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
