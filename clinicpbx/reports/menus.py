"""Which keys callers press in which menu, and after which they give up."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, select
from sqlalchemy.sql.selectable import NamedFromClause

from clinicpbx.adapters.db.expressions import members, size
from clinicpbx.reports import REPORTS
from clinicpbx.reports._calls import CALL, grouped, patients_calls
from clinicpbx.reports._paths import paths
from clinicpbx.reports._report import Column, Period, Report
from clinicpbx.reports._sums import percent, total


def _presses(period: Period) -> NamedFromClause:
    """A row for each key of each path."""
    row = paths(period).c
    pressed = members(row.path).table_valued("value", "key")
    text = pressed.c.value
    return (
        select(
            func.substr(text, 1, func.length(text) - 2).label("menu"),  # a key is one character
            func.substr(text, func.length(text)).label("key"),
            row.calls.label("pressed"),
            case((pressed.c.key == size(row.path) - 1, row.left), else_=0).label("left"),
        )
        .select_from(row.path.table.join(pressed, literal(True)))
        .where(row.path != "")
        .subquery()
    )


def query(period: Period) -> Select[Any]:
    row = _presses(period).c
    pressed, left = total(row.pressed), total(row.left)
    all_pressed = func.sum(func.sum(row.pressed)).over(partition_by=row.menu)
    figures = select(
        row.menu,
        row.key,
        pressed.label("pressed"),
        percent(pressed, all_pressed).label("of_menu"),
        left.label("left"),
        percent(left, pressed).label("drop_off"),
    )
    return grouped(figures, row.menu, row.key)


def _calls(period: Period, row: Mapping[str, Any]) -> ColumnElement[bool]:
    return and_(patients_calls(period), CALL.menu_path.contains(f'"{row["menu"]}:{row["key"]}"', autoescape=True))


REPORTS.register("menus")(
    Report(
        "Keys pressed in menus",
        (
            Column("menu", meaning="the menu, by the name of its prompt"),
            Column("key", meaning="the key"),
            Column("pressed", meaning="how often it was pressed in patients' calls that began in the period"),
            Column("of_menu", "%", "share of the keys of that menu", "100 * pressed / pressed in the menu"),
            Column("left", meaning="of these, the caller hung up afterwards without reaching a queue or a person"),
            Column("drop_off", "%", "", "100 * left / pressed"),
        ),
        "A key counts each time it is pressed and leads somewhere. Left: it was the last key of a call that was "
        "abandoned outside every queue.",
        query,
        by=("menu",),
        chart="pressed",
        calls=_calls,
        edges=(
            "Who presses the same key twice in one call has pressed twice, and left once at most.",
            "Who hangs up in a menu without pressing a key is in the report menu_paths, under the path so far.",
            "Keys that the menu does not know lead nowhere and are not counted.",
        ),
        example="A key was pressed 8 times, and 2 callers hung up after it: drop-off 100 * 2 / 8 = 25.",
    )
)
