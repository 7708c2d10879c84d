"""The rules: check with the proof, render, memory, explain; apply and rollback on a live Asterisk."""

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.support.clinic import OURS, RULES
from benchmarks.support.group import group
from benchmarks.support.load import call
from clinicpbx.adapters.vault.keyring import make_root_key
from clinicpbx.daemon.control_client import ask_daemon
from clinicpbx.errors import NotReachable
from tests.support.bed import Bed, running_bed

HARBOR = Path(__file__).parents[1] / "examples" / "harbor" / "clinic.yaml"
COMMAND = Path(sys.executable).with_name("clinicpbx")
BARS = {
    "harbor_check_s": 2.0,
    "group_check_s": 20.0,
    "group_render_s": 10.0,
    "group_memory_mb": 500.0,
    "explain_s": 0.3,
    "apply_to_next_call_s": 1.0,
    "rollback_s": 1.0,
}
ARRIVED = "SELECT count(*) FROM fact WHERE kind = 'arrived' AND json_extract(body, '$.version') = ?"
CHILD = """
import json, resource, sys, time
from datetime import UTC, datetime
from pathlib import Path
from jinja2 import FileSystemLoader
from clinicpbx.rules.compile import read_rules
from clinicpbx.rules.render import Place, render
from clinicpbx.shipped import shipped
today, began = datetime.now(UTC).date(), time.perf_counter()
rules = read_rules(Path(sys.argv[1]), today, "1")
checked = time.perf_counter()
secrets = dict.fromkeys(rules.document.phones, "secret")
files = render(rules, Place(Path("/x"), "1", today, secrets), FileSystemLoader(shipped("dialplan_templates")))
rendered = time.perf_counter()
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([checked - began, rendered - checked, memory]))
"""


@dataclass(frozen=True, slots=True)
class Figure:
    """Medians in seconds, or MB; *held*: not above its bar."""

    name: str
    value: float
    runs: int

    @property
    def held(self) -> bool:
        return self.value <= BARS[self.name]


def timed(work: Callable[[], object]) -> float:
    """How long *work* takes, in seconds."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def clinicpbx(*words: str) -> None:
    """One cold command; bytecode is cached as in an installation."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([COMMAND, *words], check=True, capture_output=True, env=env)


def cold(runs: int) -> Iterator[Figure]:
    check = ("rules", "check", str(HARBOR))
    explain = ("rules", "explain", "--file", str(HARBOR), "--dial", "+12075550100", "--press", "1,1")
    for name, words in (("harbor_check_s", check), ("explain_s", explain)):
        clinicpbx(*words)
        yield Figure(name, median(timed(lambda words=words: clinicpbx(*words)) for _ in range(runs)), runs)


def large(folder: Path, runs: int) -> Iterator[Figure]:
    """100 sites, 2,000 phones, 300 queues, 500 flows, each run in a process of its own."""
    file = folder / "group.yaml"
    file.write_text(group())
    found = []
    for _ in range(runs):
        done = subprocess.run([sys.executable, "-c", CHILD, file], check=True, capture_output=True, text=True)
        found.append(json.loads(done.stdout))
    for name, values in zip(
        ("group_check_s", "group_render_s", "group_memory_mb"), zip(*found, strict=True), strict=True
    ):
        yield Figure(name, median(values), runs)


def live(folder: Path, runs: int) -> Iterator[Figure]:
    """From the end of `rules apply` until a real call is under the new version; and `rules rollback` as a whole."""
    with running_bed(folder / "home") as bed, _daemon(bed) as callers:
        applied, rolled = [], []
        for n in range(runs):
            bed.apply(_rules(callers, f"Number {n}"))
            applied.append(_next_call(bed, callers))
            rolled.append(timed(lambda: bed.clinicpbx("rules", "rollback")))
    yield Figure("apply_to_next_call_s", median(applied), runs)
    yield Figure("rollback_s", median(rolled), runs)


@contextmanager
def _daemon(bed: Bed) -> Iterator[str]:
    callers = bed.address()
    make_root_key(bed.instance)
    for name in ("First", "Second"):
        bed.apply(_rules(callers, name))
    bed.run("daemon")
    until = time.monotonic() + 20
    while True:
        try:
            if ask_daemon(bed.instance, {"do": "status"})["healthy"]:
                break
        except NotReachable:
            pass
        if time.monotonic() > until:
            raise NotReachable("the daemon does not get ready", where=bed.logs())
        time.sleep(0.1)
    time.sleep(1.2)  # a heartbeat of the daemon
    yield callers


def _rules(trunk: str, name: str) -> str:
    phones = '  "201": {name: Desk, location: desk, mailbox: desk}'
    text = RULES.format(trunk=trunk, did=OURS, phones=phones, agents="  ana: {name: Ana, phone: 201, queues: [desk]}")
    waiting = "desk: {enqueue: {queue: desk, limit: 60s}, next: {overflow: bye, unstaffed: bye}}"
    assert waiting in text
    text = text.replace(waiting, "desk: {voicemail: {mailbox: desk}, next: {done: bye, empty: bye}}")
    return text.replace("name: Bench", f"name: {name}")


def _next_call(bed: Bed, callers: str) -> float:
    """Seconds until a new call is under the version in force."""
    version, began = bed.instance.current.readlink().name, time.perf_counter()
    caller = threading.Thread(target=call, args=(bed.sip, OURS, callers, bed.instance.log, 1, 20.0))
    caller.start()
    try:
        with closing(sqlite3.connect(f"file:{bed.instance.journal}?mode=ro", uri=True)) as journal:
            while not journal.execute(ARRIVED, (version,)).fetchone()[0]:
                if time.perf_counter() > began + 20:
                    raise NotReachable("no call came", where=bed.logs())
                time.sleep(0.005)
        return time.perf_counter() - began
    finally:
        bed.rx("channel request hangup all")
        caller.join()


def main() -> int:
    """1 where a bar is missed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", action="store_true", help="Print the JSON line only.")
    options.add_argument("--runs", type=int, default=3, help="Runs of each; medians are told.")
    options.add_argument("--quick", action="store_true", help="Without Asterisk, once.")
    chosen = options.parse_args()
    runs = 1 if chosen.quick else chosen.runs
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="clinicpbx-bench-") as name:
        folder = Path(name)
        parts = [cold(2 * runs - 1), large(folder, runs), *([] if chosen.quick else [live(folder, runs)])]
        for part in parts:
            for figure in part:
                figures.append(figure)
                if not chosen.json:
                    held = "held" if figure.held else "MISSED"
                    print(f"{figure.name:22} {figure.value:8.2f}  bar {BARS[figure.name]:6g}  {held}", flush=True)
    passed = all(figure.held for figure in figures)
    values = {figure.name: round(figure.value, 3) for figure in figures}
    held = {figure.name: figure.held for figure in figures}
    print(json.dumps({"benchmark": "rules", "runs": runs, **values, "bars": held, "passed": passed}))
    return 0 if passed else 1


if __name__ == "__main__":
    raise SystemExit(main())
