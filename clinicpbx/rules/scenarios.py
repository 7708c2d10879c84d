"""The clinic's scenarios, run by the core that runs live calls, and judged."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from functools import cached_property
from itertools import chain
from typing import Any

from clinicpbx.core.rulebook import Rulebook
from clinicpbx.errors import Mistake
from clinicpbx.rules.compile import Rules
from clinicpbx.rules.explain import Line, flow_of, lines
from clinicpbx.rules.scenario_document import Expected, Scenario
from clinicpbx.rules.simulation import Moment, Outside, simulate


@dataclass(frozen=True)
class Ran:
    """One scenario after its call. *problems*: what was expected and what came instead; empty where all came."""

    name: str
    problems: tuple[str, ...]
    path: tuple[Line, ...]

    @property
    def went(self) -> str:
        """Where the call went: its steps, and how it ended."""
        ended = self.path[-1].what.removeprefix("the call ends: ") if self.path else "nowhere"
        return " → ".join([*dict.fromkeys(line.step for line in self.path if line.step), ended])


def run(rules: Rules, only: str = "") -> list[Ran]:
    """Every scenario whose name contains *only*, run against *rules*."""
    return [_ran(rules, name, one) for name, one in rules.document.scenarios.items() if only.lower() in name.lower()]


def failing(rules: Rules) -> list[Mistake]:
    """The scenarios that fail, as mistakes of the rules."""
    return [
        rules.places.mistake(("scenarios", ran.name), f"{problem}; the call went {ran.went}")
        for ran in run(rules)
        for problem in ran.problems
    ]


def _ran(rules: Rules, name: str, scenario: Scenario) -> Ran:
    book = rules.book
    named = isinstance(scenario.agents, tuple)
    outside = Outside(
        caller=scenario.from_ or "",
        keys=scenario.press,
        agents=frozenset(scenario.agents) if named else frozenset() if scenario.agents == "none" else None,
        busy=scenario.agents == "busy",
        answers=scenario.answers,
        says=scenario.says,
        language=scenario.language or "",
        override=scenario.override or "",
    )
    at = scenario.at.replace(tzinfo=rules.document.local).astimezone(UTC)
    moments = simulate(book, scenario.dial, at, outside)
    came = _Came(book, flow_of(book, moments), moments)
    path = tuple(lines(book, moments))
    return Ran(
        name, tuple(_problems(scenario.expect, came, scenario.language or book.language_of(scenario.dial))), path
    )


@dataclass(frozen=True)
class _Came:
    """What a simulated call met."""

    book: Rulebook
    flow: str
    moments: list[Moment]

    def all(self, kind: str, key: str) -> list[Any]:
        return [moment.detail[key] for moment in self.moments if moment.kind == kind]

    @cached_property
    def rung(self) -> list[str]:
        """Phones and outside numbers, and the agents who work there."""
        phones = [*chain(*self.all("offered", "agents")), *self.all("dialled", "target")]
        agents = [agent.name for phone in phones for agent in self.book.agents.values() if agent.usual == phone]
        return list(dict.fromkeys([*agents, *phones]))

    @cached_property
    def steps(self) -> list[str]:
        return [str(step) for step in self.all("step", "name")]

    @cached_property
    def hears(self) -> list[str]:
        nodes = self.book.flows[self.flow].nodes
        said = [self.book.overrides[name].say for name in self.all("override", "name") if self.book.overrides[name].say]
        walked = [nodes[step] for step in self.steps if step in nodes]
        # what a queue says depends on how long the caller waits
        return [*said, *chain(*(sorted(node.step.prompts()) for node in walked if node.kind != "enqueue"))]

    @property
    def menus(self) -> int:
        return self.all("step", "kind").count("menu")

    @property
    def met(self) -> Mapping[str, str]:
        """Everything with a name that the call met → what it is."""
        found = {
            "step": self.steps,
            "queue": self.all("queued", "queue"),
            "mailbox": self.all("message", "mailbox"),
            "phone": self.rung,
        }
        return {name: kind for kind, names in found.items() for name in names}


def _problems(expected: Expected, came: _Came, language: str) -> Iterator[str]:
    spoken = [*came.all("language", "language"), language]
    for what, wanted, found in (
        ("outcome", expected.outcome, came.all("ended", "outcome")),
        ("language", expected.language, spoken[:1]),
        ("queue", expected.queue, came.all("queued", "queue")),
        ("rings", expected.rings, came.rung),
        ("mailbox", expected.mailbox, came.all("message", "mailbox")),
    ):
        if wanted is not None and wanted not in found:
            yield f"expected {what} {wanted}, came {', '.join(map(str, found)) or 'none'}"
    if expected.menus is not None and came.menus > expected.menus:
        yield f"expected at most {expected.menus} menus, came {came.menus}"
    rest = iter(came.steps)
    if missed := [step for step in expected.steps if step not in rest]:
        yield f"expected the step {missed[0]} in this order, came {' → '.join(came.steps)}"
    for prompt in expected.hears:
        if prompt not in came.hears:
            yield f"expected to hear {prompt}, heard {', '.join(came.hears) or 'nothing'}"
    for name in expected.never:
        if name in came.met:
            yield f"never {name}, but the call met the {came.met[name]} {name}"
