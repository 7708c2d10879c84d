"""The time zone in which people read and write times: TZ, else the clinic's first site's, else this machine's."""

import os
import re
from datetime import datetime, tzinfo
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from clinicpbx.paths import Instance

# the rules are not parsed for it: that takes a second, and a list must not
FIRST_SITE = re.compile(r"^sites:(?:(?!^\w).)*?\btimezone: *[\"']?([\w+/-]+)", re.S | re.M)
COMMENT = re.compile(r"(?:^|(?<=\s))#.*$", re.M)
UTC_TEXT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)", re.ASCII)


def local_zone() -> tzinfo | None:
    """None: this machine's, as `datetime.astimezone` takes it."""
    context = click.get_current_context(silent=True)
    instance = context.find_object(Instance) if context is not None else None
    if name := os.environ.get("TZ"):
        return _named(name)
    if instance is None:
        return None
    rules = instance.current / "rules" / instance.clinic.name
    return _zone_of(rules.resolve()) if rules.exists() else None


def local_text(at: datetime) -> str:
    """*at* to the second and with its zone's name; what is not in UTC was put into its own zone on purpose."""
    shown = at.astimezone(local_zone()) if at.tzinfo is not None and not at.utcoffset() else at
    return f"{shown:%Y-%m-%d %H:%M:%S %Z}".rstrip()


@cache
def _zone_of(rules: Path) -> tzinfo | None:
    try:
        written = COMMENT.sub("", rules.read_text())
    except (OSError, UnicodeDecodeError):  # a list is shown all the same
        return None
    found = FIRST_SITE.search(written)
    return _named(found.group(1)) if found is not None else None


def _named(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None
