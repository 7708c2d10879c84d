"""A journey as an SVG page, to be looked at or hung on the wall."""

import textwrap
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from html import escape

from clinicpbx.rules.journey.graph import Box, Journey
from clinicpbx.rules.journey.layout import Layout, layout

WIDTH, GAP, RISE, MARGIN, LINE, PAD = 236, 30, 92, 40, 16, 12
LETTERS = 34  # of a line in a box
MOST_LINES = 8
TOP = 76
NARROWEST = 760
LEVELS = (0.2, 0.42, 0.64)

_COLOURS = {
    "entry": ("#1f3a5f", "#ffffff"),
    "choice": ("#fff3d6", "#3d2f00"),
    "person": ("#d9f2df", "#0f3d1c"),
    "message": ("#dbeafe", "#12305c"),
    "words": ("#f1f1ef", "#222222"),
}
_MEANING = {
    "choice": "the caller or the clock chooses",
    "person": "people",
    "message": "a message is taken",
    "words": "words",
}
_STYLE = "font-family:'Helvetica Neue',Arial,'Liberation Sans',sans-serif"


@dataclass(frozen=True, slots=True)
class _Place:
    x: float  # the middle
    y: float  # the top
    height: float

    @property
    def bottom(self) -> float:
        return self.y + self.height


@dataclass(frozen=True, slots=True)
class _Way:
    """An arrow from (*port*, *top*) through *stops*; its label stands *at* this part of its first curve."""

    label: str
    port: float
    top: float
    stops: tuple[_Place, ...]
    at: float


def draw(journey: Journey, foot: str) -> str:
    """One page. *foot*: what stands below, such as the rules' version and the day."""
    names = [box.name for box in journey.boxes]
    placed = layout(names, [(arrow.source, arrow.target) for arrow in journey.arrows])
    boxes = {box.name: box for box in journey.boxes}
    for source, target in placed.back:
        boxes[source] = replace(boxes[source], lines=(*boxes[source].lines, f"↩ back to “{boxes[target].title}”"))
    labelled = {arrow.source for arrow in journey.arrows if arrow.label}
    spots = _spots(placed.layers, boxes, labelled)
    ways = [way for name in names for way in _ways(name, journey, placed, spots)]
    width = max(max(spot.x for spot in spots.values()) + WIDTH / 2 + MARGIN, NARROWEST)
    height = max(spot.bottom for spot in spots.values()) + MARGIN + 30
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" style="{_STYLE};background:#fff">'
        f"<title>{escape(journey.title)}</title>"
        '<defs><marker id="tip" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto">'
        '<path d="M0,0 L8,4 L0,8 z" fill="#666"/></marker></defs>'
        f'<text x="{MARGIN}" y="40" font-size="24" font-weight="bold">{escape(journey.title)}</text>'
        f"{_legend()}"
    )
    parts = [*map(_arrow, ways), *(_box(boxes[name], spots[name]) for name in names), *map(_label, ways)]
    end = f'<text x="{MARGIN}" y="{height - 14:.0f}" font-size="11" fill="#777">{escape(foot)}</text></svg>\n'
    return "\n".join([head, *parts, end])


def _legend() -> str:
    parts, x = [], MARGIN
    for look, meaning in _MEANING.items():
        parts.append(f'<rect x="{x}" y="52" width="12" height="12" rx="3" fill="{_COLOURS[look][0]}" stroke="#999"/>')
        parts.append(f'<text x="{x + 18}" y="62" font-size="11" fill="#555">{meaning}</text>')
        x += 34 + 6 * len(meaning)
    return "".join(parts)


def _lines(box: Box) -> list[str]:
    lines = [part for line in box.lines for part in textwrap.wrap(line, LETTERS)]
    return lines if len(lines) <= MOST_LINES else [*lines[: MOST_LINES - 1], lines[MOST_LINES - 1][: LETTERS - 1] + "…"]


def _height(box: Box) -> float:
    return 2 * PAD + 18 + LINE * len(_lines(box))


