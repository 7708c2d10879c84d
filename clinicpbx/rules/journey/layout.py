"""Boxes in layers, arrows between them: places for a drawing of a journey.

Layers by longest path, crossings lessened by barycentres (Sugiyama, Tagawa, Toda 1981).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Edge = tuple[str, str]
SWEEPS = 12


@dataclass(frozen=True, slots=True)
class Layout:
    """*layers* from top to bottom; *paths*: edge to the names it passes, bends (`A→B@2`) among them; *back*: edges
    that lead up again, which have no path."""

    layers: tuple[tuple[str, ...], ...]
    paths: Mapping[Edge, tuple[str, ...]]
    back: frozenset[Edge]


def layout(names: Sequence[str], edges: Iterable[Edge]) -> Layout:
    """Every name reachable from the first one, in layers; *edges* in the order in which they are drawn."""
    forward, back = _without_circles(names[0], list(dict.fromkeys(edges)))
    depth = _depths(names[0], forward)
    paths = {edge: _path(edge, depth) for edge in forward}
    rows: list[list[str]] = [[] for _ in range(max(depth.values()) + 1)]
    for name in names:
        if name in depth:
            rows[depth[name]].append(name)
    for edge, path in paths.items():
        for step, bend in enumerate(path[1:-1], depth[edge[0]] + 1):
            rows[step].append(bend)
    _untangle(rows, [pair for path in paths.values() for pair in pairwise(path)])
    return Layout(tuple(map(tuple, rows)), paths, frozenset(back))


def _without_circles(start: str, edges: list[Edge]) -> tuple[list[Edge], list[Edge]]:
    """The edges that go on, and those that lead back to a name on the way."""
    following: dict[str, list[str]] = {}
    for source, target in edges:
        following.setdefault(source, []).append(target)
    forward: list[Edge] = []
    back: list[Edge] = []
    done: set[str] = set()
    way: list[tuple[str, int]] = [(start, 0)]
    on_way = {start}
    while way:
        name, at = way.pop()
        if at == len(following.get(name, ())):
            on_way.discard(name)
            done.add(name)
            continue
        way.append((name, at + 1))
        target = following[name][at]
        (back if target in on_way else forward).append((name, target))
        if target not in on_way and target not in done:
            on_way.add(target)
            way.append((target, 0))
    return forward, back


def _depths(start: str, edges: list[Edge]) -> dict[str, int]:
    """The longest way from *start* to each name; *edges* have no circle."""
    depth = {start: 0}
    changed = True
    while changed:
        changed = False
        for source, target in edges:
            if source in depth and depth.get(target, -1) <= depth[source]:
                depth[target] = depth[source] + 1
                changed = True
    return depth


def _path(edge: Edge, depth: Mapping[str, int]) -> tuple[str, ...]:
    source, target = edge
    between = range(depth[source] + 1, depth[target])
    return (source, *(f"{source}→{target}@{layer}" for layer in between), target)


def _untangle(rows: list[list[str]], pairs: list[Edge]) -> None:
    above: dict[str, list[str]] = {}
    below: dict[str, list[str]] = {}
    for source, target in pairs:
        above.setdefault(target, []).append(source)
        below.setdefault(source, []).append(target)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        order = range(1, len(rows)) if down else range(len(rows) - 2, -1, -1)
        for layer in order:
            other = rows[layer - 1] if down else rows[layer + 1]
            rows[layer] = _by_barycentre(rows[layer], other, above if down else below)


def _by_barycentre(row: list[str], other: list[str], near: Mapping[str, list[str]]) -> list[str]:
    place = {name: (index + 0.5) / len(other) for index, name in enumerate(other)}
    mine = {name: (index + 0.5) / len(row) for index, name in enumerate(row)}

    def centre(name: str) -> float:
        places = [place[neighbour] for neighbour in near.get(name, ()) if neighbour in place]
        return sum(places) / len(places) if places else mine[name]

    return sorted(row, key=centre)
