"""What can become of a call in each situation of the coming 400 days, walked over stretches of time, not minutes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

from clinicpbx.core.callflow.flow import Flow, Node
from clinicpbx.core.schedule.hours import Hours
from clinicpbx.core.schedule.stretches import Situation, situations

AHEAD = timedelta(days=400)
PERSON = frozenset({"enqueue", "dial"})
ASKS = frozenset({"menu", "language", "collect_digits"})
SILENCE = frozenset({"timeout", "invalid"})

Visit = tuple[str, bool]
"""A step, and whether the caller has got anything by then: words to their end, a mailbox that listens, a hand-over."""


@dataclass(frozen=True, slots=True)
class Way:
    """A counter-example: the *steps* of a call in *situation*."""

    situation: Situation
    steps: tuple[str, ...]
    hours: Mapping[str, Hours]

    def __str__(self) -> str:
        """`on Friday 2026-12-25 at 00:00 (clinic: holiday, Christmas Day): language → hours → bye`."""
        way = " → ".join(self.steps)
        if not self.situation.openings:
            return f"at any time: {way}"
        zone = self.hours[min(self.situation.openings)].zone
        states = "; ".join(
            f"{name}: {opening.state}, {opening.why}" for name, opening in sorted(self.situation.openings.items())
        )
        return f"on {self.situation.at.astimezone(zone):%A %Y-%m-%d at %H:%M} ({states}): {way}"


@dataclass
class Proof:
    """One flow and the hours it asks, over 400 days from *today* on. *known*: situations by the names of the hours,
    shared by the proofs of several flows under the same hours."""

    flow: Flow
    hours: Mapping[str, Hours]
    today: date
    known: dict[frozenset[str], list[Situation]] = field(default_factory=dict)
    _asked: dict[str, Hours] = field(init=False)

    def __post_init__(self) -> None:
        names = (str(getattr(n.step, "hours", "")) for n in self.flow.nodes.values() if n.kind == "check_hours")
        self._asked = {name: self.hours[name] for name in names if name in self.hours}

    @cached_property
    def situations(self) -> list[Situation]:
        """Every combination of states of the hours that the flow asks, with its first instant."""
        names = frozenset(self._asked)
        if names not in self.known:
            start = datetime.combine(self.today, time(0), self._asked[min(names)].zone if names else UTC)
            self.known[names] = situations(self._asked, start, start + AHEAD)
        return self.known[names]

    def reached(self) -> set[str]:
        """The steps that a call reaches at some time."""
        return {step for situation in self.situations for step, _ in self._visits(situation)}

    def dropped(self) -> Iterator[tuple[str, Way]]:
        """Steps after which a caller is hung up who has got nothing, each with one way there."""
        told: set[str] = set()
        for situation in self.situations:
            visits = self._visits(situation)
            for visit in visits:
                for target, got in self._onward(visit, situation):
                    node = self.flow.nodes.get(target)
                    if node and node.kind == "hangup" and not got and visit[0] not in told:
                        told.add(visit[0])
                        yield visit[0], Way(situation, (*_path(visits, visit), target), self._asked)

    def without_person(self) -> Iterator[tuple[str, Way]]:
        """Menus of which no key leads to a person, before another question, at some time; each with one way there."""
        told: set[str] = set()
        for situation in self.situations:
            visits = self._visits(situation)
            for visit in visits:
                node = self.flow.nodes[visit[0]]
                if node.kind == "menu" and visit[0] not in told and not self._asks_person(node, situation):
                    told.add(visit[0])
                    yield visit[0], Way(situation, _path(visits, visit), self._asked)

    def _asks_person(self, menu: Node, situation: Situation) -> bool:
        seen, ahead = set[str](), [step for outcome, step in menu.next.items() if outcome not in SILENCE]
        while ahead:
            step = ahead.pop()
            node = self.flow.nodes.get(step)
            if node is None or step in seen or node.kind in ASKS:
                continue
            if node.kind in PERSON:
                return True
            seen.add(step)
            ahead += (target for target, _ in self._onward((step, False), situation))
        return False

    def _visits(self, situation: Situation) -> dict[Visit, Visit | None]:
        """Every visit of a call in *situation*, with the one before it on a shortest way."""
        first: Visit = (self.flow.start, False)
        found: dict[Visit, Visit | None] = {first: None} if self.flow.start in self.flow.nodes else {}
        ahead = list(found)
        for visit in ahead:
            for onward in self._onward(visit, situation):
                if onward not in found and onward[0] in self.flow.nodes:
                    found[onward] = visit
                    ahead.append(onward)
        return found

    def _onward(self, visit: Visit, situation: Situation) -> Iterator[Visit]:
        step, got = visit
        node = self.flow.nodes[step]
        name = str(getattr(node.step, "hours", ""))
        for outcome, target in node.next.items():
            if node.kind != "check_hours" or name not in situation.openings or outcome == situation.state(name):
                yield target, _got(node, outcome, got)


def _got(node: Node, outcome: str, before: bool) -> bool:
    """Has the caller got anything once *node* ends with *outcome*?"""
    match node.kind:
        case "enqueue" | "dial" | "collect_digits":
            return False  # nobody came; digits alone are nobody's task
        case "menu":
            return outcome not in SILENCE  # who chooses the end by a key has it
        case "answer" | "check_hours" | "language":
            return before
    return True


def _path(visits: Mapping[Visit, Visit | None], last: Visit) -> tuple[str, ...]:
    steps: list[str] = []
    here: Visit | None = last
    while here is not None:
        steps.append(here[0])
        here = visits[here]
    return tuple(reversed(steps))
