"""At the begin of a shift: until when somebody is on call, and whether they confirm it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

from clinicpbx.core.callflow.asking import Asking, ask, ask_again, listen, playback_over
from clinicpbx.core.callflow.clock_media import clock_media
from clinicpbx.core.callflow.step import STEPS, Leave, Result, Scene, Stay
from clinicpbx.core.commands import Media
from clinicpbx.core.events import (
    Adopted,
    DeadlineReached,
    DtmfReceived,
    Event,
    HungUp,
    Paged,
    PageTold,
)
from clinicpbx.core.oncall.commands import AcceptPage, TellPage

PATIENCE = timedelta(seconds=8)
ANSWERS = timedelta(seconds=10)
TRIES = 2
CONFIRMING, ENDING = "1", "."  # what Asking.keys holds once a key was pressed, and while the last words are said


@STEPS.register("handover")
@dataclass(frozen=True, slots=True)
class Handover:
    summary: ClassVar[str] = "asks whoever comes on call to confirm it with a key"

    def outcomes(self) -> frozenset[str]:
        return frozenset({"done"})

    def prompts(self) -> frozenset[str]:
        return frozenset({"handover-until", "handover-confirm", "handover-confirmed", "page-declined", "page-taken"})

    def enter(self, scene: Scene, at: datetime) -> Result:
        if scene.paged is None:
            return Leave("done", why="nobody was paged")
        return ask(scene, _question(scene, scene.paged, at), at)

    def handle(self, scene: Scene, state: Asking, event: Event) -> Result:
        paged = scene.paged
        assert paged is not None
        if state.keys == ENDING:
            over = isinstance(event, DeadlineReached) or playback_over(event, state.playback)
            return Leave("done") if over else Stay(state)
        if isinstance(event, PageTold):
            return _say(scene, state, "handover-confirmed" if event.accepted else "page-taken", event.at)
        if state.keys == CONFIRMING:
            return _confirming(paged, state, event)
        match event:
            case DtmfReceived(digit="1"):
                confirming = replace(state, keys=CONFIRMING, playing=False, deadline=event.at + ANSWERS)
                return Stay(confirming, (*state.hush(), AcceptPage(paged.page, paged.person)))
            case DtmfReceived(digit="2"):
                declined = _say(scene, state, "page-declined", event.at)
                return replace(declined, do=(TellPage(paged.page, "declined", paged.person), *declined.do))
            case DeadlineReached() if state.tries >= TRIES:
                return Leave("done", (TellPage(paged.page, "silent", paged.person, "no key"),), "no key")
            case DeadlineReached():
                return ask_again(scene, state, _question(scene, paged, event.at), event.at)
        return listen(scene, state, event, _question(scene, paged, event.at), PATIENCE)


def _confirming(paged: Paged, state: Asking, event: Event) -> Result:
    """The key was pressed: it counts, whatever happens on the line."""
    accept = AcceptPage(paged.page, paged.person)
    match event:
        case DeadlineReached() | Adopted():
            return Stay(replace(state, deadline=event.at + ANSWERS), (accept,))
        case HungUp():
            return Stay(state, (accept,))
    return Stay(state)


def _question(scene: Scene, paged: Paged, at: datetime) -> tuple[Media, ...]:
    """Until when, in the rota's own clock."""
    said: tuple[Media, ...] = ("prompt:handover-until",)
    rota = scene.book.rotas.get(paged.rota)
    if paged.until is not None and rota is not None:
        said = (*said, *clock_media(paged.until, at, rota.zone))
    return (*said, "prompt:handover-confirm")


def _say(scene: Scene, state: Asking, prompt: str, at: datetime) -> Stay:
    said = ask_again(scene, state, (f"prompt:{prompt}",), at)
    return replace(said, state=replace(said.state, keys=ENDING))  # type: ignore[type-var]
