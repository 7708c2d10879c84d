"""Which chart shows a report: a heat map of the week, a line over time, else bars."""

from collections.abc import Sequence

from clinicpbx.core.charts.bars import MOST, bars
from clinicpbx.core.charts.heat import heat
from clinicpbx.core.charts.lines import STYLES, lines
from clinicpbx.reports._dimension import DIMENSIONS, WEEKDAYS
from clinicpbx.reports._report import Column
from clinicpbx.reports._sheet import Row, names

OVER_TIME = ("day", "hour", "quarter")


def picture(title: str, columns: Sequence[Column], rows: Sequence[Row], chart: str) -> str:
    """An SVG of the column *chart*; "" where there is nothing to see."""
    if not chart or not rows:
        return ""
    drawn, by = next(column for column in columns if column.name == chart), names(columns, rows)
    words = f"{title}: {spoken(chart)}"
    if [column.name for column in by[1:]] == ["quarter"]:
        order = WEEKDAYS if by[0].name == "weekday" else list(dict.fromkeys(str(row[by[0].name]) for row in rows))
        figures = {(str(row[by[0].name]), str(row["quarter"])): float(row[chart]) for row in rows}
        return heat(words, drawn.unit or spoken(chart), order, _hours(rows), figures)
    told = [column for column in by[1:] if len({row[column.name] for row in rows}) > 1]
    kinds = list(dict.fromkeys(_joined(told, row) for row in rows))
    times = _between(by[0].name, [str(row[by[0].name]) for row in rows])
    if len(times) > 1 and len(kinds) <= len(STYLES):
        found = {(_joined(told, row), str(row[by[0].name])): row[chart] for row in rows}
        # where there is no row, nothing was counted, and there is no mean
        nothing = None if drawn.unit else 0
        series = [(kind or spoken(chart), [found.get((kind, time), nothing) for time in times]) for kind in kinds]
        return lines(words, drawn.unit, times, series)
    said = f", the first {MOST} of {len(rows)}" if len(rows) > MOST else ""
    return bars(words + said, drawn.unit, [(_joined([by[0], *told], row), row[chart]) for row in rows])


def _joined(columns: Sequence[Column], row: Row) -> str:
    return ", ".join(str(row[column.name]) for column in columns)


def spoken(name: str) -> str:
    """A column's name in words."""
    return name.replace("_", " ")


def _between(by: str, named: Sequence[str]) -> list[str]:
    """Every day, hour or quarter from the first of those *named* to the last; none for what is no time."""
    if by not in OVER_TIME:
        return []
    read, shown = DIMENSIONS[by].meant, DIMENSIONS[by].shown
    return [shown(n) for n in range(read(min(named)), read(max(named)) + 1)]


def _hours(rows: Sequence[Row]) -> list[str]:
    """Every quarter of the whole hours from the first to the last that a row names."""
    named = sorted(str(row["quarter"])[:2] for row in rows)
    return _between("quarter", [f"{named[0]}:00", f"{named[-1]}:45"])
