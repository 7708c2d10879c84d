"""How many callers had to call once: no further call for the same reason within some days."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, and_, literal, select, union_all
from sqlalchemy.sql.selectable import NamedFromClause

from clinicpbx.adapters.db.expressions import elapsed
from clinicpbx.adapters.db.tally_tables import contact_tally, widened
from clinicpbx.core.records.tally import DAYS
from clinicpbx.reports import REPORTS
from clinicpbx.reports._calls import CALL, calls_of, grouped, of_call, patients_calls
from clinicpbx.reports._report import Column, Period, Report
from clinicpbx.reports._sums import flag, percent, total
from clinicpbx.reports._tallied import countable, covered

BY = ("category", "site", "day", "weekday", "hour", "quarter")
DAY_MS = 86_400_000
CONTACT = (CALL.number != "", CALL.answered.is_not(None))


def _ripe(period: Period) -> Period:
    """The part of *period* of whose calls it is known whether the patient came again."""
    last = min(period.until, (period.now or period.until) - timedelta(days=period.days))
    return replace(period, until=max(widened(last, last)[0], period.since))


def _contacts(period: Period, by: str) -> NamedFromClause:
    """`contacts`, those `known` by now, and those that came `again`; `what` is the *by* of a row."""
    ripe, nothing = _ripe(period), literal(0)
    if countable(period) and period.days in DAYS:
        row = contact_tally.c
        again = sum((row[f"again_{days}"] for days in DAYS if days <= period.days), nothing)
        (what, within), (same, before) = (covered(contact_tally, by, each) for each in (period, ripe))
        every = select(what.label("what"), row.contacts, nothing.label("known"), nothing.label("again"))
        known = select(same, nothing, row.contacts, again).where(before)
        parts = (every.where(within), *((known,) if ripe.since < ripe.until else ()))
        return union_all(*parts).subquery()
    known_now = CALL.started < ripe.until
    soon = elapsed(CALL.started, CALL.again) <= period.days * DAY_MS
    return (
        select(
            of_call(by, period).label("what"),
            literal(1).label("contacts"),
            flag(known_now).label("known"),
            flag(and_(known_now, CALL.again.is_not(None), soon)).label("again"),
        )
        .where(patients_calls(period), *CONTACT)
        .subquery()
    )


def query(period: Period) -> Select[Any]:
    by = period.by or BY[0]
    row = _contacts(period, by).c
    known, again = total(row.known), total(row.again)
    figures = select(
        row.what.label(by),
        total(row.contacts).label("contacts"),
        known.label("known"),
        again.label("again"),
        percent(known - again, known).label("resolution"),
    )
    return grouped(figures, row.what)


REPORTS.register("first_call_resolution")(
    Report(
        "First-call resolution by reason",
        (
            Column("category", meaning="what the caller wanted, by the rules"),
            Column("contacts", meaning="patients' calls that somebody took, from a number that was shown"),
            Column("known", meaning="of these, those old enough to know: begun at least the days (7 unless named) ago"),
            Column("again", meaning="of the known, those after which the same number called within the days"),
            Column("resolution", "%", "first-call resolution", "100 * (known - again) / known"),
        ),
        "A contact is resolved where no call of the same number for the same reason begins within so many times 24 "
        "hours after it began. It says that the patient did not have to call again, not that the patient is content.",
        query,
        by=BY,
        chart="resolution",
        calls=calls_of(*CONTACT),
        edges=(
            "The next call counts whether or not somebody took it.",
            "Who calls three times about one thing has two contacts that were not resolved, and one that was.",
            "Calls of which no reason is known count as being for one and the same.",
            "Several patients behind one number (a family, a practice) count as one.",
            "Withheld numbers are in no figure. The last days of a period that ends now are not known yet.",
        ),
        example="6 contacts, 5 of them old enough, after 1 of which the number called again: 100 * (5 - 1) / 5 = 80.",
    )
)
