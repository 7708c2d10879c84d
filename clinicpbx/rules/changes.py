"""What changed between two documents, field by field: nothing that differs is left unnamed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import BaseModel

from clinicpbx.core.schedule.hours import Span
from clinicpbx.rules.document import Document, FlowRule
from clinicpbx.rules.places import Path
from clinicpbx.rules.words import DAYS, written

ORDERED: frozenset[Path] = frozenset({("trunks",), ("languages",), ("agents",)})
"""Maps whose order means something; that of steps says which is the first, and is told as `start`."""


@dataclass(frozen=True, slots=True)
class Change:
    """*before* or *after* is None where there was, or is, nothing at *path*; else a model, a map, a list or a value."""

    path: Path
    before: Any
    after: Any

    @property
    def section(self) -> str:
        return self.path[0]

    @property
    def name(self) -> str:
        """The name of the part of the section, where the section has named parts."""
        return self.path[1] if len(self.path) > 1 else ""


def changes(before: Document, after: Document) -> list[Change]:
    """Every difference, at the deepest path that has one; empty exactly where the two say the same."""
    return list(_differ((), before, after))


def _differ(path: Path, before: Any, after: Any) -> Iterator[Change]:
    old, new = _parts(before), _parts(after)
    if old is None or new is None or type(before) is not type(after):
        if before != after:
            yield Change(path, before, after)
        return
    for key in dict.fromkeys((*old, *new)):
        yield from _differ((*path, key), old.get(key), new.get(key))
    if path in ORDERED and (kept := [key for key in old if key in new]) != [key for key in new if key in old]:
        yield Change((*path, "order"), tuple(kept), tuple(key for key in new if key in old))


def _parts(value: Any) -> Mapping[str, Any] | None:
    """What a model or a map is made of; None for a value that is one thing."""
    if isinstance(value, FlowRule):
        return {"start": value.first, "steps": value.steps}
    if isinstance(value, BaseModel):
        return {field.alias or name: getattr(value, name) for name, field in type(value).model_fields.items()}
    if isinstance(value, Mapping):
        return {in_words(key): part for key, part in value.items()}
    return None


def in_words(value: Any) -> str:
    """A value as one would write or say it."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "yes" if value else "no"
        case timedelta():
            return written(value)
        case str() | int() | float():
            return str(value)
        case BaseModel():
            set_ = {key: getattr(value, key) for key in type(value).model_fields if key in value.model_fields_set}
            return "{" + ", ".join(f"{key}: {in_words(part)}" for key, part in set_.items()) + "}"
        case Mapping():
            return "{" + ", ".join(f"{in_words(key)}: {in_words(part)}" for key, part in value.items()) + "}"
        case tuple() if value and all(isinstance(day, int) for day in value):
            return ", ".join(DAYS[day] for day in value)
        case tuple() | list() | set() | frozenset():
            return ", ".join(map(in_words, value)) or "none"
        case Span():
            return str(value).replace("00:00", "24:00") if str(value).endswith("-00:00") else str(value)
    return str(value)
