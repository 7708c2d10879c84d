"""The same calls through app_queue and through ClinicPBX, on one Asterisk: latency, CPU, failures."""

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from benchmarks.support.clinic import OURS, THEIRS, open_clinic, staff
from benchmarks.support.load import Calls, agents, call, cpu, latencies, wire
from clinicpbx.errors import NotReachable
from tests.support.bed import Bed, running_bed

DESIGNS = {"app_queue": THEIRS, "clinicpbx": OURS}


@dataclass(frozen=True, slots=True)
class Run:
    """One design under one load; latency in ms from the caller's INVITE to the agent's, CPU in ms a call."""

    design: str
    calls: int
    failed: int
    p50: float
    p99: float
    asterisk: float
    python: float

    @property
    def cpu(self) -> float:
        return self.asterisk + self.python


class Trial:
    """A bed with both queues. The daemon runs only while its own calls do, so that app_queue does not pay for it."""

    def __init__(self, bed: Bed, staff_size: int) -> None:
        self.bed = bed
        self.size = staff_size
        self.callers, self.desks = bed.address(), bed.address()
        self.log = bed.instance.log
        open_clinic(bed, staff_size, self.callers, self.desks)

    def run(self, design: str, rate: float, seconds: float) -> Run:
        """*seconds* of calls at *rate* a second, measured from before the first until after the last."""
        with agents(self.desks, self.log), self.daemon(design) as daemon:
            capture = self.log / "calls.pcapng"
            asterisk = self.bed.programs["asterisk"].process.pid
            with wire(capture, self.bed.settings.bind):
                before = cpu(asterisk), cpu(daemon) if daemon else 0.0
                calls = call(self.bed.sip, DESIGNS[design], self.callers, self.log, int(rate * seconds), rate)
                time.sleep(0.5)
                spent = cpu(asterisk) - before[0], (cpu(daemon) if daemon else 0.0) - before[1]
            return _measured(design, calls, latencies(capture, self.callers, self.desks), *spent)

    @contextmanager
    def daemon(self, design: str) -> Iterator[int]:
        """The daemon's pid, with every agent free; 0 for app_queue."""
        if design == "app_queue":
            yield 0
            return
        program = self.bed.run("daemon")
        try:
            until = time.monotonic() + 20
            while not self._staffed():
                if time.monotonic() > until or not program.alive:
                    raise NotReachable("the daemon does not get ready", where=self.bed.logs())
                time.sleep(0.1)
            time.sleep(1.2)  # a heartbeat of the daemon
            yield program.process.pid
        finally:
            program.stop()

    def _staffed(self) -> bool:
        try:
            return staff(self.bed) == self.size
        except NotReachable:
            return False


def _measured(design: str, calls: Calls, times: Sequence[float], asterisk: float, python: float) -> Run:
    """A caller whom no agent was rung for counts as failed, whatever sipp says."""
    failed = max(calls.failed, calls.made - len(times))
    p50 = median(times) if times else float("inf")
    p99 = quantiles(times, n=100, method="inclusive")[98] if len(times) > 1 else float("inf")
    per_call = 1000 / calls.made
    rounded = (round(value, 2) for value in (p50, p99, asterisk * per_call, python * per_call))
    return Run(design, calls.made, failed, *rounded)


def summary(runs: Sequence[Run]) -> dict[str, object]:
    """Medians, each with its least and greatest value."""

    def spread(values: Sequence[float]) -> list[float]:
        return [round(median(values), 2), min(values), max(values)]

    return {
        "runs": len(runs),
        "calls": sum(run.calls for run in runs),
        "failed": sum(run.failed for run in runs),
        "p50_ms": spread([run.p50 for run in runs]),
        "p99_ms": spread([run.p99 for run in runs]),
        "asterisk_ms_a_call": spread([run.asterisk for run in runs]),
        "python_ms_a_call": spread([run.python for run in runs]),
    }


def bars(runs: Sequence[Run], margin: float) -> dict[str, bool]:
    """Medians against app_queue's times *margin*; no call may fail."""
    ours, theirs = ([run for run in runs if run.design == design] for design in ("clinicpbx", "app_queue"))
    return {
        "p99": median(run.p99 for run in ours) <= margin * median(run.p99 for run in theirs),
        "cpu": median(run.cpu for run in ours) <= margin * median(run.cpu for run in theirs),
        "none_failed": not any(run.failed for run in ours),
    }


def row(rate: float, runs: Sequence[Run], margin: float) -> dict[str, object]:
    """What is known of both designs at one *rate*, and which bars were held."""
    designs = {design: summary([run for run in runs if run.design == design]) for design in DESIGNS}
    return {"calls_a_second": rate, **designs, "bars": bars(runs, margin)}


def show(found: dict[str, object], held: dict[str, bool]) -> None:
    """A line a design, and one for the bars."""
    for design in DESIGNS:
        summed = found[design]
        assert isinstance(summed, dict)
        print(f"{design:10} {found['calls_a_second']:g} calls/s: " + ", ".join(f"{k} {v}" for k, v in summed.items()))
    print("median [least, greatest]; " + ", ".join(f"{bar}: {'held' if ok else 'MISSED'}" for bar, ok in held.items()))


def interleaved(trial: Trial, rate: float, seconds: float, runs: int, quiet: bool) -> list[Run]:
    """*runs* of each design, one after the other, the first of the two in turn."""
    order = [design for n in range(runs) for design in (list(DESIGNS) if n % 2 else list(DESIGNS)[::-1])]
    made = []
    for design in order:
        made.append(trial.run(design, rate, seconds))
        if not quiet:
            print(made[-1], flush=True)
    return made


def main() -> int:
    """The last line is JSON. 1 where a bar is missed at any rate; sipp and tshark have to be there."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", action="store_true", help="Print the JSON line only.")
    options.add_argument("--quick", action="store_true", help="20 calls/s for 5 s, once.")
    options.add_argument("--rate", type=float, nargs="+", default=[20, 50, 100], help="Calls a second.")
    options.add_argument("--seconds", type=float, default=10, help="Length of one run.")
    options.add_argument("--runs", type=int, default=3, help="Runs of each design and rate, interleaved.")
    options.add_argument("--agents", type=int, default=200)
    options.add_argument("--margin", type=float, default=1.0, help="How much worse than app_queue is still held.")
    chosen = options.parse_args()
    if chosen.quick:
        chosen.rate, chosen.seconds, chosen.runs = [20], 5, 1
    for program in ("sipp", "tshark"):
        if shutil.which(program) is None:
            raise SystemExit(f"{program} is not installed")
    with tempfile.TemporaryDirectory(prefix="clinicpbx-bench-") as folder, running_bed(Path(folder) / "home") as bed:
        trial = Trial(bed, chosen.agents)
        rows, passed = [], True
        for rate in chosen.rate:
            for design in DESIGNS:
                trial.run(design, rate, 2)  # warms up
            runs = interleaved(trial, rate, chosen.seconds, chosen.runs, chosen.json)
            rows.append(row(rate, runs, chosen.margin))
            held = bars(runs, chosen.margin)
            passed = passed and all(held.values())
            if not chosen.json:
                show(rows[-1], held)
    print(json.dumps({"benchmark": "acd", "margin": chosen.margin, "rows": rows, "passed": passed}))
    return 0 if passed else 1


if __name__ == "__main__":
    raise SystemExit(main())
