"""How far the estimated wait is off: days of calls in virtual time, and app_queue's own rule beside ours."""

import argparse
import heapq
import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from statistics import mean, median

from clinicpbx.core.acd.floor import Floor
from clinicpbx.core.acd.results import Result, ToCall
from clinicpbx.core.commands import JoinQueue, LeaveQueue, TakeOffer
from clinicpbx.core.events import OfferMade, PlaceTold
from clinicpbx.core.rulebook import AgentRules, QueueRules, Rulebook

START = datetime(2030, 1, 7, 8, tzinfo=UTC)
WRAP_UP = timedelta(seconds=20)


@dataclass(slots=True)
class Told:
    """What one caller was told on joining, by our rule and by app_queue's, and how long the wait was; in seconds."""

    since: datetime
    ours: float | None = None
    theirs: float = 0.0
    waited: float | None = None


class HoldTime:
    """app_queue's: the mean of the last hold times (each new one counts a quarter), whatever is ahead."""

    def __init__(self) -> None:
        self.mean = 0.0

    def saw(self, seconds: float) -> None:
        self.mean = (self.mean * 3 + seconds) / 4


class Day:
    """One queue, its agents, and callers who come, lose patience, wait and talk."""

    def __init__(self, agents: int, talk: float, random: Random) -> None:
        rules = {"desk": QueueRules("desk", wrap_up=WRAP_UP)}
        staff = {f"a{n}": AgentRules(f"a{n}", str(200 + n), {"desk": 0}) for n in range(agents)}
        self.floor = Floor(Rulebook("1", {}, queues=rules, agents=staff), START)
        self.talk, self.random = talk, random
        self.told: dict[str, Told] = {}
        self.hold = HoldTime()
        self._due: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self._tie = count()
        for agent in staff.values():
            self.floor.phone_reachable(agent.phone, True, START)
            self.floor.log_in(agent.name, START)

    def later(self, when: datetime, what: Callable[[datetime], None]) -> None:
        heapq.heappush(self._due, (when, next(self._tie), what))

    def run(self) -> None:
        while self._due:
            when, _, what = heapq.heappop(self._due)
            while (deadline := self.floor.deadline) is not None and deadline <= when:
                self._follow(self.floor.deadline_reached(deadline), deadline)
            what(when)

    def arrive(self, call: str, patience: timedelta, at: datetime) -> None:
        self.told[call] = Told(at, theirs=self.hold.mean)
        self.later(at + patience, lambda when: self._leave(call, when))
        self._follow(self.floor.perform(call, JoinQueue("desk", at), at), at)

    def _leave(self, call: str, at: datetime) -> None:
        if self.told[call].waited is None:
            self._follow(self.floor.perform(call, LeaveQueue("desk"), at), at)

    def _follow(self, results: Iterable[Result], at: datetime) -> None:
        for result in results:
            match result:
                case ToCall(call=call, event=PlaceTold(wait=wait)) if wait is not None:
                    self.told[call].ours = wait.total_seconds()
                case ToCall(call=call, event=OfferMade(phones=(phone, *_))):
                    self._answer(call, phone, at)

    def _answer(self, call: str, phone: str, at: datetime) -> None:
        told = self.told[call]
        told.waited = (at - told.since).total_seconds()
        self.hold.saw(told.waited)
        seconds = self.random.lognormvariate(math.log(self.talk) - 0.32, 0.8)  # a mean of *talk*, a long tail

        def hung_up(when: datetime) -> None:
            self._follow(self.floor.call_gone(call, when), when)
            self._follow(self.floor.phone_channels(phone, 0, when), when)

        self._follow(self.floor.phone_channels(phone, 1, at), at)
        self._follow(self.floor.perform(call, TakeOffer("desk", phone), at), at)
        self.later(at + timedelta(seconds=seconds), hung_up)


def day(agents: int, load: float, hours: int, talk: float, random: Random) -> list[Told]:
    """Callers who were told an estimate and were served; arrivals swell and ebb around *load* times the capacity."""
    made, at, n = Day(agents, talk, random), START, 0
    end = START + timedelta(hours=hours)
    while at < end:
        through = (at - START) / (end - START)
        rate = load * (1 + 0.5 * math.sin(2 * math.pi * through)) * agents / (talk + WRAP_UP.total_seconds())
        at += timedelta(seconds=random.expovariate(rate))
        patience = timedelta(seconds=random.expovariate(1 / 900))
        made.later(at, lambda when, call=f"c{n}", wait=patience: made.arrive(call, wait, when))  # type: ignore[misc]
        n += 1
    made.run()
    return [told for told in made.told.values() if told.ours is not None and told.waited is not None]


def main() -> int:
    """One row an amount of load; 1 where ours is further off than app_queue's."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", action="store_true")
    options.add_argument("--agents", type=int, default=8)
    options.add_argument("--hours", type=int, default=10)
    options.add_argument("--days", type=int, default=20)
    options.add_argument("--talk", type=float, default=180, help="Mean talk in seconds.")
    chosen = options.parse_args()
    rows = []
    for load in (0.8, 0.95, 1.1):
        random = Random(1)  # noqa: S311
        served = [
            told for _ in range(chosen.days) for told in day(chosen.agents, load, chosen.hours, chosen.talk, random)
        ]
        waits = [told.waited or 0.0 for told in served]
        ours = mean(abs((told.ours or 0.0) - wait) for told, wait in zip(served, waits, strict=True))
        theirs = mean(abs(told.theirs - wait) for told, wait in zip(served, waits, strict=True))
        rows.append(
            {
                "load": load,
                "callers": len(served),
                "median_wait_s": round(median(waits), 1),
                "mean_absolute_error_s": round(ours, 1),
                "app_queue_error_s": round(theirs, 1),
                "ratio": round(ours / theirs, 2),
            }
        )
    passed = all(row["ratio"] < 1 for row in rows)
    if not chosen.json:
        for row in rows:
            print(", ".join(f"{key} {value}" for key, value in row.items()))
    print(json.dumps({"benchmark": "estimate", **vars(chosen), "rows": rows, "passed": passed}))
    return 0 if passed else 1


if __name__ == "__main__":
    raise SystemExit(main())
