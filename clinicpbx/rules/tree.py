"""YAML text as plain maps, lists and texts, each with its place. Scalars stay the text that was written."""

import re
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from clinicpbx.errors import Mistake, RulesRefused
from clinicpbx.rules.places import Path, Place

LARGEST = 2 * 1024 * 1024
DEEPEST = 32
TAG = "tag:yaml.org,2002:"
TAGS = {TAG + name for name in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq", "merge", "value")}
ALIAS = "anchors and aliases (&name, *name) are not read; write it out"
NOTHING = {"", "~", "null", "Null", "NULL"}


class Tree:
    """One file, read: *value*, the *places* of its parts, and what was wrong in it. Never raises but RulesRefused."""

    def __init__(self, file: str, raw: bytes) -> None:
        self.file = file
        self.places: dict[Path, Place] = {}
        self.mistakes: list[Mistake] = []
        self._seen: set[int] = set()
        node = _compose(file, _text(file, raw))
        if not isinstance(node, MappingNode):
            place, problem = (Place(file), "the file is empty")
            if node is not None:
                place, problem = self._place(node), "needs `name: value` lines at the top"
            raise _refused(place, problem)
        self.value: dict[str, Any] = self._map(node, ())

    def _wrong(self, node: Node, path: Path, problem: str) -> None:
        place = self._place(node)
        self.mistakes.append(Mistake(place.file, place.line, place.column, ".".join(path) or "-", problem))

    def _place(self, node: Node) -> Place:
        return Place(self.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def _value(self, node: Node, path: Path) -> Any:
        if id(node) in self._seen:
            place = self.places[path]
            self.mistakes.append(Mistake(place.file, place.line, place.column, ".".join(path), ALIAS))
            return None
        if node.anchor:
            self._wrong(node, path, ALIAS)
        self._seen.add(id(node))
        if str(node.tag) not in TAGS:
            self._wrong(node, path, f"the tag {node.tag} is not read")
            return None
        if isinstance(node, MappingNode):
            return self._map(node, path)
        if isinstance(node, SequenceNode):
            return self._list(node, path)
        assert isinstance(node, ScalarNode)
        return None if node.style is None and node.value in NOTHING else str(node.value)

    def _map(self, node: MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self._wrong(key, path, "a key is a name or a number")
                continue
            name = str(key.value)
            here = (*path, name)
            if name in found:
                first = self.places[here].line
                self._wrong(key, here, f"{name!r} is written twice; first in line {first}")
                continue
            self.places[here] = self._place(key)
            found[name] = self._value(value, here)
        return found

    def _list(self, node: SequenceNode, path: Path) -> list[Any]:
        found: list[Any] = []
        for number, item in enumerate(node.value):
            place = self._place(node if id(item) in self._seen else item)  # an alias has the marks of its anchor
            self.places[(*path, str(number))] = place
            if isinstance(item, ScalarNode):
                self.places.setdefault((*path, str(item.value)), place)
            found.append(self._value(item, (*path, str(number))))
        return found


def _refused(place: Place, problem: str) -> RulesRefused:
    return RulesRefused([Mistake(place.file, place.line, place.column, "-", problem)])


def _text(file: str, raw: bytes) -> str:
    if len(raw) > LARGEST:
        raise _refused(Place(file), f"the file is larger than {LARGEST // 1024 // 1024} MB")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise _refused(Place(file, raw.count(b"\n", 0, wrong.start) + 1), "the file is not UTF-8 text") from None
    if found := re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]", text):
        line = text.count("\n", 0, found.start()) + 1
        raise _refused(Place(file, line), f"the character U+{ord(found[0]):04X} does not belong into a text")
    if found := re.search(rf"(?:[\[{{]\s*){{{DEEPEST}}}", text):
        raise _refused(Place(file, text.count("\n", 0, found.start()) + 1), "nested too deeply")
    return text


def _compose(file: str, text: str) -> Node | None:
    try:
        node: Node | None = YAML(typ="safe", pure=True).compose(text)
    except YAMLError as wrong:
        mark = getattr(wrong, "problem_mark", None) or getattr(wrong, "context_mark", None)
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
        raise _refused(place, _plainly(wrong)) from None
    except RecursionError:
        raise _refused(Place(file), "nested too deeply") from None
    except (ValueError, TypeError, AttributeError, IndexError, KeyError, AssertionError, OverflowError):
        raise _refused(Place(file), "this is not YAML") from None
    _bounded(file, node)
    return node


def _bounded(file: str, node: Node | None) -> None:
    """Refuses what is nested deeper than any rules are, and what contains itself."""
    level, depth = [node] if node is not None else [], 0
    seen: set[int] = set()
    while level:
        depth += 1
        if depth > DEEPEST:
            mark = level[0].start_mark
            raise _refused(Place(file, mark.line + 1, mark.column + 1), "nested too deeply")
        inner: list[Node] = []
        for outer in level:
            if id(outer) in seen or isinstance(outer, ScalarNode):
                continue
            seen.add(id(outer))
            for part in outer.value:
                inner += part if isinstance(part, tuple) else (part,)
        level = inner


def _plainly(wrong: YAMLError) -> str:
    problem = str(getattr(wrong, "problem", "") or str(wrong).partition("\n")[0]).strip()
    if "'\\t'" in problem:
        return "a tab cannot stand here; indent with spaces"
    if "another document" in problem:
        return "only one document may be in the file; remove the line ---"
    context = getattr(wrong, "context", None)
    return f"{context}: {problem}" if context else problem
