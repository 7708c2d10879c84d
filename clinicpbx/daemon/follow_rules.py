"""Rules that came into force while nobody could tell the daemon: it hung, or the command was ended."""

import asyncio
from collections.abc import Callable

import structlog

from clinicpbx.daemon.rulebooks import Rulebooks
from clinicpbx.errors import ClinicPBXError

log = structlog.get_logger(__name__)

PAUSE = 5.0
"""Seconds between two looks; an apply that is under way tells us itself, and sooner."""


async def follow_rules(rulebooks: Rulebooks, reload: Callable[[], object], pause: float = PAUSE) -> None:
    """Never ends. Rules that were in force at two looks, and are not ours, are loaded; broken ones are tried once."""
    seen = broken = ""
    while True:
        await asyncio.sleep(pause)
        now = rulebooks.ahead()
        if now and now == seen != broken and not catch_up(rulebooks, reload):
            broken = now
        seen = now


def catch_up(rulebooks: Rulebooks, reload: Callable[[], object]) -> bool:
    """Load what is in force where it is not ours; False where it cannot be used."""
    if rulebooks.ahead():
        try:
            reload()
        except ClinicPBXError as wrong:
            log.error("the rules in force cannot be used", kind=type(wrong).__name__)
            return False
    return True
