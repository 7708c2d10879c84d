"""What a report is: a SELECT over the records of a period, and words that say what its figures mean."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func

from clinicpbx.adapters.db.tables import interaction


@dataclass(frozen=True, slots=True)
class Period:
    """From *since*, inclusive, to *until*, exclusive; calls count by when they began. *threshold* in seconds.

    *by*: one of the report's own dimensions, "" for its first. *zone*: IANA name, whose days and hours are counted.
    """

    since: datetime
    until: datetime
    threshold: float = 20.0
    by: str = ""
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Column:
    """*unit*: "" for names and counts, else s or %."""

    name: str
    unit: str = ""
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """One report; *formula* says how each figure comes about.

    *by*: what its rows may stand for, the usual one first. *chart*: the column that is worth a picture, "" for none.
    *calls*: of a row, which interactions its figures count; None where no calls stand behind them.
    """

    title: str
    columns: tuple[Column, ...]
    formula: str
    select: Callable[[Period], Select[Any]]
    by: tuple[str, ...] = ()
    chart: str = ""
    calls: Callable[[Period, Mapping[str, Any]], ColumnElement[bool]] | None = None

    def row(self, found: dict[str, Any]) -> dict[str, Any]:
        """*found* with numbers as JSON knows them; seconds and per cent to one decimal."""
        units = {column.name: column.unit for column in self.columns}
        return {name: _plain(found[name], unit) for name, unit in units.items()}


def _plain(value: Any, unit: str) -> Any:
    if value is None or isinstance(value, str):
        return value
    return round(float(value), 1) if unit else int(value) if isinstance(value, Decimal) else value


def patients_calls(period: Period) -> ColumnElement[bool]:
    """Calls from outside that began in *period*; what our own phones call is in no report of patients."""
    call = interaction.c
    return and_(call.kind == "inbound", call.started >= period.since, call.started < period.until)


def count(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    """How many rows satisfy *condition*; 0 for none."""
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def percent(part: ColumnElement[Any], whole: ColumnElement[Any]) -> ColumnElement[Any]:
    """*part* of *whole* in per cent, null where *whole* is 0."""
    return part * 100.0 / func.nullif(whole, 0)


def seconds(milliseconds: ColumnElement[Any]) -> ColumnElement[Any]:
    return milliseconds / 1000.0
