"""What a report is: a SELECT over the records of a period, and words that say what its figures mean."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select

from clinicpbx.core.acd.target import QueueTarget
from clinicpbx.reports._dimension import DIMENSIONS


@dataclass(frozen=True, slots=True)
class Period:
    """From *since*, inclusive, to *until*, exclusive; calls count by when they began.

    *threshold*: of the service level, in seconds, but for the queues in *targets*, which have their own. *by*: one of
    the report's own dimensions, "" for its first. *zone*: IANA name, whose days and hours are counted. *short*: who
    hangs up within so many seconds did not wait. *days*: within which the same number may not come again. *now*: up to
    when things are known, else *until*. *tallied*: by what was counted beforehand, where that says the same; else by
    the rows themselves, however many.
    """

    since: datetime
    until: datetime
    threshold: float = 20.0
    by: str = ""
    zone: str = "UTC"
    short: float = 5.0
    days: int = 7
    now: datetime | None = None
    tallied: bool = True
    targets: Mapping[str, QueueTarget] = field(default_factory=dict)

    def counted(self, threshold: float | None, targets: Mapping[str, QueueTarget]) -> "Period":
        """By *threshold* where one is named, which asks something else than what *targets* promise; else by them."""
        return replace(self, targets=targets) if threshold is None else replace(self, threshold=threshold)

    @property
    def known(self) -> datetime:
        """Until when what is still going on counts."""
        return min(self.until, self.now or self.until)


@dataclass(frozen=True, slots=True)
class Column:
    """*unit*: "" for names and counts, else s, % or what a mean is of.

    *formula*: how it comes about, where that is not its meaning. *only*: it is there where a row stands for that; "" is
    always. *told*: makes it of the other columns, as they are shown. *alarm*: a value that must not be overlooked.
    """

    name: str
    unit: str = ""
    meaning: str = ""
    formula: str = ""
    only: str = ""
    told: Callable[["Period", Mapping[str, Any]], str] | None = None
    alarm: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """One report; *formula* says what its rows count and what its figures have in common.

    *by*: what its rows may stand for, the usual one first: it is the first column. *chart*: the column that is worth a
    picture, "" for none. *calls*: of a row as it is shown, which interactions its figures count; None where no calls
    stand behind them. *edges*: what is counted how where one may doubt. *example*: sums, checked by a test.
    """

    title: str
    columns: tuple[Column, ...]
    formula: str
    select: Callable[[Period], Select[Any]]
    by: tuple[str, ...] = ()
    chart: str = ""
    calls: Callable[[Period, Mapping[str, Any]], ColumnElement[bool]] | None = None
    edges: tuple[str, ...] = ()
    example: str = ""

    def columns_of(self, by: str = "") -> tuple[Column, ...]:
        """The columns where a row stands for *by*."""
        if by in ("", self.columns[0].name):
            return self.columns
        rest = (column for column in self.columns[1:] if column.only in ("", by))
        return (Column(by, meaning=DIMENSIONS[by].meaning), *rest)

    def row(self, found: Mapping[str, Any], period: Period) -> dict[str, Any]:
        """*found* as people and JSON know it: names in words, numbers; seconds and per cent to one decimal."""
        columns = self.columns_of(period.by)
        row = {column.name: None if column.told else _plain(column, found[column.name]) for column in columns}
        return row | {column.name: column.told(period, row) for column in columns if column.told}


def _plain(column: Column, value: Any) -> Any:
    if column.name in DIMENSIONS:
        return DIMENSIONS[column.name].shown(value)
    if value is None or isinstance(value, str):
        return value
    return round(float(value), 1) if column.unit else int(value) if isinstance(value, Decimal) else value
