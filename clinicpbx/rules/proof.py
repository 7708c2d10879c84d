"""What can become of a call in each situation it may see, walked over stretches of time, not minutes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from zoneinfo import ZoneInfo

from clinicpbx.core.callflow.flow import Flow, Node
from clinicpbx.core.schedule.stretches import Situation, Window
from clinicpbx.rules.simulation import ASKS

PERSON = frozenset({"enqueue", "dial", "on_call", "refer"})
SILENCE = frozenset({"timeout", "invalid"})
AT_ONCE = frozenset({"answer", "check_hours", "alert", "request", "triage", "hangup"})
"""Steps during which no time passes."""
IDLE: Mapping[str, frozenset[str] | None] = {
    "answer": None,
    "check_hours": None,
    "alert": None,
    "request": None,
    "play": None,
    "language": None,
    "menu": frozenset({"timeout"}),
    "collect_digits": frozenset({"timeout"}),
    "voicemail": frozenset({"empty"}),
    "callback": None,
    "ring_back": None,
    "call_item": None,
    "triage": None,
    "enqueue": frozenset({"unstaffed"}),
    "dial": frozenset({"busy", "failed"}),
    "on_call": None,
    "refer": None,
}
"""Outcomes (None: all) that come about while the caller does nothing and nobody is there."""


class Has(Enum):
    """What a caller has got so far."""

    NOTHING = "nothing"
    OWED = "owed"  # a person, or an answer to what was keyed in
    SETTLED = "settled"  # words to their end, a mailbox that listened, an end chosen by a key


@dataclass(frozen=True, slots=True)
class Visit:
    """A call in *step*, having got *has*, in the situation of that *number* in its window."""

    step: str
    has: Has
    number: int


Way = tuple[Visit, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What is wrong at *step*, and a counter-example: the *way* of a call through its *window*."""

    step: str
    way: Way
    window: Window

    @property
    def steps(self) -> tuple[str, ...]:
        return tuple(visit.step for number, visit in enumerate(self.way) if not number or self._went_on(number))

    def _went_on(self, number: int) -> bool:
        """False where only time passed."""
        return self.way[number].number == self.way[number - 1].number

    def told(self, zone: ZoneInfo | None) -> str:
        """`on Friday 2026-12-25 at 00:00 (clinic: holiday, Christmas Day): language → hours → bye`."""
        first, parts = self.window[0], [self.way[0].step]
        for number, visit in enumerate(self.way[1:], 1):
            if self._went_on(number):
                parts.append(visit.step)
            else:
                now = self.window[visit.number]
                parts[-1] += f" ({now.at.astimezone(zone):%H:%M} comes, {_states(now)})"
        if not first.openings:
            return f"at any time: {' → '.join(parts)}"
        crossed = self.way[-1].number > 0
        at = self.window[1].at if crossed else first.at
        return (
            f"on {at.astimezone(zone):%A %Y-%m-%d} {'just before' if crossed else 'at'} {at.astimezone(zone):%H:%M}"
            f" ({_states(first)}): {' → '.join(parts)}"
        )