def _spots(
    layers: tuple[tuple[str, ...], ...], boxes: Mapping[str, Box], labelled: AbstractSet[str]
) -> dict[str, _Place]:
    """Boxes and the bends of arrows: each layer centred under the widest, with room for labels where there are any."""

    def wide(name: str) -> float:
        return WIDTH if name in boxes else WIDTH / 4

    widths = [sum(map(wide, layer)) + GAP * (len(layer) - 1) for layer in layers]
    found: dict[str, _Place] = {}
    y = float(TOP + 20)
    for layer, width in zip(layers, widths, strict=True):
        x = MARGIN + (max(widths) - width) / 2
        tallest = max(_height(boxes[name]) if name in boxes else 0.0 for name in layer)
        for name in layer:
            height = _height(boxes[name]) if name in boxes else tallest
            found[name] = _Place(x + wide(name) / 2, y, height)
            x += wide(name) + GAP
        y += tallest + (RISE if labelled & set(layer) else RISE / 2)
    return found


def _box(box: Box, spot: _Place) -> str:
    fill, ink = _COLOURS[box.look]
    x = spot.x - WIDTH / 2
    parts = [
        f'<rect x="{x:.1f}" y="{spot.y:.1f}" width="{WIDTH}" height="{spot.height:.1f}" rx="8" '
        f'fill="{fill}" stroke="#888"/>',
        f'<text x="{x + PAD:.1f}" y="{spot.y + PAD + 12:.1f}" font-size="14" font-weight="bold" fill="{ink}">'
        f"{escape(textwrap.shorten(box.title, 30, placeholder='…'))}</text>",
    ]
    for number, line in enumerate(_lines(box), 1):
        y = spot.y + PAD + 14 + number * LINE
        parts.append(f'<text x="{x + PAD:.1f}" y="{y:.1f}" font-size="12" fill="{ink}">{escape(line)}</text>')
    return "".join(parts)


def _ways(source: str, journey: Journey, placed: Layout, spots: Mapping[str, _Place]) -> Iterator[_Way]:
    """The arrows out of *source*, side by side in the order of what they lead to; labels at three heights."""
    paths = [
        (arrow.label, placed.paths[source, arrow.target])
        for arrow in journey.arrows
        if arrow.source == source and (source, arrow.target) in placed.paths
    ]
    paths.sort(key=lambda path: spots[path[1][1]].x)
    left, here = spots[source].x - WIDTH / 2, spots[source]
    for number, (label, path) in enumerate(paths):
        port = left + WIDTH * (number + 1) / (len(paths) + 1)
        yield _Way(label, port, here.bottom, tuple(spots[name] for name in path[1:]), LEVELS[number % len(LEVELS)])


def _arrow(way: _Way) -> str:
    x, y, curve = way.port, way.top, [f"M {way.port:.1f} {way.top:.1f}"]
    for spot in way.stops:
        middle = (y + spot.y) / 2
        curve.append(f"C {x:.1f} {middle:.1f} {spot.x:.1f} {middle:.1f} {spot.x:.1f} {spot.y - 2:.1f}")
        if spot is not way.stops[-1]:
            curve.append(f"V {spot.bottom:.1f}")
        x, y = spot.x, spot.bottom
    return f'<path d="{" ".join(curve)}" fill="none" stroke="#666" stroke-width="1.4" marker-end="url(#tip)"/>'


def _label(way: _Way) -> str:
    """On the arrow's first curve (a cubic Bézier), at the part of its height that is the way's own."""
    if not way.label:
        return ""
    first, t = way.stops[0], way.at
    x = way.port + (first.x - way.port) * (3 * t**2 - 2 * t**3)
    y = way.top + (first.y - way.top) * (1.5 * t * (1 - t) + t**3)
    long = 6.4 * len(way.label) + 10
    return (
        f'<rect x="{x - long / 2:.1f}" y="{y - 9:.1f}" width="{long:.1f}" height="17" rx="4" fill="#fff" '
        'fill-opacity=".92"/>'
        f'<text x="{x:.1f}" y="{y + 4:.1f}" font-size="12" font-weight="bold" text-anchor="middle">'
        f"{escape(way.label)}</text>"
    )
