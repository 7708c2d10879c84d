"""What each agent was offered, took and talked."""

from typing import Any

from sqlalchemy import Select, case, func, literal, select, union_all

from clinicpbx.adapters.db.tables import interaction, offer
from clinicpbx.reports import REPORTS
from clinicpbx.reports._report import Column, Period, Report, patients_calls, percent, seconds

BLAMELESS = ("answered", "elsewhere", "abandoned", "interrupted", "overflow")


def query(period: Period) -> Select[Any]:
    call, one = interaction.c, offer.c
    within = patients_calls(period)
    zero = literal(0)
    offered = (
        select(
            one.agent,
            literal(1).label("offers"),
            case((one.outcome == "answered", 1), else_=0).label("answered"),
            case((one.outcome.not_in(BLAMELESS), 1), else_=0).label("missed"),
            zero.label("calls"),
            zero.label("talk_ms"),
        )
        .join(interaction, call.call == one.call)
        .where(within)
    )
    talked = select(call.agent, zero, zero, zero, literal(1), call.talk_ms).where(
        within, call.agent != "", call.answered.is_not(None)
    )
    rows = union_all(offered, talked).subquery().c
    return (
        select(
            rows.agent,
            func.sum(rows.offers).label("offers"),
            func.sum(rows.answered).label("answered"),
            func.sum(rows.missed).label("missed"),
            percent(func.sum(rows.answered), func.sum(rows.answered) + func.sum(rows.missed)).label("answer_rate"),
            func.sum(rows.calls).label("calls"),
            seconds(func.sum(rows.talk_ms)).label("talk"),
            seconds(func.sum(rows.talk_ms) * 1.0 / func.nullif(func.sum(rows.calls), 0)).label("mean_talk"),
        )
        .group_by(rows.agent)
        .order_by(rows.agent)
    )


REPORTS.register("agent_activity")(
    Report(
        "Agents: offers and talk",
        (
            Column("agent"),
            Column("offers", meaning="times the phone rang for a queue"),
            Column("answered"),
            Column("missed", meaning="not answered, busy or not reachable"),
            Column("answer_rate", "%"),
            Column("calls", meaning="inbound calls this agent took first"),
            Column("talk", "s"),
            Column("mean_talk", "s"),
        ),
        "answer_rate = 100 * answered / (answered + missed): phones that stopped because another took the call or "
        "the caller hung up are neither. talk = talk of the calls the agent took first, with all after a transfer.",
        query,
    )
)
