"""Lines over time: the first is drawn through with round marks, the second dashed with square ones."""

from collections.abc import Iterator, Sequence
from html import escape

from clinicpbx.core.charts.drawing import (
    BLUE,
    ORANGE,
    PAPER,
    QUIET,
    WIDTH,
    box,
    drawing,
    fitting,
    rule,
    runs,
    short,
    text,
    ticks,
)

LEFT, RIGHT, TOP, HIGH = 52, 16, 28, 180
CLOSE = 8
"""Nearer than so many pixels, points get no marks."""
STYLES = ((BLUE, ""), (ORANGE, ' stroke-dasharray="5 3"'))


def lines(title: str, unit: str, times: Sequence[str], series: Sequence[tuple[str, Sequence[float | None]]]) -> str:
    """*times*: what stands below; *series*: at most two names, each with a value a time, None where there is none.

    *unit*: "" for counts, else s, % or the like.
    """
    scale = ticks(max((value or 0 for _, values in series for value in values), default=0))
    across = (WIDTH - LEFT - RIGHT - 20) / max(len(times) - 1, 1)
    up = HIGH / scale[-1]
    places = [LEFT + 10 + n * across for n in range(len(times))]
    parts = [rule(LEFT, TOP + HIGH - at * up, WIDTH - RIGHT, TOP + HIGH - at * up) for at in scale]
    parts += [text(LEFT - 6, TOP + HIGH - at * up + 4, short(at), "end", QUIET) for at in scale]
    parts += [text(LEFT - 6, 12, unit, "end", QUIET)] if unit else []
    parts += [text(x, TOP + HIGH + 18, words, "middle", QUIET) for x, words in fitting(zip(places, times, strict=True))]
    for n, (name, values) in enumerate(series):
        points = [[(places[at], TOP + HIGH - value * up, at, value) for at, value in run] for run in runs(values)]
        parts += _legend(n, name) if len(series) > 1 else []
        for run in points:
            path = " ".join(f"{short(x)},{short(y)}" for x, y, *_ in run)
            colour, dash = STYLES[n]
            parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
            if across >= CLOSE:
                tips = [f"{name} {times[at]}: {short(value)} {unit}".strip() for _, _, at, value in run]
                parts += [_mark(n, x, y, tip) for (x, y, *_), tip in zip(run, tips, strict=True)]
    return drawing(TOP + HIGH + 28, title, parts)


def _legend(n: int, name: str) -> Iterator[str]:
    x, (colour, dash) = LEFT + 10 + n * 260, STYLES[n]
    yield f'<line x1="{x}" y1="10" x2="{x + 26}" y2="10" stroke="{colour}" stroke-width="2"{dash}/>'
    yield _mark(n, x + 13, 10, "")
    yield text(x + 34, 14, name)


def _mark(n: int, x: float, y: float, tip: str) -> str:
    if n:
        return box(x - 3.5, y - 3.5, 7, 7, STYLES[n][0], tip)
    words = f"<title>{escape(tip)}</title>" if tip else ""
    circle = f'<circle cx="{short(x)}" cy="{short(y)}" r="4" fill="{STYLES[n][0]}" stroke="{PAPER}"'
    return f"{circle}>{words}</circle>" if tip else f"{circle}/>"
