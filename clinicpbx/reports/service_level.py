"""How many callers were answered in time, by queue: three definitions, each by its name."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, func, select

from clinicpbx.reports import REPORTS
from clinicpbx.reports._calls import calls_of, entries, grouped
from clinicpbx.reports._report import Column, Period, Report
from clinicpbx.reports._stays import BY, stays
from clinicpbx.reports._sums import mean, percent, seconds, total


def query(period: Period) -> Select[Any]:
    by = period.by or BY[0]
    stay = stays(period, by).c
    offered, answered, quick = total(stay.offered), total(stay.answered), total(stay.answered_in_time)
    short = total(stay.abandoned_short)
    figures = select(
        stay.what.label(by),
        offered.label("offered"),
        answered.label("answered"),
        total(stay.abandoned).label("abandoned"),
        short.label("abandoned_short"),
        total(stay.overflowed).label("overflowed"),
        total(stay.interrupted).label("interrupted"),
        quick.label("answered_in_time"),
        percent(quick, offered).label("of_offered"),
        percent(quick, offered - short).label("of_offered_but_short"),
        percent(quick, answered).label("of_answered"),
        percent(total(stay.abandoned), offered).label("abandonment"),
        mean(total(stay.answer_wait_ms), answered).label("speed_of_answer"),
        seconds(func.max(stay.longest_ms)).label("longest_wait"),
    )
    return grouped(figures, stay.what)


def _promised(period: Period, row: Mapping[str, Any]) -> str:
    return str(period.targets.get(row["queue"], ""))


def _met(period: Period, row: Mapping[str, Any]) -> str:
    target = period.targets.get(row["queue"])
    if target is None:
        return ""
    return "no" if any(target.missed(row["of_offered"], row["abandonment"])) else "yes"


REPORTS.register("service_level")(
    Report(
        "Service level by queue",
        (
            Column("queue", meaning="the queue, by its name in the rules"),
            Column("offered", meaning="stays in the queue; a call that comes back is a stay of its own"),
            Column("target", meaning="what the rules say that the queue promises", only="queue", told=_promised),
            Column("met", meaning="whether of_offered and abandonment hold it", only="queue", told=_met, alarm="no"),
            Column("answered", meaning="stays that ended because somebody took the call"),
            Column("abandoned", meaning="stays in which the caller hung up"),
            Column("abandoned_short", meaning="of these, after at most the short threshold (5 s unless named)"),
            Column("overflowed", meaning="stays that the rules or a key ended: another queue, mailbox, call-back"),
            Column("interrupted", meaning="stays that ended because the telephone system did"),
            Column("answered_in_time", meaning="answered after at most the time of the queue's target, else 20 s"),
            Column("of_offered", "%", "service level of all", "100 * answered_in_time / offered"),
            Column(
                "of_offered_but_short",
                "%",
                "service level of all but those who left at once",
                "100 * answered_in_time / (offered - abandoned_short)",
            ),
            Column("of_answered", "%", "service level of those answered", "100 * answered_in_time / answered"),
            Column("abandonment", "%", "callers who hung up", "100 * abandoned / offered"),
            Column("speed_of_answer", "s", "mean wait of answered callers", "sum of their waits / answered"),
            Column("longest_wait", "s", "the longest stay, however it ended"),
        ),
        "A stay begins when the caller enters the queue and ends when somebody takes the call, the caller hangs up or "
        "the call goes elsewhere; in time = waited at most what the target of the queue in the rules says, else 20 s. "
        "offered = answered + abandoned + overflowed + interrupted. Name the definition whenever you quote a service "
        "level: the three differ.",
        query,
        by=BY,
        chart="of_offered",
        calls=calls_of(entries()),
        edges=(
            "A caller answered after exactly the time promised was answered in time.",
            "Also a row of several queues counts each by its own target. A target is met over the whole period or not.",
            "With --threshold all queues are counted by it, and no target is shown.",
            "A call that overflows from one queue into another is offered in both, and answered in one at most.",
            "A call counts where it began, also one that waits over midnight, over a change of the clock, or over the "
            "end of the period.",
            "Queues without a caller have no row; where nobody was answered, the mean wait is empty, not 0.",
            "What our own phones call, and test calls, are not counted.",
        ),
        example="Of 5 callers, 1 is answered after 20 s and 1 after 40 s, 1 hangs up after 5 s: of offered "
        "100 * 1 / 5 = 20, of offered but short 100 * 1 / (5 - 1) = 25, of answered 100 * 1 / 2 = 50; abandonment "
        "100 * 1 / 5 = 20; speed of answer (20 + 40) / 2 = 30. A target of 80 % within 20 s was not met.",
    )
)
