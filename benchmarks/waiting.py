"""A thousand callers wait at once, by app_queue and by ClinicPBX: what they cost, and in what order they go."""

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from threading import Thread

from benchmarks.acd import DESIGNS, Trial
from benchmarks.support.load import agents, arrivals_and_offers, call, cpu, memory, wire
from tests.support.bed import running_bed

OCCUPIED = 25  # seconds that the first calls keep every agent (sipp/agent.xml)
RATE = 100  # callers a second
LOOK = 5.0  # seconds over which the cost of waiting is measured


@dataclass(frozen=True, slots=True)
class Run:
    """*out_of_order*: callers for whom an agent was rung more than 250 ms after one for somebody who had come more than
    50 ms later. CPU in ms a second and a caller who waits, memory in kB a caller, times in s."""

    design: str
    waiting: int
    failed: int
    out_of_order: int
    asterisk_cpu: float
    python_cpu: float
    asterisk_kb: float
    python_kb: float
    drained_in: float


def run(trial: Trial, design: str, waiting: int) -> Run:
    """Every agent is taken, *waiting* callers come, and then all agents become free at once."""
    number, asterisk = DESIGNS[design], trial.bed.programs["asterisk"].process.pid
    with agents(trial.desks, trial.log), trial.daemon(design) as daemon:
        capture = trial.log / "waiting.pcapng"
        before = memory(asterisk), memory(daemon) if daemon else 0
        failed = [0]

        def come(calls: int, rate: float, prefix: str) -> Thread:
            def all_of_them() -> None:
                failed[0] += call(trial.bed.sip, number, trial.callers, trial.log, calls, rate, prefix).failed

            thread = Thread(target=all_of_them)
            thread.start()
            return thread

        with wire(capture, trial.bed.settings.bind):
            taken = come(trial.size, RATE, "1777")
            time.sleep(trial.size / RATE + 2)
            began = time.monotonic()
            come_all = come(waiting, RATE, "1555")
            time.sleep(waiting / RATE + 1)
            start = cpu(asterisk), cpu(daemon) if daemon else 0.0
            time.sleep(LOOK)
            spent = cpu(asterisk) - start[0], (cpu(daemon) if daemon else 0.0) - start[1]
            held = memory(asterisk) - before[0], (memory(daemon) if daemon else 0) - before[1]
            assert time.monotonic() - began < OCCUPIED, "the agents are free already: this machine is too slow"
            for thread in (taken, come_all):
                thread.join()
        came, rang = arrivals_and_offers(capture, trial.callers, trial.desks)
    served = sorted((at, came[name]) for name, at in rang.items() if name.startswith("1555") and name in came)
    per_caller = 1000 / waiting / LOOK
    return Run(
        design, waiting, failed[0], _out_of_order(served),
        round(spent[0] * per_caller, 3), round(spent[1] * per_caller, 3),
        round(held[0] / waiting, 1), round(held[1] / waiting, 1),
        round(served[-1][0] - served[0][0], 2) if served else float("inf"),
    )  # fmt: skip


def _out_of_order(served: Sequence[tuple[float, float]]) -> int:
    """Of callers as (rung, came), by the time of the ring: how many were overtaken."""
    latest, wrong, n = 0.0, 0, 0
    for rung, came in served:
        while served[n][0] < rung - 0.25:
            latest = max(latest, served[n][1])
            n += 1
        wrong += came < latest - 0.05
    return wrong


def main() -> int:
    """One row a design; 1 where a call failed, one was out of order, or draining took longer than app_queue's."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", action="store_true")
    options.add_argument("--waiting", type=int, default=1000)
    options.add_argument("--agents", type=int, default=50)
    options.add_argument("--runs", type=int, default=1)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="clinicpbx-bench-") as folder, running_bed(Path(folder) / "home") as bed:
        trial = Trial(bed, chosen.agents)
        runs = []
        for design in list(DESIGNS) * chosen.runs:
            runs.append(run(trial, design, chosen.waiting))
            if not chosen.json:
                print(runs[-1], flush=True)
    ours, theirs = ([each for each in runs if each.design == design] for design in ("clinicpbx", "app_queue"))
    held = {
        "none_failed": not any(each.failed for each in ours),
        "in_order": not any(each.out_of_order for each in ours),
        "drained": median(each.drained_in for each in ours) <= median(each.drained_in for each in theirs),
    }
    print(json.dumps({"benchmark": "waiting", "runs": [asdict(each) for each in runs], "bars": held}))
    return 0 if all(held.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
