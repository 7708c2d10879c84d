"""The ways that callers take through the menus, and how they end."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select

from clinicpbx.reports import REPORTS
from clinicpbx.reports._calls import CALL, entries, patients_calls
from clinicpbx.reports._report import Column, Period, Report
from clinicpbx.reports._sums import count, percent

LOST = and_(CALL.outcome == "abandoned", ~entries())
STEP = '", "'


def _path() -> ColumnElement[str]:
    """`main:1 > more:2` of the list `["main:1", "more:2"]`."""
    return func.trim(func.replace(CALL.menu_path, STEP, " > "), '[]"')


def query(period: Period) -> Select[Any]:
    calls, gone = func.count(), count(LOST)
    return (
        select(
            _path().label("path"),
            calls.label("calls"),
            count(CALL.answered.is_not(None)).label("taken"),
            gone.label("left"),
            percent(gone, calls).label("drop_off"),
        )
        .where(patients_calls(period))
        .group_by(CALL.menu_path)
        .order_by(calls.desc(), CALL.menu_path)
    )


def _calls(period: Period, row: Mapping[str, Any]) -> ColumnElement[bool]:
    return and_(patients_calls(period), _path() == row["path"])


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
        "Each inbound call is in exactly one row, the most frequent path first. It is read from the calls themselves.",
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
