"""What a decision of the queues costs: 10,000 callers wait, 1,000 agents with 50 skills take and finish calls."""

import argparse
import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import median, quantiles
from time import perf_counter

from clinicpbx.core.acd.agent import Offered
from clinicpbx.core.acd.floor import Floor
from clinicpbx.core.acd.stages import Stage, speaks, stages
from clinicpbx.core.commands import AskPlace, JoinQueue, LeaveQueue, TakeOffer
from clinicpbx.core.rulebook import AgentRules, QueueRules, Rulebook

START = datetime(2030, 1, 7, 8, tzinfo=UTC)
BAR_MS = 1.0
LANGUAGES = ("en", "es", "fr")
DECISIONS = ("agent free", "joined")
"""The inputs that decide who is offered to whom."""


def clinic(queues: int, agents: int, strategy: str, skills: int, random: Random) -> Rulebook:
    """Each agent serves three queues, has an eighth of the skills, and speaks one or two languages."""
    names = [f"q{n}" for n in range(queues)]
    rules = {name: QueueRules(name, strategy, wrap_up=timedelta(0)) for name in names}
    staff = {}
    for n in range(agents):
        able = {f"skill{s}": random.randint(1, 3) for s in random.sample(range(skills), max(skills // 8, 0))}
        spoken = {speaks(language): 1 for language in random.sample(LANGUAGES, random.randint(1, 2))}
        serves = {names[(n + k) % queues]: k for k in range(min(3, queues))}
        staff[f"agent{n}"] = AgentRules(f"agent{n}", str(1000 + n), serves, {**able, **spoken})
    return Rulebook("1", {}, queues=rules, agents=staff)


class Trial:
    """Times every input by its kind."""

    def __init__(self, book: Rulebook, skills: int, random: Random) -> None:
        self.floor = Floor(book, START)
        self.book, self.skills, self.random = book, skills, random
        self.now = START
        self.times: dict[str, list[float]] = {}

    def time(self, kind: str, method: str, *inputs: object) -> None:
        self.now += timedelta(milliseconds=10)
        run = getattr(self.floor, method)
        begun = perf_counter()
        run(*inputs, self.now)
        self.times.setdefault(kind, []).append((perf_counter() - begun) * 1000)

    def run(self, waiting: int, rounds: int) -> None:
        random = self.random
        queues = sorted(self.book.queues)
        for agent in self.book.agents.values():
            self.floor.phone_reachable(agent.phone, True, START)
            self.floor.log_in(agent.name, START)
        for n in range(waiting + len(self.book.agents)):
            self._join(f"c{n}", random.choice(queues), n % 3)
        self.times.clear()  # lines and offers of the beginning
        agents = list(self.floor.agents.values())
        for n in range(rounds):
            agent = random.choice(agents)
            phone = agent.phone.extension
            if isinstance(agent.activity, Offered):
                call, queue = agent.activity.call, agent.activity.queue
                self.time("phone rings", "phone_channels", phone, 1)
                self.time("answered", "perform", call, TakeOffer(queue, phone))
                self.time("hung up", "call_gone", call)
                self.time("agent free", "phone_channels", phone, 0)
                self._join(f"d{n}", queue, n % 3)
            leaver = random.choice(list(self.floor.callers.values()))
            self.time("asked", "perform", leaver.call, AskPlace(leaver.queue))
            self.time("left", "perform", leaver.call, LeaveQueue(leaver.queue))
            self._join(leaver.call, leaver.queue, 0)
            self.time("timer", "deadline_reached")

    def _join(self, call: str, queue: str, priority: int) -> None:
        self.time("joined", "perform", call, JoinQueue(queue, self.now, priority, stages=self._needs()))

    def _needs(self) -> tuple[Stage, ...]:
        """One skill, relaxed after a while, and the language for an hour."""
        language, hour = self.random.choice(LANGUAGES), timedelta(hours=1)
        if not self.skills:
            return stages(language, {}, {}, hour)
        skill = f"skill{self.random.randrange(self.skills)}"
        return stages(language, {skill: self.random.randint(1, 3)}, {timedelta(minutes=30): {skill: 1}}, hour)


def found(times: Mapping[str, Sequence[float]]) -> dict[str, dict[str, float]]:
    return {
        kind: {"n": len(each), "p50_ms": round(median(each), 4), "p99_ms": round(quantiles(each, n=100)[98], 4)}
        for kind, each in sorted(times.items())
    }


def growth(curve: Mapping[int, float]) -> float:
    """The exponent by which the cost grows with those who wait: the slope of log cost over log size."""
    points = [(math.log(size), math.log(cost)) for size, cost in curve.items()]
    x, y = (sum(values) / len(points) for values in zip(*points, strict=True))
    return sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a, _ in points)


def main() -> int:
    """Prints one row a kind of input and the curve, or one JSON line; 1 where a decision is over the bar."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", action="store_true")
    options.add_argument("--waiting", type=int, default=10_000)
    options.add_argument("--agents", type=int, default=1000)
    options.add_argument("--skills", type=int, default=50)
    options.add_argument("--queues", type=int, default=5)
    options.add_argument("--strategy", default="leastrecent")
    options.add_argument("--rounds", type=int, default=3000)
    chosen = options.parse_args()
    curve: dict[int, float] = {}
    rows: dict[str, dict[str, float]] = {}
    for size in sorted({chosen.waiting // 10, chosen.waiting // 4, chosen.waiting // 2, chosen.waiting}):
        random = Random(1)  # noqa: S311
        trial = Trial(
            clinic(chosen.queues, chosen.agents, chosen.strategy, chosen.skills, random), chosen.skills, random
        )
        trial.run(size, chosen.rounds)
        rows = found(trial.times)
        curve[size] = rows["agent free"]["p50_ms"]
    grows = round(growth(curve), 2)
    held = {
        "decision": all(rows[kind]["p99_ms"] < BAR_MS for kind in DECISIONS),
        "growth": grows <= 1.1,  # n log n a whole round of n decisions: a decision may grow with log n at most
    }
    passed = all(held.values())
    if chosen.json:
        line = {"benchmark": "floor", **vars(chosen), "bar_ms": BAR_MS, "inputs": rows, "curve_ms": curve}
        print(json.dumps({**line, "growth": grows, "bars": held, "passed": passed}))
        return 0 if passed else 1
    for kind, row in rows.items():
        print(f"{kind:12} n={row['n']:6}  p50 {row['p50_ms']:.4f} ms  p99 {row['p99_ms']:.4f} ms")
    for size, cost in curve.items():
        print(f"{size:7} waiting: {cost:.4f} ms for an agent who is free")
    print(
        f"grows with waiting to the power of {grows}; "
        + ", ".join(f"{k}: {'held' if v else 'MISSED'}" for k, v in held.items())
    )
    return 0 if passed else 1


if __name__ == "__main__":
    raise SystemExit(main())
