"""The small written forms of the rules: names, numbers, durations, times of day, weekdays."""

import re
from collections.abc import Iterable, Mapping
from datetime import time, timedelta
from itertools import pairwise
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from clinicpbx.core.schedule.hours import Span

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
LONGEST = timedelta(days=366)
DURATION = r"^(\d{1,4}d)?(\d{1,4}h)?(\d{1,5}m)?(\d{1,6}s)?$"
KEEPING = r"^(\d{1,4})([dy])$"
DAY = "(mon|tue|wed|thu|fri|sat|sun)"
SPAN = r"^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$"


def duration(value: object) -> object:
    """`20s`, `3m`, `1h30m` as a timedelta; ValueError for other text; what is no text is left to the type."""
    if not isinstance(value, str):
        return value
    if not value or not (found := re.fullmatch(DURATION, value, re.ASCII)):
        raise ValueError(f"{value!r} is no duration; write it like 20s, 3m or 1h30m")
    parts = [part for part in found.groups() if part]
    length = timedelta(seconds=sum(int(part[:-1]) * SECONDS[part[-1]] for part in parts))
    if length > LONGEST:
        raise ValueError(f"{value!r} is longer than a year")
    return length


def keeping(value: object) -> object:
    """`90d` or `7y` (a year counts 366 days) as a timedelta; ValueError for other text, and for no time at all."""
    if not isinstance(value, str):
        return value
    if not (found := re.fullmatch(KEEPING, value, re.ASCII)):
        raise ValueError(f"{value!r} does not say how long; write it in days or years, like 90d or 7y")
    if not int(found[1]):
        raise ValueError("0 would destroy every message at once; leave it out to keep messages for good")
    return timedelta(days=int(found[1]) * (366 if found[2] == "y" else 1))


def written(length: timedelta) -> str:
    """The shortest form `duration` reads back: 90 seconds are `1m30s`."""
    seconds, parts = int(length.total_seconds()), ""
    for unit, size in SECONDS.items():
        count, seconds = divmod(seconds, size)
        parts += f"{count}{unit}" if count else ""
    return parts or "0s"


def days(value: object) -> object:
    """`mon-fri`, `sat`, `mon,wed` as weekday numbers, Monday 0."""
    if not isinstance(value, str):
        return value
    found: list[int] = []
    for part in value.split(","):
        first, dash, last = part.strip().lower().partition("-")
        if first not in DAYS or (dash and last not in DAYS):
            raise ValueError(f"{value!r} names no weekdays; write mon-fri, sat or mon,wed")
        start, end = DAYS.index(first), DAYS.index(last or first)
        found += range(start, end + 1) if start <= end else (*range(start, 7), *range(end + 1))
    return tuple(dict.fromkeys(found))


def spans(value: object) -> object:
    """`08:00-12:00`, several of them separated by commas, or a list, as spans of one day in order."""
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list):
        return value
    found = sorted((_span(part) for part in value), key=lambda span: span.start)
    for before, after in pairwise(found):
        if before.end == time(0) or after.start < before.end:
            raise ValueError(f"{before} and {after} overlap")
    return tuple(found)


def _span(value: object) -> Span:
    text = value.strip() if isinstance(value, str) else ""
    if not re.fullmatch(SPAN, text, re.ASCII):
        raise ValueError(f"{value!r} is no span of time; write it like 08:00-17:00 (24:00 is midnight)")
    start, end = text.split("-")
    span = Span(time.fromisoformat(start), time(0) if end == "24:00" else time.fromisoformat(end))
    if end != "24:00" and span.end <= span.start:
        raise ValueError(f"{text} ends before it starts; write the part after midnight on the next day")
    return span


def each_day_once(value: object) -> object:
    """Refuses a map of days that names a weekday twice; all else is left to the type."""
    seen: set[int] = set()
    for group in value if isinstance(value, dict) else ():
        try:
            found = days(group)
        except ValueError:
            continue
        if isinstance(found, tuple):
            if twice := seen & set(found):
                raise ValueError(f"{DAYS[min(twice)]} is written twice")
            seen |= set(found)
    return value


def every_day(value: object) -> object:
    """One span for every day, where a map of days is expected."""
    return {"mon-sun": value} if isinstance(value, str | list) else value


def penalties(value: object) -> object:
    """A list of queues means penalty 0 in each."""
    if isinstance(value, str):
        value = [value]
    return dict.fromkeys(value, 0) if isinstance(value, list) and all(isinstance(v, str) for v in value) else value


def levels(value: object) -> object:
    """A list of names means level 1 of each."""
    if isinstance(value, str):
        value = [value]
    return dict.fromkeys(value, 1) if isinstance(value, list) and all(isinstance(v, str) for v in value) else value


