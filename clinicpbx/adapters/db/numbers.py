"""Telephone numbers in one form, so that a patient who calls twice is seen as one."""

import re
from functools import lru_cache

import phonenumbers

REGION = "US"
PLAIN = re.compile(r"\+1[2-9][0-9]{2}[2-9][0-9]{6}")
"""E.164 of the North American plan, as trunks send it: nothing is to be found out about it."""
LOCAL = 7  # digits without an area code


@lru_cache(maxsize=10_000)
def e164(raw: str, region: str = REGION) -> str:
    """*raw* as E.164, "" where it is no number that can exist in or outside *region* (ISO 3166)."""
    if PLAIN.fullmatch(raw):
        return raw
    if not raw.isprintable():
        return ""
    try:
        number = phonenumbers.parse(raw, region)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def as_keyed(digits: str, *near: str) -> str:
    """*digits* that a person keyed, as E.164: seven are of the area of the first of *near* in the North American plan,
    and no number without one."""
    if len(digits) != LOCAL:
        return e164(digits)
    area = next((number[:-LOCAL] for number in near if number.startswith("+1")), "")
    return e164(area + digits) if area else ""


def printable(raw: str) -> str:
    """What a caller sent as a number, without control characters, at most 64 characters."""
    if not raw.isprintable():
        raw = "".join(char if char.isprintable() else "\ufffd" for char in raw)
    return raw[:64]


def masked(number: str) -> str:
    """The last two digits, for lists: enough to tell two calls apart, not to call anybody."""
    return f"…{number[-2:]}" if len(number) > 6 else number
