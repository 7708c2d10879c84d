"""How soon somebody on call accepted what they were paged for."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Select, and_, case, func, select

from clinicpbx.adapters.db.expressions import elapsed, instant, said
from clinicpbx.adapters.db.tables import fact
from clinicpbx.core.records.rows import stamp
from clinicpbx.reports import REPORTS
from clinicpbx.reports._calls import grouped
from clinicpbx.reports._dimension import CLOCK
from clinicpbx.reports._report import Column, Period, Report
from clinicpbx.reports._sums import count, mean, percent, seconds, total
from clinicpbx.reports._zone import clock

BY = ("person", "day", "weekday", "hour")
LONGEST = timedelta(days=2)
"""After its beginning a page is looked for so long."""


def query(period: Period) -> Select[Any]:
    by, told = period.by or BY[0], fact.c
    event, what = said(told.body, "event"), said(told.body, "result")
    page = (
        select(
            func.min(case((event == "begun", told.at))).label("begun"),
            func.min(case((event == "accepted", told.at))).label("accepted"),
            func.max(case((event == "accepted", said(told.body, "who")))).label("who"),
            func.max(case((event == "begun", what))).label("kind"),
            count(event == "rung").label("rung"),
        )
        .where(told.kind == "page", told.at >= stamp(period.since), told.at < stamp(period.until + LONGEST))
        .group_by(said(told.body, "page"))
        .subquery()
        .c
    )
    stands = clock(by, instant(page.begun), period) if by in CLOCK else func.coalesce(page.who, "")
    one = (
        select(stands.label("what"), page.rung, elapsed(instant(page.begun), instant(page.accepted)).label("took_ms"))
        .where(and_(page.begun.is_not(None), page.begun < stamp(period.until), page.kind.not_like("handover%")))
        .subquery()
        .c
    )
    pages, accepted = func.count(), count(one.took_ms.is_not(None))
    figures = select(
        one.what.label(by),
        pages.label("pages"),
        accepted.label("accepted"),
        percent(accepted, pages).label("rate"),
        total(one.rung).label("rung"),
        mean(total(one.took_ms), accepted).label("response"),
        seconds(func.max(one.took_ms)).label("longest"),
    )
    return grouped(figures, one.what)


REPORTS.register("on_call")(
    Report(
        "On-call response",
        (
            Column("person", meaning="who on call accepted it"),
            Column("pages", meaning="pages that began in the period"),
            Column("accepted", meaning="of these, somebody accepted by a key"),
            Column("rate", "%", "", "100 * accepted / pages"),
            Column("rung", meaning="how often a telephone of somebody on call rang for them"),
            Column("response", "s", "mean time from the page to its acceptance", "sum / accepted"),
            Column("longest", "s", "longest time from the page to its acceptance"),
        ),
        "A page begins when the rules ask for somebody on call, not when the first telephone rings. It is read from "
        "what the daemon noted about each page.",
        query,
        by=BY,
        chart="response",
        edges=(
            "To answer is not to accept: who hangs up without the key has not accepted.",
            "A page that several people were rung for counts once, with the one who accepted.",
            "What nobody has accepted yet, within two days, stands under nobody, without a response.",
            "The handover of a shift is not counted.",
        ),
        example="3 pages, accepted after 30 s and 90 s, one not: rate 100 * 2 / 3 = 66.7, response (30 + 90) / 2 = 60.",
    )
)
