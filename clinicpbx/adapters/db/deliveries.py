"""The outbox's deliveries: written for the targets of the rules, claimed by one notifier at a time, settled, listed."""

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from clinicpbx.adapters.db.once import add
from clinicpbx.adapters.db.outbox import delivery, new_id, notice
from clinicpbx.core.notify.daily import figures_of
from clinicpbx.core.notify.letter import Notice

WAITING, SENT, FAILED, DROPPED = "waiting", "sent", "failed", "dropped"
"""`failed`: given up, a person has to see to it; `dropped`: the rules no longer name the target."""
STATES = (WAITING, SENT, FAILED, DROPPED)
Told = Callable[[str, Collection[str]], Iterable[str]]
LEASE = timedelta(minutes=5)
"""How long a claimed delivery is nobody else's: longer than any try takes."""
KEPT = timedelta(days=32)
"""Longer than from one edition of a monthly report to the next."""
MOST_ROUTED = 200


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that is ours to try; *tries* counts this one."""

    notice: Notice
    target: str
    tries: int
    since: datetime


async def route(connection: AsyncConnection, told: Told, now: datetime) -> int:
    """Writes a delivery for each target that *told* gives for a notice's kind and the names in the `to` of its detail;
    how many notices were looked at."""
    fresh = select(notice.c.id, notice.c.kind, notice.c.detail).where(notice.c.routed.is_(False)).order_by(notice.c.at)
    found = (await connection.execute(fresh.limit(MOST_ROUTED).with_for_update(skip_locked=True))).all()
    state = {"state": WAITING, "tries": 0, "since": now, "due": now}
    rows = [
        {"id": new_id(), "notice": each.id, "target": name, **state}
        for each in found
        for name in told(each.kind, _named(each.detail))
    ]
    await add(connection, delivery, rows)
    if found:
        ids = [each.id for each in found]
        await connection.execute(update(notice).where(notice.c.id.in_(ids)).values(routed=True))
    return len(found)


def _named(detail: str) -> list[str]:
    found = json.loads(detail).get("to") if detail else None
    return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []


async def announced(connection: AsyncConnection, kind: str, about: str) -> bool:
    """Whether anybody was to be told of that already, within KEPT."""
    found = select(notice.c.id).where(notice.c.kind == kind, notice.c.about == about)
    return (await connection.execute(found)).first() is not None


async def due_targets(connection: AsyncConnection, now: datetime) -> Sequence[str]:
    """The targets for which something is due."""
    due = select(delivery.c.target).where(delivery.c.state == WAITING, delivery.c.due <= now).distinct()
    return (await connection.execute(due)).scalars().all()


async def claim(connection: AsyncConnection, target: str, now: datetime) -> Claim | None:
    """The delivery for *target* that is due the longest, ours for LEASE; None where none is due."""
    ready = (delivery.c.target == target, delivery.c.state == WAITING, delivery.c.due <= now)
    first = select(delivery.c.id).where(*ready).order_by(delivery.c.due, delivery.c.id).limit(1)
    taken = (
        update(delivery)
        .where(delivery.c.id == first.with_for_update(skip_locked=True).scalar_subquery(), *ready)
        .values(due=now + LEASE, tries=delivery.c.tries + 1)
        .returning(delivery.c.id, delivery.c.notice, delivery.c.tries, delivery.c.since)
    )
    ours = (await connection.execute(taken)).one_or_none()
    if ours is None:
        return None
    told = (await connection.execute(select(notice).where(notice.c.id == ours.notice))).one()
    figures = figures_of(told.kind, json.loads(told.detail or "{}"))
    return Claim(Notice(ours.id, told.kind, told.about, told.at, figures), target, ours.tries, ours.since)


async def settle(connection: AsyncConnection, claim: Claim, state: str, due: datetime, answer: str) -> None:
    """What came of a try. One that was sent stays sent; any other end counts only while nobody else has claimed it."""
    done = update(delivery).where(delivery.c.id == claim.notice.id, delivery.c.state != SENT)
    if state != SENT:
        done = done.where(delivery.c.tries == claim.tries)
    await connection.execute(done.values(state=state, due=due, answer=answer))


async def try_again(connection: AsyncConnection, ids: Collection[str], now: datetime) -> int:
    """Has the failed ones of *ids* tried from the beginning; how many. Without *ids*: all that failed."""
    again = update(delivery).where(delivery.c.state == FAILED)
    if ids:
        again = again.where(delivery.c.id.in_(ids))
    return int((await connection.execute(again.values(state=WAITING, tries=0, since=now, due=now))).rowcount)


async def forget(connection: AsyncConnection, now: datetime) -> None:
    """Deletes notices older than KEPT for which nothing waits."""
    waits = exists().where(delivery.c.notice == notice.c.id, delivery.c.state == WAITING)
    await connection.execute(delete(notice).where(notice.c.at < now - KEPT, notice.c.routed.is_(True), ~waits))


async def counts(connection: AsyncConnection) -> dict[str, int]:
    """How many deliveries are in each state."""
    found = await connection.execute(select(delivery.c.state, func.count().label("many")).group_by(delivery.c.state))
    return {**dict.fromkeys(STATES, 0), **{row.state: row.many for row in found}}


async def oldest(connection: AsyncConnection) -> datetime | None:
    """When the oldest delivery that waits, or notice that no notifier has seen, happened."""
    waits = exists().where(delivery.c.notice == notice.c.id, delivery.c.state == WAITING)
    first = select(func.min(notice.c.at)).where(notice.c.routed.is_(False) | waits)
    found: datetime | None = (await connection.execute(first)).scalar()
    return found


async def rows(connection: AsyncConnection, states: Collection[str], limit: int) -> list[dict[str, Any]]:
    """Deliveries in one of *states*, the newest notice first."""
    columns = [
        *notice.c["at", "kind", "about", "detail"],
        *delivery.c["id", "target", "state", "tries", "due", "answer"],
    ]
    found = (
        select(*columns)
        .join_from(delivery, notice)
        .where(delivery.c.state.in_(states))
        .order_by(notice.c.at.desc(), delivery.c.target)
        .limit(limit)
    )
    return [dict(row) for row in (await connection.execute(found)).mappings()]
