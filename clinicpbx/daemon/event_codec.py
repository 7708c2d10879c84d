"""Events as bytes and back: every class of core/events.py, from its type hints."""

import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

import orjson

from clinicpbx.core import events
from clinicpbx.core.events import Event
from clinicpbx.private import Private

Convert = Callable[[Any], Any]
MICROSECOND = timedelta(microseconds=1)


def _same(value: Any) -> Any:
    return value


def _converters(hint: Any) -> tuple[Convert, Convert]:
    """How a value of type *hint* becomes JSON, and comes back; TypeError for a type the journal cannot hold."""
    origin, inner = get_origin(hint), get_args(hint)
    if hint in (str, int, bool, float):
        return _same, _same
    if hint is datetime:
        return datetime.isoformat, datetime.fromisoformat
    if hint is timedelta:
        return lambda value: value // MICROSECOND, lambda value: timedelta(microseconds=value)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return lambda value: value.value, hint
    if origin is Private:
        write, read = _converters(inner[0])
        return lambda value: write(value.value), lambda value: Private(read(value))
    if origin in (Union, types.UnionType) and type(None) in inner and len(inner) == 2:
        write, read = _converters(next(each for each in inner if each is not type(None)))
        return (
            lambda value: None if value is None else write(value),
            lambda value: None if value is None else read(value),
        )
    if origin is tuple and inner[1:] == (...,):
        write, read = _converters(inner[0])
        return lambda value: [write(each) for each in value], lambda value: tuple(read(each) for each in value)
    if isinstance(hint, type) and is_dataclass(hint):
        return _fields_of(hint)
    raise TypeError(f"the journal cannot hold {hint!r}")


def _fields_of(kind: type, without: frozenset[str] = frozenset()) -> tuple[Convert, Convert]:
    hints = get_type_hints(kind)
    names = [each.name for each in fields(kind) if each.name not in without]
    pairs = [(name, *_converters(hints[name])) for name in names]

    def write(value: Any) -> list[Any]:
        return [convert(getattr(value, name)) for name, convert, _ in pairs]

    def read(row: list[Any]) -> Any:
        return kind(**{name: convert(each) for (name, _, convert), each in zip(pairs, row, strict=True)})

    return write, read


def _codec(kind: type[Event]) -> tuple[Convert, Callable[[datetime, Any], Event]]:
    """`at` is a column of the journal: it is not part of the body."""
    hints = get_type_hints(kind)
    pairs = [(each.name, *_converters(hints[each.name])) for each in fields(kind) if each.name != "at"]

    def write(event: Event) -> dict[str, Any]:
        return {name: convert(getattr(event, name)) for name, convert, _ in pairs}

    def read(at: datetime, row: dict[str, Any]) -> Event:
        return kind(at=at, **{name: convert(row[name]) for name, _, convert in pairs if name in row})

    return write, read


KINDS: dict[str, type[Event]] = {
    name: kind
    for name, kind in vars(events).items()
    if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event
}
_CODECS = {name: _codec(kind) for name, kind in KINDS.items()}


def encode(event: Event) -> tuple[str, bytes]:
    """The kind and the body of *event*; its `at` is kept apart."""
    kind = type(event).__name__
    return kind, orjson.dumps(_CODECS[kind][0](event))


def decode(kind: str, at: datetime, body: bytes) -> Event:
    """The event again; KeyError for a kind this release does not know, TypeError or ValueError for a damaged body."""
    return _CODECS[kind][1](at, orjson.loads(body))
