"""A heat map: rows by columns, the darker the more."""

from collections.abc import Iterator, Mapping, Sequence

from clinicpbx.core.charts.drawing import CHARACTER, GRID, QUIET, WIDTH, box, drawing, fitting, short, text, ticks

SHADES = ("#ffffff", "#dbe9f6", "#a9cce8", "#6aa3d5", "#2f75b5", "#0b3d6e")
"""From nothing to the most; one blue, so that its lightness alone tells."""
HIGH, TOP, RIGHT = 24, 22, 8


def heat(
    title: str, unit: str, rows: Sequence[str], columns: Sequence[str], figures: Mapping[tuple[str, str], float]
) -> str:
    """*figures*: by row and column; what is not there is 0. *unit*: what they count."""
    most = max(figures.values(), default=0)
    steps = _steps(most)
    left = max(map(len, rows), default=0) * CHARACTER + 12
    wide = (WIDTH - left - RIGHT) / max(len(columns), 1)
    bottom = TOP + HIGH * len(rows)
    heads = [(left + n * wide, name) for n, name in enumerate(columns) if name.endswith(":00") or ":" not in name]
    parts = [text(x, TOP - 8, words, "start", QUIET) for x, words in fitting(heads)]
    for y, row in enumerate(rows):
        parts.append(text(left - 8, TOP + HIGH * y + 16, row, "end"))
        for x, column in enumerate(columns):
            value = figures.get((row, column), 0)
            tip = f"{row} {column}: {short(value)} {unit}".rstrip() if value else ""
            fill = SHADES[sum(value > step for step in (0, *steps[:-1]))]
            parts.append(box(left + x * wide, TOP + HIGH * y + 1, wide, HIGH - 2, fill, tip))
    parts.append(f'<rect x="{short(left)}" y="{TOP}" width="{short(wide * len(columns))}" '
                 f'height="{HIGH * len(rows)}" fill="none" stroke="{GRID}"/>')  # fmt: skip
    return drawing(bottom + 36, title, [*parts, *_legend(left, bottom + 12, steps, unit)])


def _steps(most: float) -> list[float]:
    """The most that each shade but the first stands for."""
    end = max(ticks(most)[-1], len(SHADES) - 1)
    return [end * n / (len(SHADES) - 1) for n in range(1, len(SHADES))]


def _legend(x: float, y: float, steps: Sequence[float], unit: str) -> Iterator[str]:
    words = ["0", *(f"to {short(step)}" for step in steps)]
    words[-1] = f"{words[-1]} {unit}".rstrip()
    for shade, said in zip(SHADES, words, strict=True):
        yield f'<rect x="{short(x)}" y="{short(y)}" width="14" height="14" fill="{shade}" stroke="{GRID}"/>'
        yield text(x + 19, y + 12, said, fill=QUIET)
        x += 19 + len(said) * CHARACTER + 16
