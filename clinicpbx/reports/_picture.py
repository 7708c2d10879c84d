"""Which chart shows a report: a heat map of the week, a line over time, else bars."""

from collections.abc import Sequence

from clinicpbx.core.charts.bars import MOST, bars
from clinicpbx.core.charts.heat import heat
from clinicpbx.core.charts.lines import lines
from clinicpbx.reports._dimension import WEEKDAYS
from clinicpbx.reports._report import Column
from clinicpbx.reports._sheet import Row, names

OVER_TIME = {"day", "hour", "quarter"}


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
    figured = [(", ".join(str(row[column.name]) for column in by), row[chart]) for row in rows]
    if len(by) == 1 and by[0].name in OVER_TIME and len(rows) > 1:
        return lines(words, drawn.unit, [name for name, _ in figured], [(spoken(chart), [v for _, v in figured])])
    said = f", the first {MOST} of {len(rows)}" if len(rows) > MOST else ""
    return bars(words + said, drawn.unit, figured)


def spoken(name: str) -> str:
    """A column's name in words."""
    return name.replace("_", " ")


def _hours(rows: Sequence[Row]) -> list[str]:
    """Every quarter of the whole hours from the first to the last that a row names."""
    named = sorted(str(row["quarter"])[:2] for row in rows)
    return [f"{hour:02}:{quarter:02}" for hour in range(int(named[0]), int(named[-1]) + 1) for quarter in range(0, 60, 15)]
