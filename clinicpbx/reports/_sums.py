"""Sums, shares and means, null where nothing is divided by."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, case, cast, func


def flag(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """1 where *condition* holds, else 0."""
    return case((condition, 1), else_=0)


def total(column: ColumnElement[Any]) -> ColumnElement[int]:
    """The sum of *column*, 0 for no rows."""
    return cast(func.coalesce(func.sum(column), 0), BigInteger)


def count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """How many rows satisfy *condition*."""
    return total(flag(condition))


def percent(part: ColumnElement[Any], whole: ColumnElement[Any]) -> ColumnElement[Any]:
    """*part* of *whole* in per cent, null where *whole* is 0."""
    return part * 100.0 / func.nullif(whole, 0)


def mean(milliseconds: ColumnElement[Any], number: ColumnElement[Any]) -> ColumnElement[Any]:
    """Seconds for each of *number*, null where there is none."""
    return milliseconds / 1000.0 / func.nullif(number, 0)


def seconds(milliseconds: ColumnElement[Any]) -> ColumnElement[Any]:
    return milliseconds / 1000.0