@dataclass(frozen=True)
class Proof:
    """One flow and everything that the hours may be during a call. *unmanned*: queues that no agent serves."""

    flow: Flow
    windows: Sequence[Window]
    unmanned: frozenset[str] = frozenset()

    @cached_property
    def _walks(self) -> list[tuple[Window, dict[Visit, Visit | None]]]:
        return [(window, self._visits(window)) for window in self.windows]

    def reached(self) -> set[str]:
        """The steps that a call reaches at some time."""
        return {visit.step for _, visits in self._walks for visit in visits}

    def dropped(self) -> Iterator[Found]:
        """Steps after which a caller is hung up who has got nothing, or is still owed a person."""
        told: set[str] = set()
        for window, visits in self._walks:
            for visit in visits:
                for onward in self._onward(visit, window):
                    node = self.flow.nodes.get(onward.step)
                    if node and node.kind == "hangup" and onward.has is not Has.SETTLED and visit.step not in told:
                        told.add(visit.step)
                        yield Found(visit.step, (*_way(visits, visit), onward), window)

    def without_person(self) -> Iterator[Found]:
        """Menus of which no key leads to a person, before another question, at some time."""
        told: set[str] = set()
        for window, visits in self._walks:
            for visit in visits:
                node = self.flow.nodes[visit.step]
                if node.kind == "menu" and visit.step not in told and not self._asks_person(visit, window):
                    told.add(visit.step)
                    yield Found(visit.step, _way(visits, visit), window)

    def circles(self) -> Iterator[Found]:
        """Circles on which a call goes round while the caller does nothing and nobody is there."""
        told: set[str] = set()
        for window, visits in self._walks:
            for visit in visits if len(window) == 1 else ():
                circle = () if visit.step in told else self._circle(visit.step, window)
                if circle:
                    told |= set(circle)
                    way = tuple(Visit(step, Has.NOTHING, 0) for step in (*circle, circle[0]))
                    yield Found(visit.step, way, window)

    def _asks_person(self, menu: Visit, window: Window) -> bool:
        node = self.flow.nodes[menu.step]
        seen, ahead = set[str](), [step for outcome, step in node.next.items() if outcome not in SILENCE]
        while ahead:
            step = ahead.pop()
            found = self.flow.nodes.get(step)
            if found is None or step in seen or found.kind in ASKS:
                continue
            if found.kind in PERSON and getattr(found.step, "queue", "") not in self.unmanned:
                return True
            seen.add(step)
            ahead += self._targets(step, window[menu.number])
        return False

    def _circle(self, start: str, window: Window) -> tuple[str, ...]:
        """The steps of a shortest circle through *start*; empty where there is none."""
        ways: list[tuple[str, ...]] = [(start,)]
        seen = set[str]()
        for way in ways:
            kind = self.flow.nodes[way[-1]].kind
            if kind not in IDLE:
                continue
            for step in self._targets(way[-1], window[0], IDLE[kind]):
                if step == start:
                    return way
                if step not in seen and step in self.flow.nodes:
                    seen.add(step)
                    ways.append((*way, step))
        return ()

    def _visits(self, window: Window) -> dict[Visit, Visit | None]:
        """Every visit of a call in *window*, with the one before it on a shortest way."""
        first = Visit(self.flow.start, Has.NOTHING, 0)
        found: dict[Visit, Visit | None] = {first: None} if self.flow.start in self.flow.nodes else {}
        ahead = list(found)
        for visit in ahead:
            for onward in self._onward(visit, window):
                if onward not in found and onward.step in self.flow.nodes:
                    found[onward] = visit
                    ahead.append(onward)
        return found

    def _onward(self, visit: Visit, window: Window) -> Iterator[Visit]:
        node = self.flow.nodes[visit.step]
        for outcome, target in node.next.items():
            if _may(node, outcome, window[visit.number]):
                yield Visit(target, _has(node, outcome, visit.has), visit.number)
        if node.kind not in AT_ONCE and visit.number + 1 < len(window):
            yield Visit(visit.step, visit.has, visit.number + 1)

    def _targets(self, step: str, now: Situation, only: frozenset[str] | None = None) -> Iterator[str]:
        node = self.flow.nodes[step]
        for outcome, target in node.next.items():
            if _may(node, outcome, now) and (only is None or outcome in only):
                yield target


def _may(node: Node, outcome: str, now: Situation) -> bool:
    """Can *node* end with *outcome* now?"""
    name = str(getattr(node.step, "hours", ""))
    return node.kind != "check_hours" or name not in now.openings or outcome == now.state(name)


def _has(node: Node, outcome: str, before: Has) -> Has:
    """What the caller has got once *node* ends with *outcome*."""
    match node.kind:
        case "answer" | "check_hours" | "language" | "alert" | "request" | "triage":
            return before
        case "menu":
            return Has.OWED if outcome in SILENCE else Has.SETTLED
        case "play":
            return Has.OWED if before is Has.OWED else Has.SETTLED
        case "collect_digits":
            return Has.OWED
        case "callback":
            return Has.SETTLED if outcome == "done" else Has.OWED
    return Has.OWED if node.kind in PERSON else Has.SETTLED


def _way(visits: Mapping[Visit, Visit | None], last: Visit) -> Way:
    way: list[Visit] = []
    here: Visit | None = last
    while here is not None:
        way.append(here)
        here = visits[here]
    return tuple(reversed(way))


def _states(now: Situation) -> str:
    return "; ".join(f"{name}: {opening.state}, {opening.why}" for name, opening in sorted(now.openings.items()))
