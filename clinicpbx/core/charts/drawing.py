"""The parts that charts are drawn of: SVG 1.1 as text, every word escaped."""

from collections.abc import Iterable
from html import escape
from itertools import count, pairwise
from math import ceil

WIDTH = 720
INK, QUIET, GRID, PAPER = "#1a1a1a", "#555555", "#d9d9d9", "#ffffff"
BLUE, ORANGE = "#0b5394", "#b45309"
"""Told apart by people who see no red or green, and by their dashes and marks where there is no colour at all."""
CHARACTER = 7.2
"""About the width of one, at the size of text here."""


def short(value: float) -> str:
    """*value* with at most one decimal."""
    return f"{value:.1f}".removesuffix(".0")


def text(x: float, y: float, words: str, anchor: str = "start", fill: str = INK) -> str:
    return f'<text x="{short(x)}" y="{short(y)}" text-anchor="{anchor}" fill="{fill}">{escape(words)}</text>'


def box(x: float, y: float, width: float, height: float, fill: str, tip: str = "") -> str:
    """A filled rectangle; *tip* is shown where a pointer rests on it."""
    place = f'x="{short(x)}" y="{short(y)}" width="{short(width)}" height="{short(height)}" fill="{fill}"'
    return f"<rect {place}><title>{escape(tip)}</title></rect>" if tip else f"<rect {place}/>"


def rule(x1: float, y1: float, x2: float, y2: float) -> str:
    """A thin grey line."""
    return f'<line x1="{short(x1)}" y1="{short(y1)}" x2="{short(x2)}" y2="{short(y2)}" stroke="{GRID}"/>'


def drawing(height: float, title: str, parts: Iterable[str]) -> str:
    """The whole picture, WIDTH wide; *title* is what a screen reader says of it."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {short(height)}" role="img" '
        f'aria-label="{escape(title)}" font-family="system-ui, sans-serif" font-size="12">'
    )
    return "\n".join((head, *parts, "</svg>"))


def ticks(most: float) -> list[float]:
    """Round numbers from 0 to at least *most*, two to six of them; one decimal tells them apart."""
    steps = (digit * 10.0**power / 10 for power in count() for digit in (1, 2, 5))
    step = next(step for step in steps if most <= 5 * step)
    return [round(step * n, 1) for n in range(max(ceil(most / step), 1) + 1)]


def fitting(places: Iterable[tuple[float, str]]) -> list[tuple[float, str]]:
    """Those of the labels, each with its middle, that do not run into the one before."""
    kept: list[tuple[float, str]] = []
    for x, words in places:
        if not kept or x - kept[-1][0] >= (len(words) + len(kept[-1][1])) / 2 * CHARACTER + 6:
            kept.append((x, words))
    return kept


def runs(values: Iterable[float | None]) -> list[list[tuple[int, float]]]:
    """Stretches of values without a gap, each with its place."""
    found: list[list[tuple[int, float]]] = []
    known = [(n, value) for n, value in enumerate(values) if value is not None]
    for before, after in pairwise([(-2, 0.0), *known]):
        if after[0] == before[0] + 1:
            found[-1].append(after)
        else:
            found.append([after])
    return found
