"""The ways that callers take through the menus, and how they end."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, select

from clinicpbx.reports import REPORTS
from clinicpbx.reports._calls import CALL, patients_calls
from clinicpbx.reports._paths import paths, told
from clinicpbx.reports._report import Column, Period, Report
from clinicpbx.reports._sums import percent


def query(period: Period) -> Select[Any]:
    row = paths(period).c
    drop_off = percent(row.left, row.calls).label("drop_off")
    figures = select(told(row.path).label("path"), row.calls, row.taken, row.left, drop_off)
    return figures.order_by(row.calls.desc(), row.path)


def _calls(period: Period, row: Mapping[str, Any]) -> ColumnElement[bool]:
    return and_(patients_calls(period), told(CALL.menu_path) == row["path"])


REPORTS.register("menu_paths")(
    Report(
        "Paths through the menus",
        (
            Column("path", meaning="menus and the keys pressed in them, in order; empty: no key was pressed"),
            Column("calls", meaning="patients' calls that took this path"),
            Column("taken", meaning="of these, somebody talked with the caller"),
            Column("left", meaning="of these, the caller hung up without having reached a queue or a person"),
            Column("drop_off", "%", "", "100 * left / calls"),
        ),
        "Each inbound call is in exactly one row, the most frequent path first.",
        query,
        chart="calls",
        calls=_calls,
        edges=(
            "Who hangs up while the first menu speaks is in the row of the empty path, as is who never met a menu.",
            "Paths that differ in a key pressed twice are two paths.",
            "Who waited in a queue and gave up there has not left the menu.",
        ),
        example="Of 4 calls by one path 1 hung up before reaching anybody: drop-off 100 * 1 / 4 = 25.",
    )
)
