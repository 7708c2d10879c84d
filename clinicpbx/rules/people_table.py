"""Phones and agents out of a table (CSV, RFC 4180) as spreadsheets write it."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from clinicpbx.errors import Mistake, RulesRefused
from clinicpbx.rules.document import Agent, Phone
from clinicpbx.rules.parse import as_mistakes
from clinicpbx.rules.places import Place, Places, perhaps

LARGEST = 5 * 1024 * 1024
PHONE = ("name", "location", "mailbox", "lamps", "allow", "secure")
WORK = ("queues", "skills", "languages", "licences")
AGENT = ("agent", "agent_name", *WORK)
COLUMNS = ("extension", *PHONE, *AGENT)
LISTS = ("lamps", *WORK)


@dataclass(frozen=True, slots=True)
class Person:
    """One row: a phone, and the agent who works at it, if any (*agent* is a name, or "")."""

    extension: str
    phone: Mapping[str, Any]
    agent: str = ""
    work: Mapping[str, Any] = field(default_factory=dict)


def read_table(file: str, raw: bytes) -> list[Person]:
    """The rows of *raw*. Raises RulesRefused with every mistake at its line and column."""
    text = _text(file, raw)
    header, *rows = list(_rows(file, text)) or [(1, [])]
    columns = [name.strip().lower() for name in header[1]]
    line, needed = header[0], ("extension", "name")
    mistakes = [_wrong(file, line, name, _unknown(name)) for name in columns if name not in COLUMNS]
    mistakes += [_wrong(file, line, name, f"needs the column {name}") for name in needed if name not in columns]
    if mistakes:
        raise RulesRefused(mistakes)
    people: list[Person] = []
    seen: dict[str, int] = {}
    for line, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(columns):
            mistakes.append(_wrong(file, line, "-", f"has {len(cells)} cells, the first row names {len(columns)}"))
            continue
        row = {name: cell.strip() for name, cell in zip(columns, cells, strict=False) if cell.strip()}
        person = _person(row)
        mistakes += _checked(file, line, person)
        for name in filter(None, (f"extension {person.extension}", person.agent and f"agent {person.agent}")):
            if name in seen:
                mistakes.append(_wrong(file, line, name.split()[0], f"{name} is there already, in line {seen[name]}"))
            seen.setdefault(name, line)
        people.append(person)
    if mistakes:
        raise RulesRefused(mistakes)
    return people


def _unknown(column: str) -> str:
    return f"no column is named {column!r}{perhaps(column, COLUMNS)}; there are {', '.join(COLUMNS)}"


def to_yaml(people: Sequence[Person]) -> str:
    """A rules file with the sections phones and agents."""
    lines = ["phones:"] + [f"  {one.extension}: {_map(one.phone)}" for one in people]
    if agents := [one for one in people if one.agent]:
        lines += ["", "agents:"] + [f"  {one.agent}: {_map(one.work)}" for one in agents]
    return "\n".join(lines) + "\n"


def _text(file: str, raw: bytes) -> str:
    if len(raw) > LARGEST:
        raise RulesRefused([_wrong(file, 1, "-", "the table is larger than 5 MB")])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = raw.count(b"\n", 0, wrong.start) + 1
        raise RulesRefused([_wrong(file, line, "-", "is not UTF-8 text; save it as CSV UTF-8")]) from None
    if "\0" in text:
        raise RulesRefused([_wrong(file, text.count("\n", 0, text.index("\0")) + 1, "-", "holds a NUL character")])
    return text


def _rows(file: str, text: str) -> list[tuple[int, list[str]]]:
    first = text.partition("\n")[0]
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=";" if first.count(";") > first.count(",") else ",", strict=True
    )
    rows: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            rows.append((reader.line_num, cells))
    except csv.Error as wrong:
        raise RulesRefused([_wrong(file, reader.line_num, "-", f"cannot be read as a table: {wrong}")]) from None
    return rows


def _person(row: Mapping[str, str]) -> Person:
    values: dict[str, Any] = {name: cell.split() if name in LISTS else cell for name, cell in row.items()}
    phone = {name: values[name] for name in PHONE if name in values}
    work = {"name": values.get("agent_name", values.get("name", "")), "phone": values.get("extension", "")}
    work |= {name: values[name] for name in WORK if name in values}
    return Person(values.get("extension", ""), phone, values.get("agent", ""), work if "agent" in values else {})


def _checked(file: str, line: int, person: Person) -> list[Mistake]:
    found: list[Mistake] = []
    places = Places(file, {(): Place(file, line)})
    for model, written in ((Phone, person.phone), (Agent, person.work)):
        if model is Agent and not person.agent:
            continue
        try:
            model.model_validate(written)
        except ValidationError as exc:
            found += [_wrong(file, line, each.path, each.problem) for each in as_mistakes(exc, places, model)]
    if not person.extension.isdecimal() or not 2 <= len(person.extension) <= 6:
        found.append(
            _wrong(file, line, "extension", f"{person.extension!r} is not an internal number of 2 to 6 digits")
        )
    return found


def _wrong(file: str, line: int, column: str, problem: str) -> Mistake:
    return Mistake(file, line, 1, column, problem)


def _map(values: Mapping[str, Any]) -> str:
    """JSON is YAML: no text can mean anything else than itself."""
    return json.dumps(values, ensure_ascii=False)
