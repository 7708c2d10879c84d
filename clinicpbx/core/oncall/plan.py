"""Who is rung for a page, in which order, and how long is paused before."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from clinicpbx.core.oncall.duty import Cover, on_duty
from clinicpbx.core.oncall.page import Page
from clinicpbx.core.oncall.rules import HandoverRules, PageRules
from clinicpbx.core.rulebook import Rulebook

AT_ONCE = timedelta(0)


@dataclass(frozen=True, slots=True)
class Turn:
    who: str
    pause: timedelta = AT_ONCE


def plan(page: Page, book: Rulebook, covers: Iterable[Cover], at: datetime) -> tuple[Turn, ...]:
    """Everybody in turn, by who is on call at *at*; none where nobody is and the rota has no supervisor."""
    found = _handover(page, book) if page.handover else _page(page, book, covers, at)
    return tuple(turn for turn in found if turn.who in book.providers)


def ring_for(page: Page, book: Rulebook) -> timedelta:
    """How long each is rung."""
    return (handover_rules(page, book) if page.handover else page_rules(page, book)).ring


def page_rules(page: Page, book: Rulebook) -> PageRules:
    return book.paging.get(page.wish.rota) or PageRules()


def handover_rules(page: Page, book: Rulebook) -> HandoverRules:
    return book.handovers.get(page.wish.rota) or HandoverRules()


def _page(page: Page, book: Rulebook, covers: Iterable[Cover], at: datetime) -> list[Turn]:
    rules, rota = page_rules(page, book), book.rotas.get(page.wish.rota)
    shift = on_duty(page.wish.rota, rota, covers, at) if rota is not None else None
    people = [who for who in (shift.who, shift.backup) if who] if shift is not None else []
    found = list[Turn]()
    for number in range(rules.rounds):
        last = number == rules.rounds - 1 and rules.supervisor not in ("", *people)
        this = [*people, rules.supervisor] if last else people
        found += [Turn(who, rules.pause if found and not place else AT_ONCE) for place, who in enumerate(this)]
    return found


def _handover(page: Page, book: Rulebook) -> list[Turn]:
    rules = handover_rules(page, book)
    return [
        Turn(who, rules.pause if number else AT_ONCE)
        for who in (page.wish.who, page.wish.backup)
        for number in range(rules.tries if who else 0)
    ]
