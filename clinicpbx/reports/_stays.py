"""Stays in queues, as rows to be added up: the figures of every report about queues are made of them."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, select, union_all
from sqlalchemy.sql.selectable import NamedFromClause

from clinicpbx.adapters.db.tables import interaction, queue_entry
from clinicpbx.reports._calls import CALL, calls_of, in_queue, of_call, of_part, patients_calls
from clinicpbx.reports._dimension import DIMENSIONS
from clinicpbx.reports._report import Column, Period
from clinicpbx.reports._sums import flag, mean, percent, seconds, total

BY = ("queue", "site", "hour", "day", "weekday", "quarter")
ENTRY = queue_entry.c


def stays(period: Period, by: str) -> NamedFromClause:
    """One row a stay in a queue of a patient's call of *period*; `what` is its *by*."""
    waited, outcome = ENTRY.waited_ms, ENTRY.outcome
    answered, abandoned = outcome == "answered", outcome == "abandoned"
    return (
        select(
            of_part(queue_entry, by, period).label("what"),
            literal(1).label("offered"),
            flag(answered).label("answered"),
            flag(abandoned).label("abandoned"),
            flag(outcome == "overflow").label("overflowed"),
            flag(outcome == "interrupted").label("interrupted"),
            flag(and_(answered, waited <= round(period.threshold * 1000))).label("answered_in_time"),
            flag(and_(abandoned, waited <= round(period.short * 1000))).label("abandoned_short"),
            case((answered, waited), else_=0).label("answer_wait_ms"),
            case((abandoned, waited), else_=0).label("abandon_wait_ms"),
            case((abandoned, waited)).label("abandon_longest_ms"),
            waited.label("longest_ms"),
            ENTRY.talk_ms,
            ENTRY.hold_ms,
            ENTRY.wrap_ms,
        )
        .join(interaction, CALL.call == ENTRY.call)
        .where(patients_calls(period))
        .subquery()
    )
