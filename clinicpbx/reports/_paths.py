"""The ways that callers took through the menus, added up: from the calls, or from the tally."""

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.sql.selectable import NamedFromClause

from clinicpbx.adapters.db.tally_tables import path_tally
from clinicpbx.reports._calls import CALL, entries, patients_calls
from clinicpbx.reports._report import Period
from clinicpbx.reports._sums import count, total
from clinicpbx.reports._tallied import countable, covered

STEP = '", "'
LOST = and_(CALL.outcome == "abandoned", CALL.answered.is_(None), ~entries())


def paths(period: Period) -> NamedFromClause:
    """A row for each `path`, as the record has it: its `calls`, `taken`, and `left` before a queue or a person."""
    if countable(period):
        row = path_tally.c
        _, within = covered(path_tally, "path", period)
        counts = (total(row[name]).label(name) for name in ("calls", "taken", "left"))
        return select(row.path, *counts).where(within).group_by(row.path).subquery()
    counted = (func.count(), count(CALL.answered.is_not(None)), count(LOST))
    figures = (figure.label(name) for figure, name in zip(counted, ("calls", "taken", "left"), strict=True))
    path = CALL.menu_path.label("path")
    return select(path, *figures).where(patients_calls(period)).group_by(CALL.menu_path).subquery()


def told(path: ColumnElement[str]) -> ColumnElement[str]:
    """`main:1 > more:2` of the list `["main:1", "more:2"]`."""
    return func.trim(func.replace(path, STEP, " > "), '[]"')
