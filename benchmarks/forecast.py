"""How far the forecast of calls is off on weeks it has not seen: generated clinics, and what a person would guess."""

import argparse
import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from random import Random
from statistics import median

from clinicpbx.core.staffing.forecast import DAY
from clinicpbx.core.staffing.judged import judged

Day = tuple[date, list[int]]
FIRST = date(2027, 1, 4)
WEEKDAYS = (1.35, 1.1, 1.0, 0.95, 0.9, 0.25, 0.0)


@dataclass(frozen=True, slots=True)
class Shape:
    """*growth* a week, *swing* of the year, *spread* of a day beyond chance; *odd*: the share of days on which half
    the calls were lost, or twice as many came, and a wave of illness for five weeks of the winter."""

    growth: float = 0.0
    swing: float = 0.0
    spread: float = 0.0
    odd: float = 0.0


SHAPES = {
    "steady": Shape(),
    "growing": Shape(growth=0.004),
    "seasonal": Shape(swing=0.25),
    "real": Shape(growth=0.002, swing=0.15, spread=0.1, odd=0.03),
}


def holidays(years: range) -> set[date]:
    """Closed days, much as a clinic in the United States has them."""
    found: set[date] = set()
    for year in years:
        found |= {date(year, 1, 1), date(year, 7, 4), date(year, 12, 25)}
        found |= {_nth(year, 5, 0, -1), _nth(year, 9, 0, 0), _nth(year, 11, 3, 3)}
    return found


def _nth(year: int, month: int, weekday: int, which: int) -> date:
    days = [day for n in range(31) if (day := date(year, month, 1) + n * DAY).month == month]
    return [day for day in days if day.weekday() == weekday][which]


def clinic(calls: float, weeks: int, shape: Shape, random: Random) -> Iterator[Day]:
    """Days of quarter hours from 8:00 to 17:00, *calls* on a mean weekday: Poisson, with two peaks a day."""
    profile = [math.exp(-(((q - 6) / 5) ** 2)) + 0.6 * math.exp(-(((q - 22) / 6) ** 2)) + 0.25 for q in range(36)]
    total, closed = sum(profile), holidays(range(2027, 2031))
    for n in range(weeks * 7):
        day = FIRST + n * DAY
        level = calls * WEEKDAYS[day.weekday()] * (1 + shape.growth * n / 7) * _season(day, shape)
        level *= random.lognormvariate(0, shape.spread) * (0.05 if day in closed else 1.3 if day - DAY in closed else 1)
        lost, more = random.random() < shape.odd, random.random() < shape.odd
        parts = profile[: len(profile) // 2] if lost else profile
        came = [_poisson(level * (2 if more else 1) * part / total, random) for part in parts]
        yield day, came + [0] * (len(profile) - len(parts))


def _season(day: date, shape: Shape) -> float:
    ill = 1.4 if shape.odd and day.month == 2 else 1.0
    return ill * (1 + shape.swing * math.cos(2 * math.pi * (day.timetuple().tm_yday - 20) / 365))


def _poisson(mean: float, random: Random) -> int:
    """Knuth's, in pieces small enough for exp."""
    count = 0
    while mean > 0:
        piece, product = min(mean, 30.0), random.random()
        limit = math.exp(-piece)
        while product > limit:
            count, product = count + 1, product * random.random()
        mean -= piece
    return count


def tried(shape: Shape, calls: float, weeks: int, clinics: int) -> dict[str, dict[str, float]]:
    """The medians over *clinics* of each error in per cent, of the last six weeks."""
    closed = holidays(range(2026, 2032))
    found = [
        judged(dict(clinic(calls, weeks, shape, Random(seed))), closed, weeks=6)  # noqa: S311
        for seed in range(clinics)
    ]
    told = [asdict(one) for one in found]
    return {who: {what: round(median(one[who][what] for one in told), 2) for what in told[0][who]} for who in told[0]}


def main() -> int:
    """The last line is JSON. 1 where in the median over all rows a guess by hand is nearer than the forecast."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", action="store_true", help="Print the JSON line only.")
    options.add_argument("--clinics", type=int, default=20, help="Of each shape and size.")
    chosen = options.parse_args()
    rows = []
    for name, shape in SHAPES.items():
        for calls, weeks in ((60, 16), (600, 16), (600, 70)):
            errors = tried(shape, calls, weeks, chosen.clinics)
            rows.append({"shape": name, "calls_a_day": calls, "weeks": weeks, **errors})
            if not chosen.json:
                told = ", ".join(f"{who} {each['days']:.1f} / {each['intervals']:.1f}" for who, each in errors.items())
                print(f"{name:9} {calls:4} calls a day, {weeks} weeks known: {told} %")
    by_hand = ("last_week", "four_weeks")
    better = [
        row["ours"][what] / min(row[who][what] for who in by_hand) for row in rows for what in ("days", "intervals")
    ]
    held = median(better) <= 1
    words = "MAPE of days / WAPE of quarter hours, per cent, six weeks ahead week by week"
    print(
        json.dumps(
            {"benchmark": "forecast", "error": words, "rows": rows, "ratio": round(median(better), 3), "passed": held}
        )
    )
    return 0 if held else 1


if __name__ == "__main__":
    raise SystemExit(main())