def some(values: tuple[str, ...]) -> tuple[str, ...]:
    """*values*, where there are any; it is said only where each of them is good."""
    if not values:
        raise ValueError("needs at least one")
    return values


def one_or_many(value: object) -> object:
    """A single text where a list is expected."""
    return [value] if isinstance(value, str) else value


def by_weekday(written: Mapping[tuple[int, ...], Iterable[Span]]) -> dict[int, tuple[Span, ...]]:
    """Weekday → its spans, in order, from what was written for groups of days."""
    found: dict[int, list[Span]] = {}
    for group, those in written.items():
        for day in group:
            found.setdefault(day, []).extend(those)
    return {day: tuple(sorted(those, key=lambda span: span.start)) for day, those in sorted(found.items())}


def _printable(value: str) -> str:
    if not value.strip() or not value.isprintable():
        raise ValueError("needs a text of one line without control characters")
    return value.strip()


def _spoken(value: str) -> str:
    text = " ".join(value.split())
    if not text or not text.isprintable():
        raise ValueError("needs a text to be spoken, without control characters")
    return text


def _schema(**schema: Any) -> WithJsonSchema:
    return WithJsonSchema(schema)


def _like(pattern: str, form: str) -> AfterValidator:
    """Accepts a text that is wholly *pattern*; says *form* otherwise."""
    compiled = re.compile(pattern, re.ASCII)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(f"{value!r} is not {form}")
        return value

    return AfterValidator(check)


def _form(pattern: str, form: str, example: str) -> tuple[AfterValidator, WithJsonSchema]:
    """Digits may stand unquoted: editors take them for integers, `tree` reads them as the text they are."""
    kind = "string" if re.search("[A-Za-z]", pattern) else ["string", "integer"]
    return _like(pattern, form), _schema(type=kind, pattern=f"^(?:{pattern})$", examples=[example])


Name = Annotated[
    str, *_form(r"[a-z][a-z0-9_-]{0,39}", "a name: small letters, digits, - and _, at most 40", "frontdesk")
]
Text = Annotated[
    str,
    Field(max_length=80),
    AfterValidator(_printable),
    _schema(type=["string", "number", "boolean"], maxLength=80),
]
Spoken = Annotated[str, Field(max_length=2000), AfterValidator(_spoken)]
Language = Annotated[str, *_form(r"[a-z]{2,3}(-[A-Z]{2})?", "a language code like en or pt-BR", "en")]
Extension = Annotated[str, *_form(r"[0-9]{2,6}", "an internal number of 2 to 6 digits", "201")]
Code = Annotated[str, *_form(r"\*[0-9]{1,5}", "a feature code: * and 1 to 5 digits", "*45")]
E164 = Annotated[
    str, *_form(r"\+[1-9][0-9]{6,14}", "a full number: + country code and number, no blanks", "+12075550100")
]
Digits = Annotated[str, *_form(r"[0-9]{1,8}", "a number of 1 to 8 digits", "911")]
Host = Annotated[
    str, *_form(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", "a host name or an IPv4 address", "sip.example.org")
]
Email = Annotated[
    str,
    *_form(
        r"[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?",
        "an address of e-mail",
        "manager@clinic.example",
    ),
]
Url = Annotated[
    str,
    *_form(
        r"https://[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(:[0-9]{1,5})?(/[!-~]{0,1000})?",
        "an https URL without a user",
        "https://ops.example/clinicpbx",
    ),
]
Duration = Annotated[
    timedelta, BeforeValidator(duration), _schema(type="string", pattern=DURATION, examples=["20s", "3m", "1h30m"])
]
Percent = Annotated[
    str,
    _like(r"(100|[0-9]{1,2}(\.[0-9])?)%", "a share from 0% to 100%; write it like 80%"),
    _schema(type="string", pattern=r"^(100|[0-9]{1,2}(\.[0-9])?)%$", examples=["80%"]),
]
Keeping = Annotated[
    timedelta, BeforeValidator(keeping), _schema(type="string", pattern=KEEPING, examples=["90d", "7y"])
]
Weekdays = Annotated[
    tuple[int, ...],
    BeforeValidator(days),
    _schema(type="string", pattern=f"^{DAY}([-,]{DAY})*$", examples=["mon-fri", "sat", "mon,wed"]),
]
Spans = Annotated[
    tuple[Span, ...],
    BeforeValidator(spans),
    _schema(
        anyOf=[{"type": "string"}, {"type": "array", "items": {"type": "string", "pattern": SPAN}}],
        examples=["08:00-17:00", ["08:00-12:00", "13:00-17:00"]],
    ),
]


Extensions = Annotated[
    tuple[Extension, ...], BeforeValidator(one_or_many, json_schema_input_type=Extension | list[Extension])
]
Names = Annotated[tuple[Name, ...], BeforeValidator(one_or_many, json_schema_input_type=Name | list[Name])]
