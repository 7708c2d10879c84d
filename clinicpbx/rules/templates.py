"""Speciality templates: shipped rules that lie below the clinic's own, which win name by name."""

from collections.abc import Callable, Iterator
from typing import Any

from clinicpbx.errors import Mistake
from clinicpbx.rules.places import Path, Place, Places, perhaps
from clinicpbx.rules.tree import Tree

SHELF = "template "
"""How the places of a template's parts begin."""
KNOWN = ("general", "obstetrics", "paediatrics", "psychiatry")

TAKEN_OUT = ("queues", "mailboxes", "flows", "prompts")
Known = dict[Path, Place]
Shelf = Callable[[str], bytes]


def lay_below(value: dict[str, Any], places: dict[Path, Place], shelf: Shelf, known: Places) -> Iterator[Mistake]:
    """Puts the templates that *value* names below it, the first one uppermost. What the clinic writes as `name: ~`
    is taken out. Yields what is wrong with their names."""
    written = value.get("templates")
    names = [written] if isinstance(written, str) else written if isinstance(written, list) else []
    for name in names:
        if name not in KNOWN:
            near = perhaps(str(name), KNOWN) or f"; there are {', '.join(KNOWN)}"
            yield known.mistake(("templates", str(name)), f"no template is named {name!r}{near}")
            continue
        while name:
            tree = Tree(f"{SHELF}{name}", shelf(name))
            name = tree.value.pop("templates", "")
            _only_spoken(tree.value, value.get("languages"))
            _merge(value, tree.value, (), tree.places, places)
    if names:
        _take_out(value)


def _merge(mine: dict[str, Any], below: dict[str, Any], path: Path, theirs: Known, places: Known) -> None:
    for name, part in below.items():
        here = (*path, name)
        if name not in mine:
            mine[name] = part
            places.update({where: place for where, place in theirs.items() if where[: len(here)] == here})
        elif isinstance(mine[name], dict) and isinstance(part, dict) and not _whole(here):
            _merge(mine[name], part, here, theirs, places)


def _whole(path: Path) -> bool:
    """A step is replaced as one: its kind is one of its keys."""
    return path[0] == "flows" and len(path) == 4


def _only_spoken(template: dict[str, Any], languages: object) -> None:
    """Texts in languages that the clinic does not speak are left out."""
    if isinstance(languages, dict):
        for name, texts in template.get("prompts", {}).items():
            template["prompts"][name] = {language: text for language, text in texts.items() if language in languages}


def _take_out(value: dict[str, Any]) -> None:
    named = [part for section, part in value.items() if section in TAKEN_OUT and isinstance(part, dict)]
    flows = value.get("flows")
    steps = [flow.get("steps") for flow in flows.values() if isinstance(flow, dict)] if isinstance(flows, dict) else []
    for part in (*named, *(each for each in steps if isinstance(each, dict))):
        for name in [name for name, what in part.items() if what is None]:
            del part[name]
