"""Lying bars, one to a name, each with its figure."""

from collections.abc import Sequence

from clinicpbx.core.charts.drawing import BLUE, CHARACTER, QUIET, WIDTH, box, drawing, rule, short, text, ticks

HIGH, STEP, TOP = 16, 24, 8
LONGEST = 28
MOST = 40


def bars(title: str, unit: str, figures: Sequence[tuple[str, float | None]]) -> str:
    """*figures*: names and what is drawn of each, None where there is no figure; MOST of them at most.

    *unit*: "" for counts, else s, % or the like.
    """
    shown = figures[:MOST]
    names = [name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…" for name, _ in shown]
    left = max(map(len, names), default=0) * CHARACTER + 12
    scale = ticks(max((value or 0 for _, value in shown), default=0))
    each = (WIDTH - left - 60) / scale[-1]
    bottom = TOP + STEP * len(shown)
    parts = [rule(left + at * each, TOP, left + at * each, bottom) for at in scale]
    parts += [text(left + at * each, bottom + 16, short(at), "middle", QUIET) for at in scale]
    for n, (name, (_, value)) in enumerate(zip(names, shown, strict=True)):
        y = TOP + STEP * n + (STEP - HIGH) / 2
        said = "none" if value is None else f"{short(value)} {unit}".rstrip()
        long = (value or 0) * each
        parts += [text(left - 8, y + 12, name, "end"), text(left + long + 5, y + 12, said)]
        parts += [box(left, y, long, HIGH, BLUE, f"{shown[n][0]}: {said}")] if long else []
    return drawing(bottom + 24, title, parts)
