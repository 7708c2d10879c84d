"""Somebody is on call whenever somebody has to be, and at no time two for the same."""

from collections.abc import Iterator
from datetime import UTC, datetime, time
from itertools import islice

from clinicpbx.core.schedule.oncall import Gap, Rota, Shift, gaps, overlaps
from clinicpbx.core.schedule.stretches import stretches
from clinicpbx.errors import Mistake
from clinicpbx.rules.checks import CHECKS
from clinicpbx.rules.flows import Draft
from clinicpbx.rules.places import Path, perhaps
from clinicpbx.rules.rota_document import RotaRules
from clinicpbx.rules.rotas import AHEAD

MOST_TOLD = 3


@CHECKS.register("rotas")
def rotas(draft: Draft) -> Iterator[Mistake]:
    document = draft.document
    for name, written in document.rotas.items():
        path = ("rotas", name)
        unknown = list(_unknown(draft, path, written))
        yield from unknown
        if not unknown and name in draft.rotas:
            yield from _proved(draft, path, written, draft.rotas[name])


def _unknown(draft: Draft, path: Path, written: RotaRules) -> Iterator[Mistake]:
    document = draft.document
    for option, value, known in (("site", written.site, document.sites), ("besides", written.besides, draft.hours)):
        if value is not None and value not in known:
            yield draft.mistake((*path, option), f"there is no {value!r}{perhaps(value, known)}")
    for number, shift in enumerate(written.shifts):
        for option, who in (("who", shift.who), ("backup", shift.backup)):
            if who is not None and who not in document.providers:
                near = perhaps(who, document.providers)
                yield draft.mistake((*path, "shifts", str(number), option), f"no provider is named {who!r}{near}")


def _proved(draft: Draft, path: Path, written: RotaRules, rota: Rota) -> Iterator[Mistake]:
    start = datetime.combine(draft.today, time(0), rota.zone)
    end = start + AHEAD
    weekly = list(rota.weeks(start, end))
    coming = [shift for shift in rota.calendar if shift.end > start]
    for kind, dated in ((weekly, False), (rota.single, False), (coming, True)):
        told = set[tuple[int, int]]()
        for one, two in overlaps(kind):
            if (one.number, two.number) not in told and len(told) < MOST_TOLD:
                told.add((one.number, two.number))
                first = f"{written.calendar}:{one.number}" if dated else draft.places.of(_at(path, one))
                problem = f"overlaps with the shift of {one.who} ({first}) on {_local(two.start, rota)}"
                yield draft.mistake((*path, "calendar") if dated else _at(path, two), problem)
    for missing in islice(
        gaps([*weekly, *rota.calendar, *rota.single], _needed(draft, written, start, end)), MOST_TOLD
    ):
        problem = f"nobody is on call from {_local(missing[0], rota)} to {_local(missing[1], rota)}"
        yield draft.mistake(path, problem)
    for number, rule in enumerate(written.shifts):
        if rule.backup is None:
            yield draft.warning((*path, "shifts", str(number)), "has no backup: who is asked where nobody answers?")
    if alone := [shift for shift in coming if not shift.backup]:
        problem = f"{len(alone)} shifts have no backup, the first on {_local(alone[0].start, rota)}"
        yield draft.warning((*path, "calendar"), problem)
    for shift in rota.single:
        if shift.end < start:
            yield draft.warning((*path, "shifts", str(shift.number)), "is over; remove it")


def _at(path: Path, shift: Shift) -> Path:
    return (*path, "shifts", str(shift.number))


def _needed(draft: Draft, written: RotaRules, start: datetime, end: datetime) -> Iterator[Gap]:
    """When somebody has to be on call."""
    if written.besides is None:
        yield start.astimezone(UTC), end.astimezone(UTC)
        return
    for stretch in stretches(draft.hours[written.besides], start, end):
        if stretch.opening.state != "open":
            yield stretch.start, stretch.end


def _local(at: datetime, rota: Rota) -> str:
    return f"{at.astimezone(rota.zone):%A %Y-%m-%d %H:%M}"
