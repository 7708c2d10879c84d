"""What the week leaves to do: requests without an owner or past their time, pages nobody took; rules that changed."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.audit import audit
from clinicpbx.adapters.db.calls import rows
from clinicpbx.adapters.db.inbox_tables import OPEN, item
from clinicpbx.reports._days import report_rows
from clinicpbx.reports._report import Column, Period
from clinicpbx.reports._sheet import Sheet

CHANGES = ("rules.apply", "rules.rollback", "override.on", "override.off", "queue.mode", "queue.add", "queue.remove",
           "oncall.cover", "oncall.uncover")  # fmt: skip
NOBODY = "nobody"


async def needs_owner(engine: AsyncEngine, period: Period) -> Sheet:
    """Open requests, call-backs among them, past their time or nobody's, as of now; the week's pages nobody took."""
    now = period.now or period.until
    past = item.c.due < now
    query = (
        select(
            item.c.category,
            item.c.owner,
            func.count().label("many"),
            func.sum(case((past, 1), else_=0)).label("past"),
            func.min(item.c.due).label("due"),
        )
        .where(OPEN, or_(past, item.c.owner == ""))
        .group_by(item.c.category, item.c.owner)
        .order_by(func.min(item.c.due))
    )
    found = [_request(row, period.zone) for row in await rows(engine, query)]
    for row in await report_rows(engine, "on_call", period):
        if row["pages"] > row["accepted"]:
            left = row["pages"] - row["accepted"]
            found.append({"what": "pages that nobody accepted", "open": left, "past": left, "owner": NOBODY, "due": "",
                          "look": "clinicpbx oncall pages"})  # fmt: skip
    columns = (
        *map(Column, ("what", "owner", "open")),
        Column("past", meaning="of these, past their time or given up"),
        Column("due", meaning="the first of them"),
        Column("look", meaning="the command that shows them"),
    )
    return Sheet("What needs an owner", columns, found, empty="Nothing: every request has an owner and is in time.")


def _request(row: dict[str, Any], zone: str) -> dict[str, Any]:
    due: datetime = row["due"]
    return {
        "what": f"requests, {row['category'] or 'no reason said'}",
        "owner": row["owner"] or NOBODY,
        "open": row["many"],
        "past": row["past"],
        "due": f"{due.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}",
        "look": f"clinicpbx inbox list --category {row['category']}" if row["category"] else "clinicpbx inbox list",
    }


async def rule_changes(engine: AsyncEngine, period: Period) -> Sheet:
    """What was changed in force, from the audit log."""
    since, until = (at.astimezone(UTC).isoformat(timespec="microseconds")[:26] for at in (period.since, period.until))
    query = select(*audit.c["at", "actor", "action", "object", "detail"])
    query = query.where(audit.c.at >= since, audit.c.at < until, audit.c.action.in_(CHANGES)).order_by(audit.c.seq)
    columns: Sequence[Column] = tuple(map(Column, ("at", "who", "what", "of", "why")))
    found = [_change(row, period.zone) for row in await rows(engine, query)]
    return Sheet("Rules that changed", columns, found, empty="None: the rules were the same all week.")


def _change(row: dict[str, Any], zone: str) -> dict[str, Any]:
    at = datetime.fromisoformat(row["at"])
    detail = json.loads(row["detail"] or "{}")
    shown = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(ZoneInfo(zone))
    said = {"who": row["actor"], "what": row["action"], "of": row["object"], "why": str(detail.get("why", ""))}
    return {"at": f"{shown:%Y-%m-%d %H:%M}", **said}
