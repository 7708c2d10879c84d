"""What a phone says about the item of the inbox that a message belongs to."""

from collections.abc import Sequence

from clinicpbx.core.commands import Media
from clinicpbx.core.events import ItemWorked
from clinicpbx.core.inbox.category import OUTCOMES

ITEM_KEYS = {"1": "claim", "2": "call", "3": "outcomes"}
"""Key, while a message is heard or after it → what is asked of the inbox."""
ANSWERS = ("claimed", "closed", "refused", "none", "away")
ITEM_PROMPTS = frozenset({f"item-{answer}" for answer in ANSWERS} | {"item-outcomes", "item-unreached"})
SPOKEN = frozenset(f"outcome-{name}" for name in OUTCOMES)
"""Outcomes that ClinicPBX has words for; any other is spoken as it is written, unless the clinic gives a prompt."""


def outcome_prompt(outcome: str) -> str:
    return f"outcome-{outcome}"


def outcome_media(outcomes: Sequence[str]) -> tuple[Media, ...]:
    """Each with the key to press."""
    choices = ((f"number:{key}", f"prompt:{outcome_prompt(outcome)}") for key, outcome in enumerate(outcomes, 1))
    return ("prompt:item-outcomes", *(part for choice in choices for part in choice))


def answer_media(worked: ItemWorked) -> tuple[Media, ...]:
    """What became of it."""
    return (f"prompt:item-{worked.answer if worked.answer in ANSWERS else 'away'}",)
