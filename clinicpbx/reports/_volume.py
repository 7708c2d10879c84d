"""Calls to be added up: each a row of its own, or many in a row of the tally."""

from sqlalchemy import literal, select
from sqlalchemy.sql.selectable import NamedFromClause

from clinicpbx.adapters.db.tally_tables import call_tally
from clinicpbx.reports._calls import CALL, begun, of_call
from clinicpbx.reports._report import Period
from clinicpbx.reports._sums import flag
from clinicpbx.reports._tallied import countable, covered

BY = ("did", "site", "hour", "day", "weekday", "quarter")


def volume(period: Period, by: str, *also: str) -> NamedFromClause:
    """The calls of *period* of every kind but test calls; `what` is the *by* of a row, *also* what else it is by.

    `calls`, `taken` by somebody, `transferred`, and `talk_ms` without hold.
    """
    return (_tallies if countable(period) else _rows)(period, (by, *also))


def _tallies(period: Period, by: tuple[str, ...]) -> NamedFromClause:
    grain = "demand" if {*by} & {"site", "did"} else "week"
    row, parts = call_tally.c, [covered(call_tally, one, period, grain) for one in by]
    # by the hour or the weekday other rows of the tally cover the period than by anything else
    chosen = sorted(range(len(by)), key=lambda n: by[n] not in ("hour", "weekday", "quarter"))[0]
    return (
        select(
            *(what.label(name) for (what, _), name in zip(parts, ("what", *by[1:]), strict=True)),
            row.kind,
            row.outcome,
            *(row[name] for name in ("calls", "taken", "transferred")),
            (row.talk_ms - row.hold_ms).label("talk_ms"),
        )
        .where(parts[chosen][1])
        .subquery()
    )


def _rows(period: Period, by: tuple[str, ...]) -> NamedFromClause:
    names = ("what", *by[1:])
    return (
        select(
            *(of_call(one, period).label(name) for one, name in zip(by, names, strict=True)),
            CALL.kind,
            CALL.outcome,
            literal(1).label("calls"),
            flag(CALL.answered.is_not(None)).label("taken"),
            flag(CALL.transfers != "[]").label("transferred"),
            (CALL.talk_ms - CALL.hold_ms).label("talk_ms"),
        )
        .where(begun(period))
        .subquery()
    )
