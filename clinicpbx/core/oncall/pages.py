"""Pages: people on call are rung one after the other, round after round, until one of them accepts with a key.

A person is rung for one page at a time. Nothing here ends silently: a page is over once a person has said what came of
it, and a handover once its shift is.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from clinicpbx.core.commands import Hangup
from clinicpbx.core.events import PageTold
from clinicpbx.core.oncall.actions import Action, Ask, Hear, Keep, Tell
from clinicpbx.core.oncall.commands import HANDOVER, RED_FLAG, KeepPage, RingPerson
from clinicpbx.core.oncall.duty import Cover, on_duty, stint
from clinicpbx.core.oncall.page import Page, State, page_of
from clinicpbx.core.oncall.plan import handover_rules, page_rules, plan, ring_for
from clinicpbx.core.rulebook import Rulebook

SOON = timedelta(seconds=10)
"""Asterisk did not answer: asked again after so long."""
GRACE = timedelta(seconds=30)
"""A phone that rings so much longer than it should does not ring any more."""
UNREACHABLE = ("CHANUNAVAIL", "CONGESTION")
"""Ends of an attempt by one trunk that another may not share."""


@dataclass(slots=True)
class Pages:
    """Every input returns what follows. Inputs about what is not there, or not in that state, change nothing.

    *covers*: those that people made.
    """

    book: Rulebook
    covers: tuple[Cover, ...] = ()
    known: dict[str, Page] = field(default_factory=dict)
    leaving: dict[str, str] = field(default_factory=dict)  # attempts on the line whose page is over → who

    @property
    def deadline(self) -> datetime | None:
        """When `due` has something to do."""
        whens = [each.when for each in self.known.values() if each.state in (State.RINGING, State.WAITING, State.LATER)]
        ends = [each.wish.until for each in self.known.values() if each.wish.until is not None]
        return min((*whens, *ends), default=None)

    def standing(self) -> tuple[Cover, ...]:
        """Who is on call instead of what the rotas say: as people said first, then for shifts nobody confirmed."""
        missed = (each.cover for each in self.known.values())
        return (*self.covers, *(cover for cover in missed if cover is not None))

    # ------------------------------------------------------------------ beginning, and after a start

    def keep(self, wish: KeepPage, at: datetime) -> list[Action]:
        """A new page; one that is known already, or another about the same message, stays as it is."""
        heard = ((each.wish.mailbox, each.wish.message) for each in self.known.values() if each.wish.message)
        if wish.page in self.known or (wish.mailbox, wish.message) in heard:
            return []
        page = Page(wish, State.LATER, at)
        return [*self._put(page), Tell(page, "begun", "", f"{wish.kind} for {wish.rota}"), *self._go(page, 0, at)]

    def restore(self, kept: Iterable[Page], live: Collection[str], at: datetime) -> list[Action]:
        """After a start, with the *live* calls: whoever is no longer on the line has not accepted by that."""
        self.known |= {each.id: each for each in kept}
        lost = [each for each in self.known.values() if each.on_line and each.attempt not in live]
        return [action for each in lost for action in self.ended(each.attempt, at)]

    def seen(self, channels: Collection[str], at: datetime) -> list[Action]:
        """Asterisk told what is alive: a phone that should ring, and does not, is rung anew."""
        lost = [each for each in self.known.values() if each.state is State.RINGING and each.attempt not in channels]
        return [action for each in lost for action in self._ring(each, at)]

    def shifts(self, at: datetime) -> list[Action]:
        """Shifts that begin, or have begun and were never handed over."""
        actions = list[Action]()
        for name in self.book.handovers:
            wish = self._handover(name, at)
            if wish is not None and wish.page not in self.known:
                before = [one for one in self.known.values() if one.handover and one.wish.rota == name]
                actions += [action for one in before for action in self._done(one, "", "another shift", at)]
                actions += self.keep(wish, at)
        return actions

    def _handover(self, name: str, at: datetime) -> KeepPage | None:
        rota, ahead = self.book.rotas.get(name), self.book.handovers[name].ahead
        shift = stint(rota, at + ahead) if rota is not None else None
        if rota is None or shift is None:
            return None
        duty = on_duty(name, rota, self.covers, max(shift.start, at)) or shift
        page = f"handover-{name}-{shift.start:%Y%m%dT%H%M}"
        return KeepPage(page, HANDOVER, name, shift.start, who=duty.who, backup=duty.backup, until=shift.end)

    # ------------------------------------------------------------------ what becomes of an attempt

    def awaits(self, attempt: str) -> bool:
        """Whether whoever answers *attempt* is to be asked."""
        return self._ringing(attempt) is not None

    def answered(self, attempt: str, at: datetime) -> tuple[Page | None, list[Action]]:
        """The page, or None where nobody is to be asked by this attempt any more."""
        page = self._ringing(attempt)
        if page is None:
            return None, []
        live = replace(page, state=State.LIVE, when=at, on_line=True)
        return live, [*self._put(live), Tell(live, "answered", live.rung)]

    def not_taken(self, attempt: str, status: str, at: datetime) -> list[Action]:
        """Nobody answered *attempt*. *status*: as of Dial."""
        page = self._ringing(attempt)
        if page is None:
            return []
        told = Tell(page, "not answered", page.rung, status.lower())
        number = self.book.providers[page.rung].away if page.rung in self.book.providers else ""
        if status in UNREACHABLE and number.startswith("+") and page.trunk + 1 < len(self.book.trunks):
            return [told, *self._ring(replace(page, trunk=page.trunk + 1), at)]
        return [told, *self._next(page, at), *self._freed(at)]

    def postpone(self, attempt: str, at: datetime) -> list[Action]:
        """Asterisk could not be asked to ring: nobody has missed anything."""
        page = self._ringing(attempt)
        if page is None:
            return []
        later = replace(page, state=State.LATER, when=at + SOON)
        return [*self._put(later), Tell(page, "postponed", page.rung), *self._freed(at)]

    def accept(self, name: str, who: str, at: datetime) -> tuple[bool, list[Action]]:
        """Whether the page called *name* is *who*'s now; of two who accept it, the first has it."""
        page = self.known.get(name)
        if page is None or (page.state is State.ACCEPTED and not page.handover):
            return page is not None and page.owner == who, []
        if page.owner == who:
            return True, []
        taken = replace(page, state=State.ACCEPTED, when=at, owner=who)
        if page.handover:
            taken = replace(taken, promoted=page.promoted and who != page.wish.who)
        actions = [*self._off(page, who, at), *self._put(taken), Tell(taken, "accepted", who)]
        return True, [*actions, *self._freed(at)]

    def told(self, name: str, event: str, who: str, result: str) -> list[Action]:
        """A line for the timeline."""
        page = self.known.get(name)
        return [Tell(page, event, who, result)] if page is not None else []

    def ended(self, attempt: str, at: datetime) -> list[Action]:
        """Who was on the line by *attempt* is not any more."""
        if self.leaving.pop(attempt, ""):
            return self._freed(at)
        page = self.known.get(page_of(attempt))
        if page is None or page.attempt != attempt or not page.on_line:
            return []
        gone, told = replace(page, on_line=False), Tell(page, "hung up", page.rung)
        if page.state is State.LIVE:
            return [told, *self._next(gone, at), *self._freed(at)]
        if page.wish.kind == RED_FLAG and page.owner == page.rung:  # nobody knows yet how the patient is
            later = replace(gone, state=State.LATER, when=at + page_rules(page, self.book).again, turn=0, owner="")
            without = Tell(page, "no outcome", page.rung)
            return [told, without, *self._put(later), *self._freed(at)]
        return [told, *self._put(gone), *self._freed(at)]

    def close(self, name: str, who: str, outcome: str, at: datetime) -> list[Action]:
        """*who* says what came of it; KeyError where there is none such."""
        page = self.known[name]
        return [*self._done(page, who, outcome, at), *self._freed(at)]

    # ------------------------------------------------------------------ time

    def due(self, at: datetime) -> list[Action]:
        """What waited until now goes on, and shifts that are over are."""
        actions = list[Action]()
        for name in list(self.known):
            if (page := self.known.get(name)) is None:
                continue
            if page.wish.until is not None and page.wish.until <= at:
                actions += self._done(page, "", "the shift is over", at)
            elif page.state is State.LATER and page.when <= at:
                actions += self._ring(page, at)
            elif page.state is State.RINGING and page.when <= at:
                actions += [Ask(page.attempt, Hangup()), *self.not_taken(page.attempt, "NOANSWER", at)]
            elif page.state is State.WAITING and page.when <= at:
                actions += [Tell(page, "engaged", page.rung), *self._next(page, at)]
        return actions

    # ------------------------------------------------------------------ whose turn it is

    def _ring(self, page: Page, at: datetime) -> list[Action]:
        """Ring whose turn it is now, by the rules and the rota of now."""
        turns = plan(page, self.book, self.standing(), at)
        if page.turn >= len(turns):
            return self._unanswered(page, at)
        who, ring = turns[page.turn].who, ring_for(page, self.book)
        others = (other.engages for other in self.known.values() if other.id != page.id)
        if who in (*others, *self.leaving.values()):
            first = page.state is not State.WAITING or page.rung != who
            return self._put(replace(page, state=State.WAITING, when=at + ring, rung=who)) if first else []
        number = self.book.providers[who].away
        trunk = self.book.trunks[page.trunk] if number.startswith("+") and page.trunk < len(self.book.trunks) else ""
        rung = replace(page, state=State.RINGING, when=at + ring + GRACE, made=page.made + 1, rung=who)
        command = RingPerson(rung.attempt, number, trunk, int(ring.total_seconds()), self.book.number)
        by = f"by {trunk}" if trunk else ""
        return [*self._put(rung), Tell(rung, "rung", who, by), Ask(rung.attempt, command)]

    def _next(self, page: Page, at: datetime) -> list[Action]:
        return self._go(page, page.turn + 1, at)

    def _go(self, page: Page, turn: int, at: datetime) -> list[Action]:
        """It is the turn of whoever is at *turn* of the plan, after the pause."""
        turns = plan(page, self.book, self.standing(), at)
        page = replace(page, turn=turn, trunk=0)
        missed = list[Action]()
        if page.handover and page.wish.backup and not page.promoted and turn == handover_rules(page, self.book).tries:
            page = replace(page, promoted=True, told=page.told + 1)
            missed = [Tell(page, "promoted", page.wish.backup), Tell(page, "told", "")]
        if turn < len(turns) and turns[turn].pause:
            return [*missed, *self._put(replace(page, state=State.LATER, when=at + turns[turn].pause))]
        return [*missed, *self._ring(page, at)]

    def _unanswered(self, page: Page, at: datetime) -> list[Action]:
        """Everybody was rung as often as may be: people are told, and all are rung again later."""
        again = page_rules(page, self.book).again
        later = replace(page, state=State.LATER, when=at + again, turn=0, trunk=0, told=page.told + 1)
        return [*self._put(later), Tell(later, "unanswered", ""), Tell(later, "told", "")]

    def _freed(self, at: datetime) -> list[Action]:
        """Somebody is not rung any more: perhaps another page waits for them."""
        waiting = sorted(
            (each for each in self.known.values() if each.state is State.WAITING),
            key=lambda each: (each.wish.kind != RED_FLAG, each.wish.since),
        )
        return [action for each in waiting for action in self._ring(each, at)]

    def _off(self, page: Page, who: str, at: datetime) -> Iterator[Action]:
        """Whoever is rung for it, or on the line without being *who*, has nothing to do with it any more."""
        if page.state is State.RINGING:
            yield Ask(page.attempt, Hangup())
        elif page.on_line and page.rung != who:
            yield Hear(page.attempt, PageTold(at=at, accepted=False))

    def _done(self, page: Page, who: str, outcome: str, at: datetime) -> list[Action]:
        done = replace(page, state=State.DONE, when=at, owner=who or page.owner, outcome=outcome)
        return [*self._off(page, who, at), *self._put(done), Tell(done, "closed", who, outcome)]

    def _ringing(self, attempt: str) -> Page | None:
        page = self.known.get(page_of(attempt))
        return page if page is not None and page.state is State.RINGING and page.attempt == attempt else None

    def _put(self, page: Page) -> list[Action]:
        self.known[page.id] = page
        if page.state is State.DONE:
            del self.known[page.id]
            self.leaving |= {page.attempt: page.rung} if page.on_line else {}
        return [Keep(page)]
