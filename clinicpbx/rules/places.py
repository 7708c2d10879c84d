"""Where in which file each part of the rules is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from clinicpbx.errors import Mistake

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Lines and columns count from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Places:
    """*known* maps a path to its place; *file* is the entry file, where all else is."""

    file: str
    known: Mapping[Path, Place]

    def of(self, path: Sequence[str]) -> Place:
        """The place of *path*, or of the nearest part around it that is written."""
        path = tuple(path)
        if path not in self.known and path[-2:] == ("next", "done"):
            path = (*path[:-2], "then")
        for length in range(len(path), 0, -1):
            if place := self.known.get(path[:length]):
                return place
        return Place(self.file)

    def mistake(self, path: Sequence[str], problem: str, warning: bool = False) -> Mistake:
        """*problem* at the place of *path*."""
        place = self.of(path)
        return Mistake(place.file, place.line, place.column, ".".join(path) or "-", problem, warning)


def perhaps(word: str, known: object) -> str:
    """`; did you mean 'x'?` where one of *known* is near *word*, else nothing."""
    near = get_close_matches(word, map(str, known) if hasattr(known, "__iter__") else (), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
