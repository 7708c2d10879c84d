"""The clinic's YAML as a document, or every mistake in it at once, each with its line and path."""

import re
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from clinicpbx.errors import Mistake, RulesRefused
from clinicpbx.rules.document import Document
from clinicpbx.rules.places import Path, Place, Places, perhaps
from clinicpbx.rules.templates import Shelf, lay_below
from clinicpbx.rules.tree import Tree

FILE_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,80}\.ya?ml"
MOST_FILES = 50
PLAIN = {
    "missing": "needs {field}",
    "extra_forbidden": "there is no {field!r} here",
    "string_type": "needs a text",
    "string_pattern_mismatch": "does not have the form {pattern}",
    "string_too_long": "is longer than {max_length} characters",
    "too_short": "needs at least {min_length}",
    "dict_type": "needs a map: `name: value` lines below it",
    "model_type": "needs a map: `name: value` lines below it",
    "tuple_type": "needs a list",
    "list_type": "needs a list",
    "int_parsing": "needs a whole number",
    "int_type": "needs a whole number",
    "bool_parsing": "needs true or false",
    "bool_type": "needs true or false",
    "date_from_datetime_parsing": "needs a date like 2026-11-27",
    "date_parsing": "needs a date like 2026-11-27",
    "date_type": "needs a date like 2026-11-27",
    "literal_error": "needs {expected}",
    "greater_than_equal": "needs at least {ge}",
    "less_than_equal": "may be at most {le}",
    "greater_than": "needs more than {gt}",
    "less_than": "needs less than {lt}",
}


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document that has the form of one; whether it makes sense is for the checks."""

    document: Document
    places: Places
    calendars: Mapping[str, bytes] = field(default_factory=dict)  # the rotas' .ics files, by name


def parse(
    file: str,
    raw: bytes | str,
    fetch: Callable[[str], bytes] | None = None,
    further: Iterable[str] = (),
    shelf: Shelf | None = None,
) -> Parsed:
    """Reads *raw*, and the files it includes, and the *further* ones, by *fetch* (given a plain name; OSError where
    there is none). *shelf* has the speciality templates, by name.

    Raises RulesRefused with every mistake found, and nothing else.
    """
    entry = Tree(file, raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw)
    places, mistakes = dict(entry.places), list(entry.mistakes)
    known = Places(file, places)
    value = dict(entry.value)
    folder = file[: file.rfind("/") + 1]
    included = _included(value.get("include"), known, mistakes)
    for name in dict.fromkeys((*included, *further)):
        try:
            tree = Tree(folder + name, fetch(name) if fetch else _nowhere(name))
        except OSError:
            mistakes.append(known.mistake(("include", name), f"there is no file {name!r} beside this one"))
        except RulesRefused as refused:
            mistakes += refused.mistakes
        else:
            mistakes += tree.mistakes
            _merge(value, tree, places, mistakes)
    if shelf is not None:
        mistakes += lay_below(value, places, shelf, known)
    calendars: dict[str, bytes] = {}
    try:
        document = Document.model_validate(value)
    except ValidationError as exc:
        unread = tuple(mistake.path for mistake in mistakes)
        mistakes += [each for each in as_mistakes(exc, known, Document) if not _below(each.path, unread)]
        raise RulesRefused(_once(mistakes)) from None
    for name, rota in document.rotas.items():
        if rota.calendar is not None:
            try:
                calendars[rota.calendar] = (fetch or _nowhere)(rota.calendar)
            except OSError:
                problem = f"there is no file {rota.calendar!r} beside this one"
                mistakes.append(known.mistake(("rotas", name, "calendar"), problem))
    if mistakes:
        raise RulesRefused(_once(mistakes))
    return Parsed(document, known, calendars)


def _nowhere(name: str) -> bytes:
    raise FileNotFoundError(name)


def _below(path: str, unread: Sequence[str]) -> bool:
    """Is *path* in a part that could not be read, so that its being wrong is no news?"""
    return any(path == part or path.startswith(f"{part}.") for part in unread)


def _once(mistakes: Sequence[Mistake]) -> list[Mistake]:
    return list(dict.fromkeys(mistakes))


def _included(value: object, places: Places, mistakes: list[Mistake]) -> list[str]:
    names = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    good: list[str] = []
    for name in names[:MOST_FILES]:
        if not isinstance(name, str) or not re.fullmatch(FILE_NAME, name):
            problem = "needs the plain name of a .yaml file beside this one"
            mistakes.append(places.mistake(("include", str(name)), problem))
        elif name in good or name == places.file.rpartition("/")[2]:
            mistakes.append(places.mistake(("include", name), "is included twice"))
        else:
            good.append(name)
    return good


def _merge(value: dict[str, Any], further: Tree, places: dict[Path, Place], mistakes: list[Mistake]) -> None:
    """Adds the names in each section of *further*; a name that is there already is a mistake with both places."""

    def wrong(path: Path, problem: str) -> None:
        mistakes.append(Places(further.file, further.places).mistake(path, problem))

    for section, those in further.value.items():
        mine = value.get(section)
        if section == "include":
            wrong((section,), "only the entry file includes others")
        elif mine is None:
            value[section] = those
        elif not isinstance(mine, dict) or not isinstance(those, dict):
            wrong((section,), f"is written twice; first in {places[(section,)]}")
        else:
            for name in those.keys() & mine.keys():
                wrong((section, name), f"{name!r} is written twice; first in {places[(section, name)]}")
            value[section] = {**mine, **{name: those[name] for name in those if name not in mine}}
    for path, place in further.places.items():
        places.setdefault(path, place)


def as_mistakes(exc: ValidationError, places: Places, model: type[BaseModel], above: Path = ()) -> list[Mistake]:
    """Pydantic's errors about *model*, which is written at *above*, in plain words and at their places."""
    found = []
    for error in exc.errors(include_url=False, include_input=True):
        where = tuple(str(part) for part in error["loc"] if part != "[key]")
        path = (*above, *where)
        if error["type"] == "missing":
            found.append(places.mistake(path[:-1], _problem(error, where, model)))
        else:
            found.append(places.mistake(path, _problem(error, where, model)))
    return found


