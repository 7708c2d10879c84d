"""What SQLite and PostgreSQL say differently: instants as numbers, lengths of time, JSON texts."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from clinicpbx.adapters.db.tables import UtcTime


class epoch(FunctionElement[int]):
    """Whole seconds since 1970 of an instant."""

    type = BigInteger()
    inherit_cache = True


class elapsed(FunctionElement[int]):
    """Milliseconds from the first instant to the second."""

    type = BigInteger()
    inherit_cache = True


class instant(FunctionElement[datetime]):
    """The instant that a text names in ISO 8601, with its offset from UTC."""

    type = UtcTime()
    inherit_cache = True


class said(FunctionElement[str]):
    """The member of a JSON object in a text column that has the name given; null where there is none."""

    type = Text()
    inherit_cache = True


class members(FunctionElement[Any]):
    """The texts of a JSON list in a text column, as a table: `value`, and `key`, its place from 0."""

    type = Text()
    inherit_cache = True


class size(FunctionElement[int]):
    """How many members a JSON list in a text column has."""

    type = BigInteger()
    inherit_cache = True


def _parts(element: FunctionElement[Any], compiler: Any, words: dict[str, Any]) -> list[str]:
    return [compiler.process(part, **words) for part in element.clauses]


@compiles(epoch, "sqlite")
def _(element: epoch, compiler: Any, **words: Any) -> str:
    (at,) = _parts(element, compiler, words)
    return f"CAST(strftime('%s', {at}) AS INTEGER)"


@compiles(epoch, "postgresql")
def _(element: epoch, compiler: Any, **words: Any) -> str:
    (at,) = _parts(element, compiler, words)
    return f"CAST(floor(extract(epoch FROM {at})) AS BIGINT)"


@compiles(elapsed, "sqlite")
def _(element: elapsed, compiler: Any, **words: Any) -> str:
    since, until = _parts(element, compiler, words)
    return f"CAST(round((julianday({until}) - julianday({since})) * 86400000) AS INTEGER)"


@compiles(elapsed, "postgresql")
def _(element: elapsed, compiler: Any, **words: Any) -> str:
    since, until = _parts(element, compiler, words)
    return f"CAST(round(extract(epoch FROM ({until} - {since})) * 1000) AS BIGINT)"


@compiles(instant, "sqlite")
def _(element: instant, compiler: Any, **words: Any) -> str:
    (text,) = _parts(element, compiler, words)
    return text


@compiles(instant, "postgresql")
def _(element: instant, compiler: Any, **words: Any) -> str:
    (text,) = _parts(element, compiler, words)
    return f"CAST({text} AS timestamptz)"


@compiles(said, "sqlite")
def _(element: said, compiler: Any, **words: Any) -> str:
    text, name = _parts(element, compiler, words)
    return f"json_extract({text}, '$.' || {name})"


@compiles(said, "postgresql")
def _(element: said, compiler: Any, **words: Any) -> str:
    text, name = _parts(element, compiler, words)
    return f"(CAST({text} AS json) ->> {name})"


@compiles(members, "sqlite")
def _(element: members, compiler: Any, **words: Any) -> str:
    (text,) = _parts(element, compiler, words)
    return f"json_each({text})"


@compiles(members, "postgresql")
def _(element: members, compiler: Any, **words: Any) -> str:
    (text,) = _parts(element, compiler, words)
    rows = f"json_array_elements_text(CAST({text} AS json)) WITH ORDINALITY AS each (value, n)"
    return f"LATERAL (SELECT each.value, each.n - 1 AS key FROM {rows})"


@compiles(size, "sqlite")
def _(element: size, compiler: Any, **words: Any) -> str:
    (text,) = _parts(element, compiler, words)
    return f"json_array_length({text})"


@compiles(size, "postgresql")
def _(element: size, compiler: Any, **words: Any) -> str:
    (text,) = _parts(element, compiler, words)
    return f"json_array_length(CAST({text} AS json))"
