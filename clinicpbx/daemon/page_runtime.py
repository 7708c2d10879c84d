"""Runs the pages: what they ask goes to people's phones, to the journal and to the record; one timer."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

import structlog

from clinicpbx.adapters.ari.client import Answer
from clinicpbx.adapters.ari.encode import encode_person
from clinicpbx.adapters.vault.message import Message
from clinicpbx.core.commands import Command
from clinicpbx.core.events import CallArrived, Event, Paged, PageTold, PinTold
from clinicpbx.core.oncall.actions import Action, Ask, Hear, Keep, Tell
from clinicpbx.core.oncall.commands import (
    MESSAGE,
    AcceptPage,
    CheckPin,
    ClosePage,
    EndPageCall,
    KeepPage,
    PageCommand,
    RingPerson,
    TellPage,
)
from clinicpbx.core.oncall.duty import Cover, on_duty
from clinicpbx.core.oncall.page import Page, State, page_of
from clinicpbx.core.oncall.pages import Pages
from clinicpbx.core.rulebook import Rulebook
from clinicpbx.daemon.callback_runtime import CAUSES
from clinicpbx.daemon.covers import covers
from clinicpbx.daemon.vault_client import PhoneDesk
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance
from clinicpbx.rules.flows import HANDOVER, PAGE

log = structlog.get_logger(__name__)

LOOKED = timedelta(seconds=20)
"""So often it is looked whether a shift has begun."""
UNREACHABLE = 0  # Asterisk did not answer


class Store(Protocol):
    """Remembers pages across restarts, and what came of them."""

    def keep_page(self, page: Page) -> None: ...
    def fact(self, call: str, at: datetime, kind: str, detail: Mapping[str, object]) -> None: ...


class PageRuntime:
    """Runs one Pages. *ask* has a command done once the journal is written, *deliver* gives a call an event, *request*
    goes to Asterisk."""

    def __init__(
        self,
        book: Rulebook,
        store: Store,
        ask: Callable[[str, Command, datetime], None],
        deliver: Callable[[str, Event], None],
        request: Callable[..., "asyncio.Future[Answer]"],
        clock: Callable[[], datetime],
        instance: Instance,
    ) -> None:
        self._all = Pages(book)
        self._store, self._ask, self._deliver = store, ask, deliver
        self._request, self._clock = request, clock
        self._instance, self._desk = instance, PhoneDesk(instance)
        self._timer: asyncio.TimerHandle | None = None
        self._looked: datetime | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def restore(self, kept: Iterable[Page], live: Collection[str]) -> None:
        """Once, at start. *live*: the calls of the journal."""
        self.reload_covers()
        self._do(self._all.restore(kept, live, self._clock()), self._clock())

    def seen(self, channels: Collection[str]) -> None:
        """What Asterisk said is alive."""
        self._do(self._all.seen(channels, self._clock()), self._clock())

    def rules(self, book: Rulebook) -> None:
        self._all.book = book

    def reload_covers(self) -> int:
        """Follow the file from now on: who is on call instead, as people said; how many."""
        try:
            self._all.covers = tuple(one.cover for one in covers(self._instance, self._clock()))
        except ClinicPBXError as broken:
            log.error("the covers cannot be read", reason=str(broken))
        return len(self._all.covers)

    def standing(self) -> tuple[Cover, ...]:
        """Who is on call instead of what the rotas say."""
        return self._all.standing()

    def look(self, connected: bool = True) -> None:
        """Every second: has a shift begun? Nobody can be rung while Asterisk is not *connected*."""
        at = self._clock()
        if connected and self._all.book.handovers and (self._looked is None or at - self._looked >= LOOKED):
            self._looked = at
            self._do(self._all.shifts(at), at)

    def perform(self, command: PageCommand, call: str, at: datetime) -> None:
        match command:
            case KeepPage():
                self._do(self._all.keep(command, at), at)
            case AcceptPage(page=page, who=who):
                accepted, actions = self._all.accept(page, who, at)
                self._do(actions, at)
                self._deliver(call, PageTold(at=at, accepted=accepted))
            case TellPage(page=page, event=event, who=who, result=result):
                self._do(self._all.told(page, event, who, result), at)
            case ClosePage(page=page, who=who, outcome=outcome) if page in self._all.known:
                self._do(self._all.close(page, who, outcome, at), at)
            case EndPageCall(attempt=attempt):
                self._do(self._all.ended(attempt, at), at)

    def channel_gone(self, attempt: str, cause: int, at: datetime) -> None:
        """A channel that is no call is gone: perhaps a phone that did not answer."""
        self._do(self._all.not_taken(attempt, CAUSES.get(cause, "CHANUNAVAIL"), at), at)

    def awaits(self, attempt: str) -> bool:
        """Whether *attempt* is a phone that rings for a page."""
        return self._all.awaits(attempt)

    def answered(self, attempt: str, at: datetime) -> CallArrived | None:
        """A person answered: how the call that asks them begins; None where it must not."""
        live, actions = self._all.answered(attempt, at)
        self._do(actions, at)
        if live is None:
            return None
        wish, provider = live.wish, self._all.book.providers[live.rung]
        paged = Paged(wish.page, live.rung, wish.kind, wish.rota, wish.language, wish.mailbox, wish.message, wish.until)
        return CallArrived(
            at=at,
            flow=HANDOVER if live.handover else PAGE,
            entry=live.rung,
            version=self._all.book.version,
            caller=wish.number,
            language=next(iter(provider.languages), ""),
            paged=paged,
        )

    def left_behind(self, message: Message) -> None:
        """A message that the fallback took, or a crash left: it pages like the others of its mailbox, if somebody is on
        call."""
        book, at = self._all.book, self._clock()
        steps = [node.step for flow in book.flows.values() for node in flow.nodes.values() if node.kind == "voicemail"]
        of_mailbox = (step for step in steps if getattr(step, "mailbox", "") == message.mailbox)
        rota = next((str(page) for step in of_mailbox if (page := getattr(step, "page", ""))), "")
        if rota not in book.rotas or on_duty(rota, book.rotas[rota], self.standing(), at) is None:
            return
        wish = KeepPage(
            page=f"{message.call or message.mailbox}.{message.received:%Y%m%dT%H%M%S}",
            kind=MESSAGE,
            rota=rota,
            since=message.received,
            number=message.caller,
            language=message.language,
            mailbox=message.mailbox,
            message=message.id,
        )
        self._do(self._all.keep(wish, at), at)

    # ------------------------------------------------------------------ what people say

    def accept(self, page: str, who: str) -> None:
        """*who* has it, whoever is rung; ClinicPBXError where there is none such, or another has it."""
        at = self._clock()
        found = self._need(page)
        accepted, actions = self._all.accept(page, who, at)
        self._do(actions, at)
        if not accepted:
            raise ClinicPBXError(f"{page} is {found.owner}'s already")

    def close(self, page: str, who: str, outcome: str) -> None:
        """ClinicPBXError where there is none such."""
        self._need(page)
        at = self._clock()
        self._do(self._all.close(page, who, outcome, at), at)

    def taken(self, calls: Collection[str], who: str, outcome: str = "") -> None:
        """What pages of *calls* are about is *who*'s by the inbox; with an *outcome* it is done."""
        at = self._clock()
        for page in [each for each in self._all.known.values() if not each.handover and each.call in calls]:
            self._do(self._all.accept(page.id, who, at)[1], at)
            if outcome:
                self._do(self._all.close(page.id, who, outcome, at), at)

    def confirm(self, rota: str) -> str:
        """Whoever the shift of *rota* is for confirms it after all; their name. ClinicPBXError where none has begun."""
        of = (each for each in self._all.known.values() if each.handover and each.wish.rota == rota)
        page = next(of, None)
        if page is None:
            raise ClinicPBXError(f"no shift of {rota!r} is to be confirmed", do="See `clinicpbx oncall pages`")
        self.accept(page.id, page.wish.who)
        return page.wish.who

    def _need(self, page: str) -> Page:
        found = self._all.known.get(page)
        if found is None:
            raise ClinicPBXError(f"no open page {page!r}", do="See `clinicpbx oncall pages`")
        return found

    def rows(self) -> list[dict[str, Any]]:
        """One row a page that is open, the oldest first; of the patient's number the last two digits."""
        return [_row(each) for each in sorted(self._all.known.values(), key=lambda each: each.wish.since)]

    def number(self, page: str) -> str:
        """The patient's; "" where it is not known."""
        number = self._need(page).wish.number
        return number.value if number is not None else ""

    # ------------------------------------------------------------------ effects

    def ring(self, ring: RingPerson) -> None:
        """Ring somebody; where that is refused, it was no try of theirs."""
        request = encode_person(ring)
        answer = self._request(request.method, request.uri, request.query, request.body)
        answer.add_done_callback(partial(self._rung, ring))

    def _rung(self, ring: RingPerson, answer: "asyncio.Future[Answer]") -> None:
        result, at = answer.result(), self._clock()
        if result.ok:
            return
        log.warning("a person on call could not be rung", page=page_of(ring.attempt), status=result.status)
        if result.status == UNREACHABLE:
            self._do(self._all.postpone(ring.attempt, at), at)
        else:
            self._do(self._all.not_taken(ring.attempt, "CHANUNAVAIL", at), at)

    def check_pin(self, call: str, command: CheckPin) -> None:
        """The answer comes as an event of *call*."""
        task = asyncio.get_running_loop().create_task(self._check(call, command))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _check(self, call: str, command: CheckPin) -> None:
        try:
            page = self._all.known.get(page_of(call))
            mailbox = page.wish.mailbox if page is not None else ""
            answer = await asyncio.to_thread(self._desk.person, call, command.person, mailbox, command.pin)
        except (ClinicPBXError, OSError) as error:
            log.error("a PIN cannot be checked", person=command.person, kind=type(error).__name__)
            answer = "unreadable"
        self._deliver(call, PinTold(at=self._clock(), answer=answer))

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _do(self, actions: Iterable[Action], at: datetime) -> None:
        actions = list(actions)
        for action in actions:
            match action:
                case Ask(attempt=attempt, command=command):
                    self._ask(attempt, command, at)
                case Hear(attempt=attempt, event=event):
                    self._deliver(attempt, event)
                case Keep(page=page):
                    self._store.keep_page(page)
                case Tell():
                    self._tell(action, at)
        if actions:
            self._set_timer()

    def _tell(self, told: Tell, at: datetime) -> None:
        page = told.page
        if told.event == "told":
            kind = "handover_missed" if page.handover else "page_unanswered"
            about = page.id if page.told == 1 else f"{page.id}.n{page.told}"  # each is news
            self._store.fact(page.call, at, "notify", {"kind": kind, "about": about})
            return
        detail = {"page": page.id, "event": told.event, "who": told.who, "result": told.result}
        self._store.fact(page.call, at, "page", detail)

    def _set_timer(self) -> None:
        self.stop()
        if (deadline := self._all.deadline) is not None:
            wait = max((deadline - self._clock()).total_seconds(), 0.02)
            self._timer = asyncio.get_running_loop().call_later(wait, self._due)

    def _due(self) -> None:
        at = self._clock()
        self._do(self._all.due(at), at)
        self._set_timer()


def _row(each: Page) -> dict[str, Any]:
    wish = each.wish
    digits = "".join(filter(str.isdigit, wish.number.value)) if wish.number is not None else ""
    return {
        "page": each.id,
        "kind": wish.kind,
        "rota": wish.rota,
        "state": each.state.value,
        "since": wish.since.isoformat(),
        "when": each.when.isoformat(),
        "who": each.owner or (each.rung if each.state in (State.RINGING, State.LIVE) else ""),
        "rung": each.made,
        "told": each.told,
        "mailbox": wish.mailbox,
        "message": wish.message,
        "language": wish.language,
        "number": f"…{digits[-2:]}" if digits else "",
    }