def _problem(error: ErrorDetails, where: Path, model: type[BaseModel]) -> str:
    field = where[-1] if where else ""
    if error["type"] == "value_error":
        return error["msg"].removeprefix("Value error, ")
    plain = PLAIN.get(error["type"])
    if plain is None:
        return error["msg"][:1].lower() + error["msg"][1:]
    problem = plain.format_map({**error.get("ctx", {}), "field": field})
    if error["type"] == "extra_forbidden":
        return problem + perhaps(field, _keys(model, where[:-1]))
    if error["type"] == "literal_error":
        return problem + perhaps(str(error["input"]), re.findall(r"'([^']+)'", problem))
    return problem


def _keys(model: Any, path: Path) -> list[str]:
    """The keys that may stand at *path* of *model*."""
    for name in path:
        model = _inner(model, name)
    model = _inner(model, None)
    if isinstance(model, type) and issubclass(model, BaseModel):
        return [field.alias or key for key, field in model.model_fields.items()]
    return []


def _inner(kind: Any, name: str | None) -> Any:
    """The type of the part *name* of the type *kind*; with no name, *kind* without its wrappings."""
    while get_origin(kind) in (Annotated, Union, types.UnionType):
        kind = next((arg for arg in get_args(kind) if arg is not type(None)), None)
    if name is None:
        return kind
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields: Mapping[str, Any] = kind.model_fields
        return next((field.annotation for key, field in fields.items() if name in (key, field.alias)), None)
    return (get_args(kind) or (None,))[1 if get_origin(kind) is dict else 0]
